"""A table that follows the state: what every catalog does, and the loop that brings one up to date.

Runs and tasks commit to the state. Publishing compares a table's own list of files with what the state names, and
commits the difference in one transaction of the table's. It needs no memory of its own: a process that dies in between
leaves the table as it was, and the next one finds the same difference, or a smaller one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from connector.core.counting import counted
from connector.core.state.publishing import EMPTY, Change, alterations, change_to, newer
from connector.errors import CommitConflictError, ConfigError, StateError, StorageError
from connector.tables.field_ids import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from connector.core.state.data_file import DataFile
    from connector.core.state.publishing import Alteration, Contents, Wanted

KEEP_DAYS = 7
"""Days that older files and versions stay by default; records of the state stay as long."""

ROUNDS = 16
"""Times that a table is looked at anew after another one was first, or in the way."""

IN_USE_SECONDS = 30.0
"""How long a catalog's database may be locked: publishers lock one for a moment."""

Due = TypeVar("Due")
Done = TypeVar("Done")

NAMED = 3
"""Files that an error names; the others are counted."""


class TableAlteredError(StorageError):
    """Something else has altered a table: what it did would be undone, or its rows doubled, by publishing.

    Attributes:
        alterations: what it did.
    """

    exit_code = 65

    def __init__(self, table: str, found: Sequence[Alteration]) -> None:
        named = ", ".join(f"{alteration.path} ({alteration.kind})" for alteration in found[:NAMED])
        more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        super().__init__(
            f"the table {table} was altered by something else: {counted(len(found), 'file')} not as the state says,"
            f" {named}{more}; nothing is published to it: `repair` makes it what the state says, which undoes that"
        )
        self.alterations: tuple[Alteration, ...] = tuple(found)


class CatalogInUseError(CommitConflictError):
    """A catalog's database is locked by something else, and its own patience has run out at least once."""


class ForeignTableError(ConfigError):
    """There is something else under a table's name, or something else made another table of it."""


WantedNow: TypeAlias = "Callable[[Mapping[str, int]], Wanted]"
"""Reads what a table is to hold now, given the revisions by which it was published."""


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a table is made of.

    Attributes:
        name: of the table, and its folder.
        schema: all columns with their numbers; the last two, `account` and a time, are those of its partitions.
    """

    name: str
    schema: pa.Schema

    @property
    def partition_columns(self) -> tuple[str, str]:
        """Names of the columns that are in the path."""
        account, time = self.schema.names[-2:]
        return account, time


def shape_of(table: str, schema: pa.Schema) -> TableShape:
    """Return the shape of a table.

    Args:
        table: its name.
        schema: of all columns, `account` and the partition's time last, as `file_schema` gives it. These two are not
            in the files, so they are nullable: pyiceberg reads no file without a column that is required.
    """
    return TableShape(table, numbered(schema, table))


_BOUNDED = {
    "balance_transactions": ("created", "id"),
    "payouts": ("created", "id"),
    "payout_transactions": ("created", "balance_transaction_id"),
    "balances": ("snapshot_at", None),
}
"""Columns that the state knows the least and the greatest value of: moments, and ids."""


def bounds_of(shape: TableShape, file: DataFile) -> dict[str, tuple[int, int] | tuple[str, str]]:
    """Return the least and the greatest value of columns that are never null: moments in UTC seconds, ids as text."""
    time, name = _BOUNDED[shape.name]
    bounds: dict[str, tuple[int, int] | tuple[str, str]] = {}
    if file.last_created:
        bounds[time] = (file.first_created, file.last_created)
    if name is not None and file.ids is not None:
        bounds[name] = file.ids
    return bounds


class CatalogTable(Protocol):
    """A table in a catalog. The functions block: they belong in worker threads."""

    @property
    def shape(self) -> TableShape:
        """What it is made of."""
        ...

    def read(self) -> None:
        """Look at the table as it is now: what the other methods tell and go on from.

        Raises:
            StorageError: it cannot be read.
            ForeignTableError: there is something else under its name.
            ConfigError: it is of another place.
        """
        ...

    def contents(self) -> Contents | None:
        """Return what its own list held when it was read; None where there was no such table.

        Raises:
            StorageError: it cannot be read.
        """
        ...

    def commit(self, change: Change) -> None:
        """Commit a difference to what was read last, all of it or nothing; make the table if there was none.

        Raises:
            CommitConflictError: another publisher was first.
            StorageError: it failed; whether it is in has to be looked up.
        """
        ...

    def tidy(self, cutoff: float, *, act: bool) -> Tidied:
        """Shorten the log, or let go of versions, of the table as it was read last.

        Args:
            cutoff: UTC seconds; versions since then stay.
            act: do it, instead of only saying what would be done.

        Raises:
            CommitConflictError: a publisher was first.
            StorageError: it failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tidied:
    """What became of a table's metadata, or would; of a log that the table's library shortens, nothing is told.

    Attributes:
        versions: of the table that were let go of.
        folded: manifests that were put together.
        needed: paths of the files of metadata that are still needed, relative to the lake; None where the table's
            library looks after them.
        marked: paths of the data files of versions that somebody has marked, and that therefore stay.
    """

    versions: int = 0
    folded: int = 0
    needed: frozenset[str] | None = None
    marked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a table.

    Attributes:
        table: its name.
        added: files it took in.
        removed: files it let go of.
        mended: what something else had done to it, now undone.
    """

    table: str
    added: int = 0
    removed: int = 0
    mended: int = 0


def publish(
    table: CatalogTable,
    wanted_now: WantedNow,
    *,
    repair: bool = False,
    check: Callable[[Change, Wanted], None] = lambda _change, _wanted: None,
    now: Callable[[], float] = time.monotonic,
) -> Published:
    """Bring a table up to date with the state. Blocks.

    The table is read before the state, so what is wanted is never older than what is there. After any error both are
    read again: a commit whose answer was lost shows as no difference.

    Args:
        table: the table.
        wanted_now: reads what the state says, and said by the revisions that the table was published by.
        repair: undo what something else did to the table, instead of refusing.
        check: raises a `StorageError` where something is not to be committed.
        now: seconds of a clock that does not go back.

    Raises:
        TableAlteredError: something else altered it.
        CommitConflictError: other publishers were first, again and again.
        StorageError: it cannot be read or written; what it held before, it holds.
    """
    name = table.shape.name

    def look() -> tuple[Change, int]:
        there, wanted = _compared(table, wanted_now)
        altered = alterations(wanted, there)
        if altered and not repair:
            raise TableAlteredError(name, altered)
        change = change_to(wanted, there)
        check(change, wanted)
        return change, len(altered)

    def commit(due: tuple[Change, int]) -> Published:
        change, mended = due
        if not change:
            return Published(name)
        table.commit(change)
        return Published(name, len(change.added), len(change.removed), mended)

    return _beside_others(look, commit, now)


def tidied(table: CatalogTable, cutoff: float, *, act: bool) -> Tidied:
    """Tidy a table as it is now, after what others do to it meanwhile. Blocks.

    Args:
        table: the table.
        cutoff: UTC seconds; versions since then stay.
        act: do it, instead of only saying what would be done.

    Raises:
        CommitConflictError: others were first, again and again.
        StorageError: it cannot be read or written.
    """

    def look() -> tuple[int, Tidied]:
        table.read()
        version = (table.contents() or EMPTY).version
        return version, table.tidy(cutoff, act=False)

    def tidy(due: tuple[int, Tidied]) -> Tidied:
        return table.tidy(cutoff, act=True) if act else due[1]

    return _beside_others(look, tidy)


def _beside_others(
    look: Callable[[], Due], act: Callable[[Due], Done], now: Callable[[], float] = time.monotonic
) -> Done:
    """Do what is due, and after a failure what is due then: another may have been first, or the answer was lost.

    Args:
        look: says what is due now.
        act: does it.
        now: seconds of a clock that does not go back.

    Raises:
        CommitConflictError: others were first, again and again.
        StorageError: it failed, and the same is due still.
    """
    failure: StorageError | None = None
    before: Due | None = None
    end = now() + IN_USE_SECONDS
    for _ in range(ROUNDS):
        if isinstance(failure, CatalogInUseError) and now() >= end:
            raise failure
        try:
            due = look()
        except CommitConflictError as error:
            failure, before = error, None
            continue
        if failure is not None and due == before and not isinstance(failure, CommitConflictError):
            raise failure
        try:
            return act(due)
        except StorageError as error:
            failure, before = error, due
    raise failure or CommitConflictError("others were first, again and again: run again")


def _compared(table: CatalogTable, wanted_now: WantedNow) -> tuple[Contents, Wanted]:
    """Return what a table holds, and what it is to hold.

    Raises:
        StateError: it is ahead of the state.
    """
    table.read()
    there = table.contents() or EMPTY
    wanted = wanted_now(there.revisions)
    if ahead := newer(wanted, there):
        raise StateError(
            f"the table {table.shape.name} holds what a later state of {ahead[0]} named: the state was put back to an"
            " earlier one; restore the table from the same backup, or remove it and publish it anew"
        )
    return there, wanted
