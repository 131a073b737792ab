"""Where a row goes: one partition a UTC day, month or year of `created`."""

from __future__ import annotations

import calendar
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from connector.core.account_ids import UNNAMED, is_account_id
from connector.core.time.intervals import Interval
from connector.core.units import DAY, AccountId
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Granularity(StrEnum):
    """How much time one file holds; fixed when a lake is made."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    @property
    def column(self) -> str:
        """The Hive partition column."""
        return "created_date" if self is Granularity.DAY else f"created_{self.value}"


@dataclass(frozen=True, slots=True, order=True)
class PartitionKey:
    """One partition: its bounds in UTC seconds and its Hive label.

    Attributes:
        start: first second.
        stop: first second of the next partition.
        label: for example `created_date=2026-01-31`, `created_month=2026-01`, `created_year=2026`.
    """

    start: int
    stop: int
    label: str

    def __hash__(self) -> int:
        """Return what no two partitions of a lake share, in a third of the time that all three fields take."""
        return self.start

    @property
    def bounds(self) -> Interval:
        """The seconds of the partition."""
        return Interval(self.start, self.stop)


def partition_of(created: int, granularity: Granularity) -> PartitionKey:
    """Name the partition that holds the second `created` (0 to 253402300799, the end of year 9999)."""
    if granularity is Granularity.DAY:
        return _day_from(created - created % DAY)
    moment = _moment(created)
    if granularity is Granularity.MONTH:
        first, days = moment.month, calendar.monthrange(moment.year, moment.month)[1]
        label = f"{granularity.column}={moment.year:04d}-{moment.month:02d}"
    else:
        first, days = 1, 365 + calendar.isleap(moment.year)
        label = f"{granularity.column}={moment.year:04d}"
    start = calendar.timegm((moment.year, first, 1, 0, 0, 0))
    return PartitionKey(start, start + days * DAY, label)


@lru_cache(maxsize=4096)
def _day_from(start: int) -> PartitionKey:
    return PartitionKey(start, start + DAY, f"created_date={_moment(start):%Y-%m-%d}")


def partition_named(label: str, granularity: Granularity) -> PartitionKey | None:
    """Return the partition that has a label, such as `created_date=2026-01-31`; None where no partition has it."""
    name, _, value = label.partition("=")
    try:
        moment = datetime.fromisoformat(f"{value}-01-01"[:10]).replace(tzinfo=UTC)
    except ValueError:
        return None
    second = int(moment.timestamp())
    key = partition_of(second, granularity) if name == granularity.column and second >= 0 else None
    return key if key is not None and key.label == label else None


def partitions_in(bounds: Interval, granularity: Granularity) -> Iterator[PartitionKey]:
    """Yield the partitions that share a second with `bounds`, oldest first."""
    second = bounds.start
    while second < bounds.stop:
        key = partition_of(second, granularity)
        yield key
        second = key.stop


def in_order_of_time(keys: Iterable[PartitionKey]) -> list[PartitionKey]:
    """Return partitions of one lake, oldest first: by their start alone, which is compared in an eighth of the time."""
    return sorted(keys, key=attrgetter("start"))


def shares(created: Sequence[int], partition: Granularity) -> Iterator[tuple[PartitionKey, int, int]]:
    """Yield the partitions of some rows and which of the rows lie in each: positions `[start, stop)`.

    Args:
        created: of the rows, ascending.
        partition: how much time one partition holds.
    """
    start = 0
    while start < len(created):
        key = partition_of(created[start], partition)
        stop = len(created) if created[-1] < key.stop else bisect_left(created, key.stop, lo=start)
        yield key, start, stop
        start = stop


def checked_account(account: str) -> AccountId:
    """Return the account id if it is safe as a part of a path.

    Raises:
        ProtocolError: when it is neither `acct_…` of letters, digits and underscores nor `default`.
    """
    if account != UNNAMED and not is_account_id(account):
        raise ProtocolError(f"the account id {account[:60]!r} is not of the form acct_… and cannot become a folder")
    return AccountId(account)


def partition_folder(table: str, account: AccountId, key: PartitionKey) -> str:
    """Return the folder of a partition, relative to the destination, with forward slashes."""
    return f"{table}/account={account}/{key.label}"


def _moment(second: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
