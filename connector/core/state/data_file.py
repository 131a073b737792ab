"""A data file of any table, as it was when it was written: how the state names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping  # noqa: TC003 - msgspec reads the annotations
from datetime import date
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from connector.core.state.partition import Granularity, PartitionKey, partition_of
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME, START_OF_TIME
from connector.core.units import DAY

_PATH = re.compile(r"[a-z_]+/account=[A-Za-z0-9_]+/[a-z_]+=[0-9-]{4,10}/part-(?:0|[0-9a-f]{12}-[0-9A-Za-z-]+)\.[a-z.]+")

_SHA256 = re.compile(r"[0-9a-f]{64}")


_PARKED_NAME = r"[0-9]{8}\.[a-z_]+=[0-9-]{4,10}\.[0-9TZ]+-[0-9a-f]+\.arrow"


class Listing(Struct, frozen=True, forbid_unknown_fields=True):
    """The transactions of one payout, as they were listed.

    Attributes:
        rows: how many, the payout's own row included.
        net: sum of `net` per currency, in minor units; 0 where the payout reconciles.
    """

    rows: int
    net: Mapping[str, int]

    @property
    def reconciles(self) -> bool:
        """Whether there are rows, and they, the payout's own included, add up to nothing."""
        return self.rows > 0 and not any(self.net.values())


class DataFile(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file of rows, as it was when it was written; what a table has no use for has its default.

    Attributes:
        path: relative to the destination, with forward slashes; the file's identity.
        rows: number of rows, at least 1.
        bytes: size of the file.
        sha256: of the file's bytes, in hexadecimal.
        first_created: the earliest `created` in it, UTC seconds.
        last_created: the latest.
        net: sum of `net` per currency, in minor units, currencies sorted.
        pending: rows whose `status` is `pending`.
        pending_from: the earliest `available_on` among them, UTC seconds, or None.
        pending_created: the earliest and the latest `created` among them, or None.
        refreshed: when those of them that were due were last read again, UTC seconds; 0 for not since it was written.
        apart: of `net`, what is of other balances than that of payments, by balance type and currency; None where
            balances are not told apart.
        witnessed: when a run last asked Stripe about its partition again, UTC seconds; 0 for never.
        hidden: columns of it that hold nothing, since the lake does without them.
        listings: of a file of `payout_transactions`, by payout id, what of it is in the file: its transactions are
            complete. None for files of other tables.
        ids: the least and the greatest id in it, by their bytes; None where nobody asked for them.
        version: the store's token of it, where such a token tells a file as long as it is there; else None.
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    first_created: int = 0
    last_created: int = 0
    net: Mapping[str, int] = {}
    pending: int = 0
    pending_from: int | None = None
    pending_created: tuple[int, int] | None = None
    refreshed: int = 0
    apart: Mapping[str, Mapping[str, int]] | None = None
    witnessed: int = 0
    hidden: tuple[str, ...] = ()
    listings: Mapping[str, Listing] | None = None
    ids: tuple[str, str] | None = None
    version: str | None = None

    @property
    def span(self) -> Interval:
        """The seconds from its earliest row to its latest."""
        return Interval(self.first_created, self.last_created + 1)


class ParkedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of rows of one partition that is not whole yet: no reader sees it.

    Attributes:
        file: the file, as it was when it was written.
        run: id of the run that parked it.
        within: settled seconds of `created` that it is the whole answer for, as pairs `[start, stop)`: they are not
            read again.
    """

    file: DataFile
    run: str
    within: tuple[tuple[int, int], ...] = ()

    @property
    def path(self) -> str:
        """Where the file is, relative to the destination; files parked later sort after those parked before."""
        return self.file.path

    @property
    def seconds(self) -> Intervals:
        """What it is the whole answer for."""
        return Intervals.of(Interval(start, stop) for start, stop in self.within)

    def answering(self, seconds: Intervals) -> ParkedFile:
        """Return the entry as the whole answer for these seconds."""
        return msgspec.structs.replace(self, within=seconds.pairs)

    def key(self, partition: Granularity) -> PartitionKey:
        """Return the partition that its rows are of."""
        return partition_of(self.file.first_created, partition)


def checked_parked(parked: ParkedFile, account: str) -> ParkedFile:
    """Return a parked file's entry once it makes sense, and names a parked file of this account.

    Raises:
        ValueError: it does not.
    """
    file = parked.file
    if not re.fullmatch(rf"_stripe_balance/parked/[a-z_]+/{re.escape(account)}/{_PARKED_NAME}", file.path):
        raise ValueError(f"{file.path!r} is not a parked file of this account")
    if min(file.rows, file.bytes) < 1 or not 0 <= file.first_created <= file.last_created < END_OF_TIME:
        raise ValueError(f"impossible figures of {file.path}")
    if any(not 0 <= start < stop <= END_OF_TIME for start, stop in parked.within):
        raise ValueError(f"impossible seconds of {file.path}")
    return parked


def parked_seconds(parked: Iterable[ParkedFile]) -> Intervals:
    """Return the seconds that parked files are the whole answer for."""
    return Intervals.of(part for file in parked for part in file.seconds)


def day_of(path: str) -> int:
    """Return the first second of the UTC day that the partition of a file is named by.

    Raises:
        ValueError: it is not named by a day.
    """
    label = path.split("/")[-2].partition("=")[2]
    return (date.fromisoformat(label) - date(1970, 1, 1)).days * DAY


def folder_of(path: str) -> str:
    """Return the folder of a file's partition, which is what two writers can be at odds about."""
    return path.rpartition("/")[0]


def replaced_in(files: Mapping[str, DataFile], new: Iterable[DataFile]) -> Mapping[str, DataFile]:
    """Return files by path with new ones, each in place of what its partition had."""
    added = {file.path: file for file in new}
    folders = {folder_of(path) for path in added}
    kept = {path: file for path, file in files.items() if folder_of(path) not in folders}
    return MappingProxyType({**kept, **added})


def with_changes(file: DataFile, **changes: Any) -> DataFile:  # noqa: ANN401 - of the fields
    """Return the entry with other values of some fields."""
    return msgspec.structs.replace(file, **changes)


def checked_file(file: DataFile, *folders: str) -> DataFile:
    """Return a file's entry once its figures are possible and it is where it has to be.

    Args:
        file: as it was read.
        folders: where it may be, each with a slash at the end.

    Raises:
        ValueError: they are not, or it is elsewhere.
    """
    if not (file.path.startswith(folders) and _PATH.fullmatch(file.path)):
        raise ValueError(f"{file.path!r} is not a data file of this account")
    if not (
        file.rows > 0 < file.bytes
        and file.pending >= 0
        and 0 <= file.first_created <= END_OF_TIME
        and 0 <= file.last_created <= END_OF_TIME
        and 0 <= file.refreshed <= END_OF_TIME
        and 0 <= file.witnessed <= END_OF_TIME
        and START_OF_TIME <= (file.pending_from or 0) <= END_OF_TIME
    ):  # thousands of files are checked with each look: built-in functions take twice as long
        raise ValueError(f"impossible figures of {file.path}")
    if not _SHA256.fullmatch(file.sha256):
        raise ValueError(f"no SHA-256 of {file.path}")
    return file
