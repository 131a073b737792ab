"""What a statement of several accounts says of all of them, before each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.ledger.together import together
from connector.reporting.cells import Money
from connector.reporting.statement.sections import Section
from connector.reporting.statement.statement_line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.together import PurseTogether
    from connector.reporting.cells import Cell
    from connector.reporting.statement.facts import Statement

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
    open_ = sum(not account.final for account in statement.accounts)
    changed = sum(bool(account.since_frozen and account.since_frozen.differs) for account in statement.accounts)
    counts = [(len(statement.accounts) - open_, "final"), (open_, "NOT FINAL"), (changed, "CHANGED since frozen")]
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    return f"{counted(len(statement.accounts), 'account')}: {said}"


def exceptions(statement: Statement) -> Iterator[str]:
    """Yield why which accounts are not final, or not as they were frozen."""
    lines: list[str] = []
    for account in statement.accounts:
        lines += [f"{account.account} is not final: {reason}" for reason in account.reasons[:1]]
        if account.since_frozen and account.since_frozen.differs:
            lines.append(f"{account.account} has changed since it was frozen")
    yield from lines[:MOST_NAMED]
    if len(lines) > MOST_NAMED:
        yield f"and {len(lines) - MOST_NAMED:,} more, account by account below"


def all_together(statement: Statement) -> Section | None:
    """Return the balances of all accounts added up; None of a single account, or where no balance is known."""
    if len(statement.accounts) < 2:  # noqa: PLR2004 - what is added up
        return None
    lines = tuple(_line(purse) for purse in together(statement.accounts))
    columns = tuple(
        (name, heading) for name, heading in _COLUMNS if name != "note" or any(line.cells["note"] for line in lines)
    )
    return Section("", "All accounts together", columns, lines, "net is of everything but payouts") if lines else None


def _line(purse: PurseTogether) -> Line:
    currency = purse.purse.currency
    note = f"the opening of {counted(purse.unknown, 'account')} is not known" if purse.unknown else None
    cells: dict[str, Cell] = {
        "name": f"{purse.purse.balance_type} {currency.upper()}",
        "count": purse.accounts,
        "opening": Money(purse.opening, currency),
        "gross": Money(purse.activity.gross, currency),
        "fee": Money(purse.activity.fee, currency),
        "net": Money(purse.activity.net, currency),
        "payouts": Money(purse.payouts.net, currency),
        "closing": Money(purse.closing, currency),
        "note": note,
    }
    return Line("", purse.purse, "together", "together", cells)
