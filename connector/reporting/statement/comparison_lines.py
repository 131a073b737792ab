"""Lines of what a statement is laid beside: an earlier period, a report of Stripe's, what was frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.ledger.ledger import Purse
from connector.reporting.cells import Cell, Money, decimal
from connector.reporting.statement.statement_line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.changes import PurseChange
    from connector.core.ledger.since_frozen import MovedLine, SinceFrozen
    from connector.core.ledger.stripe_reports import Compared
    from connector.core.time.periods import Period


def change_lines(account: str, changed: PurseChange) -> Iterator[Line]:
    """Yield what changed of one balance: by category, then why its fees did."""
    currency = changed.purse.currency
    for line in changed.lines:
        before, after = line.before, line.after
        cells: dict[str, Cell] = {
            "name": line.category,
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


def frozen_lines(period: Period, account: str, since: SinceFrozen) -> Iterator[Line]:
    """Yield what changed since a period was frozen, balance by balance: sums, then the rows that are behind them."""
    for purse in sorted({changed.purse for changed in (*since.lines, *since.rows)}):
        for line in since.lines:
            if line.purse == purse:
                yield Line(account, purse, "since_frozen", "moved", _moved(line))
        for row in since.rows:
            if row.purse == purse:
                currency = row.purse.currency
                cells: dict[str, Cell] = {
                    "name": row.category,
                    "id": row.id,
                    "at": period.local(row.created),
                    "state": row.kind,
                    "gross": Money(row.amount, currency),
                    "fee": Money(row.fee, currency),
                    "net": Money(row.net, currency),
                }
                yield Line(account, purse, "frozen_rows", "row", cells)


def _moved(line: MovedLine) -> dict[str, Cell]:
    currency = line.purse.currency
    if line.name in {"opening", "closing"}:
        net = Money(line.moved.net if line.known else None, currency)
        return {"name": f"{line.name} balance", "net": net}
    return {
        "name": line.name,
        "count": line.moved.count,
        "gross": Money(line.moved.gross, currency),
        "fee": Money(line.moved.fee, currency),
        "net": Money(line.moved.net, currency),
    }


def compared_line(account: str, compared: Compared) -> Line:
    """Return a line of a report beside the lake's."""
    cells: dict[str, Cell] = {
        "name": compared.name,
        "kind": compared.figure,
        "report": _side(compared, compared.report),
        "lake": _side(compared, compared.lake),
        "state": "agrees" if compared.agrees else "differs",
    }
    return Line(account, Purse("payments", compared.currency), "report", "line", cells)


def _side(compared: Compared, value: int | str | None) -> str:
    if value is None:
        return "not there" if compared.figure == "row" else "not known"
    if isinstance(value, str) or compared.figure == "count":
        return str(value)
    return decimal(value, compared.currency)
