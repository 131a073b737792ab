"""What a lake says of itself while it is being made of another one: `stripe-balance convert`.

The mark is there from before the first file until all is proved, recorded and listed. What is done already is noted
beside it, part by part, so that a conversion that was cut off goes on.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from connector.core.state.data_file import DataFile  # noqa: TC001 - msgspec reads the annotations
from connector.core.state.newer import newer
from connector.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 1
"""Version of these documents' shape; a newer one is refused."""


class ConvertedTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of one table of an account.

    Attributes:
        table: its name.
        account: whose rows.
        record: number of the record of the other lake that was converted.
        recorded_at: when that was written, UTC seconds.
        rows: how many, counted here and there.
        files: of the new lake.
        net: sum of `net` per currency, in minor units, here and there; nothing for tables without.
        content: SHA-256 of all rows, read from the files here and there.
    """

    table: str
    account: str
    record: int
    recorded_at: int
    rows: int
    files: int
    net: Mapping[str, int]
    content: str


class Mark(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That a lake is being made, of what, and how.

    Attributes:
        version: of this shape.
        source: id of the lake that it is made of.
        format: of its files, as in states.
        partition: time that one of its files is to hold.
        catalog: name of the catalog that its tables are to be in; None for its own, or for none.
        tables: what became of each table, once all is proved and recorded, and only tables have to follow; else None.
    """

    version: int
    source: str
    format: str
    partition: str
    catalog: str | None = None
    tables: tuple[ConvertedTable, ...] | None = None

    @property
    def whole(self) -> bool:
        """Whether the lake has all that it is to have."""
        return self.tables is not None

    def with_tables(self, tables: tuple[ConvertedTable, ...]) -> Mark:
        """Return the mark of a lake that has all that it is to have."""
        return msgspec.structs.replace(self, tables=tables)

    def is_of(self, other: Mark) -> bool:
        """Say whether two marks are of one conversion."""
        return self.with_tables(()) == other.with_tables(())


class Made(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some partitions of the source that were made into partitions of the new lake, and what they hold.

    Attributes:
        table: whose rows they are.
        account: likewise.
        part: label of the time that they are of: the longer of a partition here and there.
        sources: SHA-256 of the files that they were made of; nothing where what was made does not count.
        files: what they were made into.
        rows: how many went in.
        content: SHA-256 of these rows.
    """

    table: str
    account: str
    part: str
    sources: tuple[str, ...] = ()
    files: tuple[DataFile, ...] = ()
    rows: int = 0
    content: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others of the same conversion."""
        return self.table, self.account, self.part

    @property
    def undone(self) -> Made:
        """The note that what was made of this part does not count."""
        return Made(table=self.table, account=self.account, part=self.part)


def latest(made: Iterable[Made]) -> dict[tuple[str, str, str], Made]:
    """Return what counts of what was noted, in the order in which it was; what was undone is left out."""
    newest = {table.key: table for table in made}
    return {key: table for key, table in newest.items() if table.sources}


def as_builtins(table: ConvertedTable) -> dict[str, Any]:
    """Return what became of a table as JSON has it, its moment in UTC seconds."""
    return msgspec.to_builtins(table)


def mark_in(data: bytes, where: str) -> Mark:
    """Read a mark strictly.

    Raises:
        StateError: it is damaged, or newer than this version knows.
    """
    try:
        mark = msgspec.json.decode(data, type=Mark)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _damaged(where, error) from error
    if mark.version != VERSION:
        raise newer(where, mark.version, VERSION)
    return mark


def made_in(data: bytes, where: str) -> tuple[Made, ...]:
    """Read what was noted strictly; raises a StateError where it is damaged."""
    try:
        return msgspec.json.decode(data, type=tuple[Made, ...])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> StateError:
    return StateError(f"{where} is damaged ({error}): remove the folder of the new lake, and convert again")
