"""Which automatic payout each row of a period went into, held in a temporary database."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.lake.formats.row_columns import MICROSECONDS
from connector.lake.reading.dataset import read
from connector.lake.stores.temporary import temporary_database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterator
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.time.intervals import Interval

_COLUMNS = ("balance_transaction_id", "payout_id", "arrival_date", "created")

_ADD = """insert into paid_out values (?, ?, ?) on conflict (id) do update set payout = excluded.payout,
    arrives = excluded.arrives where (excluded.arrives, excluded.payout) > (arrives, payout)"""
"""A row of a payout that failed may be in a later one, too: the later counts."""


@dataclass(frozen=True, slots=True)
class PaidOut:
    """The payouts of rows; use as a block, by `of`.

    Attributes:
        database: `paid_out` has the row's id, the payout's, and the day it arrives on.
    """

    database: sqlite3.Connection

    @classmethod
    @contextmanager
    def of(cls, destination: str | PathLike[str], stated: AccountStatement, bounds: Interval) -> Generator[PaidOut]:
        """Load the payouts of the rows created in a period, as far as `payouts` has brought them; else none. Blocks.

        Raises what `connector.read` raises.
        """
        with temporary_database("keeping which payout each row went into") as database:
            database.execute("create table paid_out (id text primary key, payout text, arrives text)")
            if stated.payouts_as_of is not None:
                for pairs in _pairs(destination, stated.account, bounds):
                    database.executemany(_ADD, pairs)
            yield cls(database)

    def of_row(self, row_id: str) -> dict[str, str]:
        """Return the columns about the payout of a row; none where none is known."""
        payout = self.database.execute("select payout, arrives from paid_out where id = ?", (row_id,)).fetchone()
        if payout is None:
            return {}
        return {"automatic_payout_id": payout[0], "automatic_payout_effective_at_utc": f"{payout[1]} 00:00:00"}


def _pairs(
    destination: str | PathLike[str], account: str, bounds: Interval
) -> Iterator[Iterator[tuple[str, str, str]]]:
    rows = read(destination, account, table="payout_transactions")
    for batch in replace(rows, columns=_COLUMNS).reader():
        inside = batch.filter(_created_in(batch, bounds))
        ids, payouts, days = (inside.column(name).to_pylist() for name in _COLUMNS[:3])
        yield zip(ids, payouts, (day.isoformat() for day in days), strict=True)


def _created_in(batch: pa.RecordBatch, bounds: Interval) -> pa.Array:
    created = batch.column("created").cast(pa.int64())
    return pc.and_(pc.greater_equal(created, bounds.start * MICROSECONDS), pc.less(created, bounds.stop * MICROSECONDS))
