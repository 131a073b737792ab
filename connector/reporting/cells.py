"""Values as they stand in a table, and their texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from connector.core.ledger import money


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, or that it is not known.

    Attributes:
        amount: in minor units of the currency; None where it is not known.
        currency: lower-case ISO code.
    """

    amount: int | None
    currency: str


Cell = Money | datetime | date | int | str | None
"""A time carries its offset; an int is a number of things."""

NOT_KNOWN = "not known"


def decimal(amount: int, currency: str) -> str:
    """Return an amount in major units as a machine reads it, with the currency's decimals: `-1234.50`."""
    places = money.decimals(currency)
    whole, part = divmod(abs(amount), 10**places)
    return f"{'-' if amount < 0 else ''}{whole}{f'.{part:0{places}d}' if places else ''}"


def shown(cell: Cell) -> str:
    """Return a cell as people read it; amounts without their currency, which stands beside them."""
    if cell is None:
        return ""
    if isinstance(cell, Money):
        if cell.amount is None:
            return NOT_KNOWN
        return money.to_text(cell.amount, cell.currency).rpartition(" ")[0]
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    return f"{cell:,}" if isinstance(cell, int) else cell
