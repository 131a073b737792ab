"""Makes a lake of any size without a Stripe: rows of a sandbox's days again and again, by the package's own writers."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import DAY
from connector.lake.formats.formats import format_named
from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from connector.lake.writing.file_statistics import Summary
from connector.sandbox import World
from connector.tables.balance_transactions import to_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.core.units import AccountId

BEGIN = 1_609_459_200
"""2021-01-01."""

FIVE_YEARS = 1826
_PATTERN_DAYS = 7
_MOST = 2_000
"""Rows of a day of the pattern at most; larger days repeat it."""


def make(lake: Path, *, rows: int, accounts: int = 1, days: int = FIVE_YEARS, partition: str = "day") -> int:
    """Write a lake that covers everything up to its end, and return how many rows it has.

    Args:
        lake: a folder that is not there.
        rows: about how many, shared out evenly.
        accounts: whose.
        days: from `BEGIN` on.
        partition: day, month or year.
    """
    a_day = max(1, round(rows / accounts / days))
    pattern = list(_pattern(min(a_day, _MOST)))
    end = BEGIN + days * DAY
    told = 0
    for number in range(accounts):
        account = f"acct_{number:016d}"
        files: dict[str, DataFile] = {}
        for when, some in _partitions(pattern, a_day, days, Granularity(partition), number):
            one = _write(lake, account, when, some, Granularity(partition))
            files[one.path] = one
            told += one.rows
        state = TableState(
            account,
            "parquet",
            Granularity(partition),
            Intervals.span(0, end),
            files=MappingProxyType(files),
            livemode=False,
        )
        table_states.commit(LocalStore(lake), state)
    return told


def _pattern(a_day: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some days of a sandbox, each as if on the first of them, with about `a_day` rows."""
    world = World(
        transactions=2 * a_day * _PATTERN_DAYS + 50,
        start=BEGIN,
        end=BEGIN + 2 * _PATTERN_DAYS * DAY,
        now=BEGIN + 90 * DAY,
        currencies=("eur", "usd", "jpy", "kwd"),
        seed=3,
    )
    found: dict[int, list[dict[str, object]]] = defaultdict(list)
    for row in world.rows():
        found[(row["created"] - BEGIN) // DAY].append(row)
    for day in sorted(found)[:_PATTERN_DAYS]:
        batch = to_batch(found[day][:a_day])
        yield _moved(batch, -day * DAY, "")


def _partitions(
    pattern: Sequence[pa.RecordBatch], a_day: int, days: int, granularity: Granularity, account: int
) -> Iterator[tuple[int, pa.Table]]:
    waiting: list[pa.RecordBatch] = []
    for day in range(days):
        at = BEGIN + day * DAY
        left, part = a_day, 0
        batches: list[pa.RecordBatch] = []
        while left > 0:
            batch = pattern[(day + part + account) % len(pattern)]
            batches.append(_moved(batch, day * DAY, f"{account:x}x{day:x}x{part:x}").slice(0, left))
            left -= max(1, batches[-1].num_rows)
            part += 1
        waiting += batches
        key = partition_of(at, granularity)
        if day + 1 == days or partition_of(at + DAY, granularity) != key:
            yield at, pa.Table.from_batches(waiting).sort_by([("created", "ascending"), ("id", "ascending")])
            waiting = []


def _moved(batch: pa.RecordBatch, seconds: int, mark: str) -> pa.RecordBatch:
    """Return rows of another day, with other ids."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    moved = pa.scalar(seconds * 1_000_000, pa.duration("us"))
    for name in ("created", "available_on"):
        columns[name] = pc.add(columns[name], moved)
    columns["id"] = pc.binary_join_element_wise(columns["id"], pa.scalar(mark), "")
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=batch.schema)


def _write(lake: Path, account: AccountId, when: int, rows: pa.Table, granularity: Granularity) -> DataFile:
    form, summary = format_named("parquet"), Summary()
    path = f"{partition_folder('balance_transactions', account, partition_of(when, granularity))}/{form.file_name}"
    local = lake / path
    local.parent.mkdir(parents=True)
    writer = form.open_writer(local)
    for batch in rows.combine_chunks().to_batches():
        writer.write(batch)
        summary.add(batch)
    writer.close()
    return summary.data_file(path, size=local.stat().st_size, sha256="0" * 64)
