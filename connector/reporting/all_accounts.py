"""What a statement of several accounts says of all of them, before each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.ledger.together import together
from connector.reporting.cells import Money
from connector.reporting.sections import Section
from connector.reporting.statement_line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.together import PurseTogether
    from connector.reporting.cells import Cell
    from connector.reporting.facts import Statement

MOST_NAMED = 8
"""Accounts that are named because they are not final, or not as they were frozen; the others are counted."""

_COLUMNS = (
    ("name", "balance"),
    ("count", "accounts"),
    ("opening", "opening"),
    ("gross", "gross"),
    ("fee", "fees"),
    ("net", "net"),
    ("payouts", "payouts"),
    ("closing", "closing"),
    ("note", ""),
)


def in_short(statement: Statement) -> str:
    """Return in one line how many accounts are final, and how many are not as they were frozen."""
    open_ = sum(not one.final for one in statement.accounts)
    changed = sum(bool(one.since_frozen and one.since_frozen.differs) for one in statement.accounts)
    counts = [(len(statement.accounts) - open_, "final"), (open_, "NOT FINAL"), (changed, "CHANGED since frozen")]
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    return f"{counted(len(statement.accounts), 'account')}: {said}"


def exceptions(statement: Statement) -> Iterator[str]:
    """Yield why which accounts are not final, or not as they were frozen."""
    found: list[str] = []
    for one in statement.accounts:
        found += [f"{one.account} is not final: {reason}" for reason in one.reasons[:1]]
        if one.since_frozen and one.since_frozen.differs:
            found.append(f"{one.account} has changed since it was frozen")
    yield from found[:MOST_NAMED]
    if len(found) > MOST_NAMED:
        yield f"and {len(found) - MOST_NAMED:,} more, account by account below"


def all_together(statement: Statement) -> Section | None:
    """Return the balances of all accounts added up; None of a single account, or where no balance is known."""
    if len(statement.accounts) < 2:  # noqa: PLR2004 - what is added up
        return None
    lines = tuple(_line(one) for one in together(statement.accounts))
    columns = tuple(
        (name, heading) for name, heading in _COLUMNS if name != "note" or any(one.cells["note"] for one in lines)
    )
    return Section("", "All accounts together", columns, lines, "net is of everything but payouts") if lines else None


def _line(one: PurseTogether) -> Line:
    currency = one.purse.currency
    note = f"the opening of {counted(one.unknown, 'account')} is not known" if one.unknown else None
    cells: dict[str, Cell] = {
        "name": f"{one.purse.balance_type} {currency.upper()}",
        "count": one.accounts,
        "opening": Money(one.opening, currency),
        "gross": Money(one.activity.gross, currency),
        "fee": Money(one.activity.fee, currency),
        "net": Money(one.activity.net, currency),
        "payouts": Money(one.payouts.net, currency),
        "closing": Money(one.closing, currency),
        "note": note,
    }
    return Line("", one.purse, "together", "together", cells)
