"""One pass over an account's files: rows added up by day, balance, currency and category, in bounded memory.

Files are read some at a time. What cannot be read is named, and the rest goes on: a report has to say that a file is
damaged, not to fail of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.ledger.accounting import PENDING
from connector.core.ledger.ledger import Sums, category_of, purse_of
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from connector.errors import LakeChangedError, StorageError
from connector.lake.formats.row_columns import MICROSECONDS
from connector.reporting.exact import grouped
from connector.reporting.lake_report.facts import DayKey, DayLine, PendingLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from connector.core.ledger.ledger import Purse
    from connector.reporting.scan import AccountScan

FILES_AT_ONCE = 256
"""Files whose rows are added up together."""

_COLUMNS = (
    "created",
    "balance_type",
    "currency",
    "reporting_category",
    "type",
    "status",
    "available_on",
    "amount",
    "fee",
    "net",
)
_KEYS = ("day", "balance_type", "currency", "reporting_category", "type")


@dataclass(slots=True)
class DaySums:
    """What rows come to.

    Attributes:
        days: sums of rows by day, balance, currency and category.
        pending: pending rows and their net, by balance and day of `available_on`.
        pending_days: days of `created` that have pending rows.
        unreadable: paths of files that could not be read.
    """

    days: dict[DayKey, Sums] = field(default_factory=dict[DayKey, Sums])
    pending: dict[tuple[Purse, int | None], tuple[int, int]] = field(
        default_factory=dict["tuple[Purse, int | None]", "tuple[int, int]"]
    )
    pending_days: set[int] = field(default_factory=set[int])
    unreadable: list[str] = field(default_factory=list[str])

    def day_lines(self) -> tuple[DayLine, ...]:
        """Return the days in order."""
        return tuple(DayLine(key, sums) for key, sums in sorted(self.days.items(), key=lambda item: item[0]))

    def pending_lines(self) -> tuple[PendingLine, ...]:
        """Return what is pending, by balance and day; what has no day last."""
        ordered = sorted(self.pending.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or 0))
        return tuple(PendingLine(purse, day, *sums) for (purse, day), sums in ordered)

    def merge(self, other: DaySums) -> None:
        """Take in what other rows come to."""
        for key, sums in other.days.items():
            self.days[key] = self.days.get(key, Sums()) + sums
        for place, (rows, net) in other.pending.items():
            before = self.pending.get(place, (0, 0))
            self.pending[place] = (before[0] + rows, before[1] + net)
        self.pending_days |= other.pending_days
        self.unreadable += other.unreadable


def add_up(rows: AccountScan, skip: Collection[str] = ()) -> DaySums:
    """Add up an account's rows. Blocks.

    Args:
        rows: of the account.
        skip: paths of files that are known to be gone or damaged.

    Raises:
        LakeChangedError: a file has been replaced.
    """
    sums = DaySums()
    paths = [path for path in sorted(rows.state.files) if path not in skip]
    for start in range(0, len(paths), FILES_AT_ONCE):
        sums.merge(_of_files(rows, paths[start : start + FILES_AT_ONCE]))
    return sums


def _of_files(rows: AccountScan, paths: Sequence[str]) -> DaySums:
    """Add up some files; where one cannot be read, one by one, so that it is known which."""
    try:
        return _sums(_only(rows, paths).between(0, END_OF_TIME, _COLUMNS))
    except LakeChangedError:
        raise
    except StorageError:
        if len(paths) == 1:
            return DaySums(unreadable=[*paths])
    middle = len(paths) // 2
    sums = _of_files(rows, paths[:middle])
    sums.merge(_of_files(rows, paths[middle:]))
    return sums


def _only(rows: AccountScan, paths: Iterable[str]) -> AccountScan:
    files = {path: rows.state.files[path] for path in paths}
    return replace(rows, state=replace(rows.state, files=MappingProxyType(files)))


def _sums(tables: Iterator[pa.Table]) -> DaySums:
    sums = DaySums()
    for table in tables:
        _add(sums, table)
    return sums


def _add(day_sums: DaySums, table: pa.Table) -> None:
    table = table.append_column("day", _days(table.column("created")))
    for key, sums in grouped(table, _KEYS, ["amount", "fee", "net"]):
        place = DayKey(key[0] * DAY, purse_of(key[1], key[2]), category_of(key[3], key[4]))
        day_sums.days[place] = day_sums.days.get(place, Sums()) + Sums(*sums)
    pending = table.filter(pc.equal(table.column("status"), PENDING))
    if pending.num_rows:
        _add_pending(day_sums, pending)


def _add_pending(day_sums: DaySums, table: pa.Table) -> None:
    day_sums.pending_days.update(day * DAY for day in pc.unique(table.column("day")).to_pylist())
    table = table.append_column("available_day", _days(table.column("available_on")))
    sums: Counter[tuple[Purse, int | None]] = Counter()
    rows: Counter[tuple[Purse, int | None]] = Counter()
    for key, (count, net) in grouped(table, ["balance_type", "currency", "available_day"], ["net"]):
        place = (purse_of(key[0], key[1]), None if key[2] is None else key[2] * DAY)
        rows[place] += count
        sums[place] += net
    for place, count in rows.items():
        before = day_sums.pending.get(place, (0, 0))
        day_sums.pending[place] = (before[0] + count, before[1] + sums[place])


def _days(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the UTC day of each time, in days since 1970; null stays null."""
    return pc.divide(times.cast(pa.int64()), DAY * MICROSECONDS)
