"""What a statement needs of rows beside its period: what became of payouts, and the way to recorded balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.dataset as ds

from connector.core.ledger.ledger import PAYOUT_TYPES, RETURNS, Figures, Purse, Return, purse_of
from connector.core.ledger.openings import LATE, NEAR, between
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from connector.lake.formats.row_columns import to_rows
from connector.reporting.exact import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.ledger.openings import Recorded
    from connector.core.time.intervals import Interval
    from connector.reporting.scan import AccountScan

LONGEST = 90 * DAY
"""Seconds before a period in which a payout may have been taken back that was on its way when the period began."""

_PURSE = ["balance_type", "currency"]


def look_for_payouts(rows: AccountScan, bounds: Interval, figures: Figures) -> None:
    """Find when payouts near a period were taken back, and which were sent only after it."""
    of_payouts = ds.field("type").isin(list(PAYOUT_TYPES))
    columns = ["id", "created", "type", *(["source"] if rows.names_sources else [])]
    for since, until in ((max(0, bounds.start - LONGEST), bounds.start), (bounds.stop, END_OF_TIME)):
        for table in rows.between(since, until, columns, of_payouts):
            for row in to_rows(table):
                for name in filter(None, (row["id"], row.get("source"))):
                    if row["type"] in RETURNS:
                        figures.returns.setdefault(name, Return(row["created"], row["type"]))
                    elif row["created"] >= bounds.stop:
                        figures.sent_later[name] = row["created"]


def look_at_recorded(rows: AccountScan, bounds: Interval, recorded: Sequence[Recorded], figures: Figures) -> None:
    """Add up the rows between recorded balances and a period's begin, and count those too close to one to tell."""
    for balance in recorded:
        sums: dict[Purse, int] = {}
        for table in rows.between(*between(balance.at, bounds.start), ["created", *_PURSE, "net"]):
            for key, (_, net) in grouped(table, _PURSE, ["net"]):
                purse = purse_of(*key)
                sums[purse] = sums.get(purse, 0) + net
        figures.since_snapshot[balance.at] = sums
        for counts, first, last in (
            (figures.near_snapshot, balance.at - NEAR, balance.at + NEAR),
            (figures.fresh_snapshot, balance.at - LATE, balance.at),
        ):
            counts[balance.at] += sum(table.num_rows for table in rows.between(max(0, first), last + 1, ["created"]))
