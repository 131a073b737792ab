"""Lines of what a statement is laid beside: an earlier period, a report of Stripe's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.ledger.ledger import Purse
from connector.reporting.cells import Cell, Money, decimal
from connector.reporting.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.against import Compared
    from connector.core.ledger.changes import PurseChange


def change_lines(account: str, changed: PurseChange) -> Iterator[Line]:
    """Yield what changed of one balance: by category, then why its fees did."""
    currency = changed.purse.currency
    for one in changed.lines:
        before, after = one.before, one.after
        cells: dict[str, Cell] = {
            "name": one.category,
            "count": after.count - before.count,
            "gross": Money(after.gross - before.gross, currency),
            "fee": Money(after.fee - before.fee, currency),
            "net": Money(after.net - before.net, currency),
        }
        yield Line(account, changed.purse, "changes", "change", cells)
    if not (changed.fees_before or changed.fees_after):
        return
    figures = [("fees before", changed.fees_before, None)]
    figures += [(reason.name, reason.amount, reason.text) for reason in changed.reasons]
    figures.append(("fees now", changed.fees_after, None))
    for name, amount, note in figures:
        cells = {"name": name, "fee": Money(amount, currency), "note": note}
        yield Line(account, changed.purse, "why", name.replace(" ", "_"), cells)


def compared_line(account: str, one: Compared) -> Line:
    """Return a line of a report beside the lake's."""
    cells: dict[str, Cell] = {
        "name": one.name,
        "kind": one.figure,
        "report": _side(one, one.report),
        "lake": _side(one, one.lake),
        "state": "agrees" if one.agrees else "differs",
    }
    return Line(account, Purse("payments", one.currency), "report", "line", cells)


def _side(one: Compared, value: int | str | None) -> str:
    if value is None:
        return "not there" if one.figure == "row" else "not known"
    if isinstance(value, str) or one.figure == "count":
        return str(value)
    return decimal(value, one.currency)
