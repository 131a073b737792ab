"""Balances recorded in the lake: where rows before its beginning are missing, they bound what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.ledger.accounting import add_totals
from connector.core.ledger.balance import to_balance
from connector.core.ledger.openings import LATE, NEAR
from connector.lake.formats.row_columns import MICROSECONDS, bounds_of
from connector.lake.state.file_check import changed_files
from connector.lake.state.lake_identity import load_balances
from connector.lake.writing.small_tables import read_rows, small_table
from connector.verification.sums import held_by, sums_of_batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.ledger.accounting import BalanceKey, Total
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

MOST_READ = 8
"""Snapshots that are looked at, the oldest first."""


@dataclass(slots=True)
class RecordedBalance:
    """A balance as it was, and the rows before it, as far as the lake has them.

    Attributes:
        at: when it was, UTC seconds.
        held: what there was, by bucket.
        before: what the lake's rows up to then come to, by bucket.
        near: rows created so close to it that nobody can say whether they were in it.
        fresh: rows created shortly before it: they were in it, unless they became visible only afterwards.
    """

    at: int
    held: Mapping[BalanceKey, int]
    before: dict[BalanceKey, Total] = field(default_factory=dict["BalanceKey", "Total"])
    near: int = 0
    fresh: int = 0

    def add(self, batch: pa.RecordBatch, sums: Mapping[BalanceKey, Total]) -> None:
        """Take in a batch that has rows, of which these are the sums."""
        first, last = bounds_of(batch)
        if first > self.at + NEAR:
            return
        if last >= self.at - LATE:
            seconds = pc.divide(batch.column("created").view(pa.int64()), MICROSECONDS)
            earlier = pc.less_equal(seconds, self.at)
            around = pc.and_(pc.greater_equal(seconds, self.at - NEAR), pc.less_equal(seconds, self.at + NEAR))
            self.near += pc.sum(around).as_py() or 0
            self.fresh += pc.sum(pc.and_(pc.greater_equal(seconds, self.at - LATE), earlier)).as_py() or 0
            sums = sums_of_batch(batch.filter(earlier))
        self.before = add_totals([self.before, sums])


def read_recorded_balances(store: Store, account: AccountId, start: int) -> list[RecordedBalance]:
    """Return the oldest snapshots of an account's balance from a second on. Blocks.

    Raises:
        StateError: their record cannot be understood.
        StorageError: they cannot be read.
    """
    record = load_balances(store, account)
    if record is None:
        return []
    table = small_table("balances", record.format)
    balances: list[RecordedBalance] = []
    for path, file in sorted(record.files.items()):
        rows = None if changed_files(store, [file]) else read_rows(store, table.form, path)
        balances += [
            RecordedBalance(row["snapshot_at"], held_by(to_balance(row["snapshot"])))
            for row in ([] if rows is None else table.objects(rows))
            if row["snapshot_at"] >= start
        ]
        if len(balances) >= MOST_READ:
            break
    return balances[:MOST_READ]
