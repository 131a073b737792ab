"""A table whose list of files is in memory: what publishing does can be tried without a library of tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connector.core.state.publishing import Contents, Listed
from connector.errors import CommitConflictError, ConfigError
from connector.lake.catalogs.base import TableShape, Tidied, bounds_of

if TYPE_CHECKING:
    from connector.core.state.publishing import Change


@dataclass
class FileList:
    """What is kept of a table, for all who open it.

    Attributes:
        files: by path.
        bounds: of the columns of each file that was published.
        revisions: numbers that its accounts' files were published by.
        version: how often it was committed to; 0 where there is no table.
        columns: those that are in the path.
    """

    files: dict[str, Listed] = field(default_factory=dict)
    bounds: dict[str, dict[str, tuple[int, int] | tuple[str, str]]] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    version: int = 0
    columns: tuple[str, str] = ("", "")


@dataclass
class MemoryTable:
    """A `CatalogTable` over such a list.

    Attributes:
        shape: what it is made of.
        kept: the list.
    """

    shape: TableShape
    kept: FileList
    _seen: FileList = field(init=False, default_factory=FileList)

    def read(self) -> None:
        self._seen = replace(self.kept, files=dict(self.kept.files), revisions=dict(self.kept.revisions))
        if self._seen.version and self._seen.columns != self.shape.partition_columns:
            raise ConfigError(f"the table {self.shape.name} is not one of ours")

    def contents(self) -> Contents | None:
        seen = self._seen
        return Contents(seen.files, seen.revisions, seen.version) if seen.version else None

    def commit(self, change: Change) -> None:
        kept = self.kept
        if kept.version != self._seen.version:
            raise CommitConflictError("another publisher was first")
        for path in change.removed:
            del kept.files[path]
        kept.files |= {one.path: Listed(one.rows, one.bytes) for one in change.added}
        kept.bounds |= {one.path: bounds_of(self.shape, one) for one in change.added}
        kept.revisions |= change.revisions
        kept.version, kept.columns = kept.version + 1, self.shape.partition_columns

    def tidy(self, _cutoff: float, *, act: bool) -> Tidied:
        return Tidied(versions=int(act))
