"""One line of a statement, and the columns it can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.ledger.ledger import Purse
    from connector.reporting.cells import Cell


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement.

    Attributes:
        account: whose.
        purse: of which balance, or of which currency only.
        group: the table it stands in.
        line: what it is.
        cells: its values by the names of `COLUMNS`.
    """

    account: str
    purse: Purse
    group: str
    line: str
    cells: Mapping[str, Cell]


COLUMNS = (
    "name",
    "id",
    "at",
    "day",
    "state",
    "kind",
    "count",
    "gross",
    "fee",
    "fee_returned",
    "net",
    "paid",
    "bank",
    "report",
    "lake",
    "note",
)
"""What a line can hold."""

AMOUNTS = ("gross", "fee", "fee_returned", "net", "paid")
"""Columns of money."""

TOTALS = frozenset({"activity_total", "payouts_total", "fees_total", "closing", "arrived", "fees_now"})
"""Lines that add others up, or are what is added to."""
