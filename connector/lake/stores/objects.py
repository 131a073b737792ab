"""A destination that is a bucket, or a folder of one: S3, Google Cloud Storage, Azure.

A file is one object, put in one request: readers see the old one or the new one. What depends on what is there is put
under that condition, which the store judges, so no lock is needed and none is there. That the store does judge it is
found out before the first such put. Files are written and read on the local disk, in a folder of this process that goes
with it.
"""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Self

from connector.core.state.unnamed import Unnamed
from connector.errors import CommitConflictError, ConfigError
from connector.lake.paths import STATE, FileInfo, checked_path, is_clean
from connector.lake.stores.condition_support import ConditionSupport
from connector.lake.stores.conditions import ANY, Content
from connector.lake.stores.folder_cache import FILES, FOLDERS, FolderCache
from connector.lake.stores.nested_lakes import RECORDS, TABLE_FOLDERS, lake_among
from connector.lake.stores.scratch import Scratch
from connector.lake.stores.staged_names import staged_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator
    from pathlib import Path

    from connector.lake.stores.bucket import Bucket
    from connector.lake.stores.conditions import Condition


PUTS_AT_ONCE = 8
"""Objects that are put at once; each file of ordinary size takes its own size of memory meanwhile."""

UNHEEDED = (
    "the bucket's store does not heed conditions of puts, and this run was told that it alone writes: should another"
    " one write at the same time, rows of either may be lost, and a put that arrives late may bring older rows back"
)
"""What is to be said where a store is used all the same."""


@dataclass(frozen=True, eq=False)
class ObjectStore:
    """A bucket as a `Store`. Nothing is asked of it before the first use.

    Attributes:
        bucket: where the objects are.
        single_writer: whether a store that heeds no conditions is used all the same.
    """

    bucket: Bucket
    single_writer: bool = False
    _local: list[Scratch] = field(init=False, repr=False, default_factory=list[Scratch])
    _asking: Lock = field(init=False, repr=False, default_factory=Lock)
    _cache: FolderCache = field(init=False, repr=False)
    _support: ConditionSupport = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cache", FolderCache(self.bucket.patience.now, partial(self.bucket.list_all, STATE)))
        object.__setattr__(self, "_support", ConditionSupport(self.bucket, self._cache))

    @property
    def scratch(self) -> Path:
        """A folder of this process on the local disk, removed when the store is no longer used."""
        with self._asking:
            if not self._local:
                self._local.append(Scratch())
            return self._local[0].path

    @property
    def lacks(self) -> Collection[str]:
        """See `Store.lacks`."""
        return (UNHEEDED,) if self._support.unheeded else ()

    def of_run(self, run: str) -> Self:  # noqa: ARG002 - see `Store.of_run`
        """Return this store: what is staged belongs to this process, whichever run it is of."""
        return self

    def clear(self, may_take: Callable[[str, int], bool]) -> None:
        """Remove nothing: what is staged goes with its process."""

    @property
    def at_once(self) -> int:
        """Several: most of a put is waiting for its answer."""
        return PUTS_AT_ONCE

    @property
    def versions_last(self) -> bool:
        """They do: they are made of the content, or drawn for each put."""
        return True

    def look_again(self) -> None:
        """Forget the listings of the last moment; records stay as they are."""
        self._cache.forget()

    def version(self, path: str) -> str | None:
        """Return an object's version token, or None when there is none."""
        version = self.bucket.version(checked_path(path))
        if version is not None:
            self._cache.there(path)
        return version

    def read(self, path: str) -> Content | None:
        """Return an object's content and its version token, or None when there is none."""
        return self._cache.content(checked_path(path), lambda: self._content(path))

    def _content(self, path: str) -> Content | None:
        there = self.bucket.get(path)
        return None if there is None else Content(*there)

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        """Put an object; see `Store.write`."""
        return self._put(path, data, condition)

    def staging(self, path: str) -> Path:
        """Return a new path in the local folder."""
        return self.scratch / staged_name(path)

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        """Put a staged file; see `Store.publish`."""
        version = self._put(path, staged, condition)
        with suppress(OSError):  # it is in, and goes with the folder at the latest
            staged.unlink(missing_ok=True)
        return version

    def delete(self, path: str) -> None:
        """Remove an object; nothing happens when there is none."""
        try:
            self.bucket.delete(checked_path(path))
        finally:
            self._cache.changed(path)

    def list(self, prefix: str) -> Iterator[FileInfo]:
        """Yield the objects below a folder, in order of path, without those whose name begins with a dot."""
        for listed in self._cache.listing(FILES, prefix, lambda: list(self.bucket.list(prefix))):
            if not listed.path.rpartition("/")[2].startswith(".") and is_clean(listed.path):
                yield FileInfo(listed.path, listed.bytes, listed.modified)

    def names(self, prefix: str) -> list[str]:
        """Return the names of the visible objects right in a folder, sorted."""
        below = (info.path.removeprefix(f"{prefix}/") for info in self.list(prefix))
        return [name for name in below if "/" not in name]

    def info(self, path: str) -> FileInfo | None:
        """Return what a listing tells of a visible object, perhaps one of just now; None where it shows none."""
        folder = checked_path(path).rpartition("/")[0]
        objects = self._cache.listing(FILES, folder, lambda: list(self.bucket.list(folder)))
        return next(
            (FileInfo(listed.path, listed.bytes, listed.modified) for listed in objects if listed.path == path), None
        )

    def besides(self, prefix: str, known: Collection[str]) -> Iterator[Unnamed]:
        """Yield what else is below a folder: hidden objects, and names that are no paths of ours, too."""
        return (Unnamed(listed.path, listed.bytes) for listed in self.bucket.list(prefix) if listed.path not in known)

    def folders(self, prefix: str, *, among: Collection[str] | None = None) -> list[str]:
        """Return the names of the folders in a folder, sorted."""
        paths = self._cache.listing(FOLDERS, prefix, lambda: self.bucket.folders(prefix))
        names = [path.rpartition("/")[2] for path in paths]
        return names if among is None else [name for name in names if name in among]

    @contextmanager
    def opened(self, path: str) -> Generator[Path | None]:
        """Offer a copy of the object on the local disk for the length of the block; None when there is none."""
        checked = checked_path(path)
        copy = self.scratch / f"{secrets.token_hex(8)}-{checked.rpartition('/')[2]}"
        try:
            yield copy if self.bucket.download(checked, copy) else None
        finally:
            with suppress(OSError):
                os.unlink(copy)  # noqa: PTH108 - may not be there

    def other_lake(self) -> str | None:
        """See `Store.other_lake`: one listing where no name in the address is that of a lake's own folder."""
        outer = next((bucket.url for bucket in self.bucket.around() if bucket.shows(RECORDS)), None)
        if outer is not None:
            return outer
        tables = sorted(TABLE_FOLDERS.intersection(self.bucket.folders("")))
        inner = lake_among(listed.path for folder in tables for listed in self.bucket.list(folder))
        return None if inner is None else self.bucket.named(inner)

    def address(self, path: str) -> str:
        """Return the object's URL."""
        return f"{self.bucket.url}/{checked_path(path)}"

    @contextmanager
    def turn(self, folder: str) -> Generator[bool]:
        """Nobody can be kept out of a bucket; the conditions of puts tell writers apart."""
        del folder
        yield False

    def _put(self, path: str, data: bytes | Path, condition: Condition) -> str:
        try:
            version = self._put_if(checked_path(path), data, condition)
        finally:
            self._cache.changed(path)
        if isinstance(data, bytes):
            self._cache.written(path, Content(data, version))
        return version

    def _put_if(self, checked: str, data: bytes | Path, condition: Condition) -> str:
        if condition is ANY:
            return self.bucket.overwrite(checked, data)
        replaces = condition if isinstance(condition, str) else None
        if self._heeds_conditions(replacing=replaces is not None):
            return self.bucket.put(checked, data, replaces=replaces)
        if self.bucket.version(checked) != replaces:
            raise CommitConflictError(f"{self.bucket.named(checked)} was changed by another writer meanwhile")
        return self.bucket.overwrite(checked, data)

    def _heeds_conditions(self, *, replacing: bool) -> bool:
        """Say whether the store heeds the conditions of puts; asks it once for each of the two.

        Args:
            replacing: whether something is to be replaced; else there is to be nothing.

        Raises:
            ConfigError: it does not, and nobody has said that this run alone writes.
        """
        heeded = self._support.heeds(replacing=replacing)
        if not heeded and not self.single_writer:
            missing = "If-Match" if replacing else "If-None-Match"
            raise ConfigError(
                f"{self.bucket.url}: this store does not heed the condition of a put ({missing}), so two runs"
                " at once would overwrite each other's rows without a word: use a store that does, or"
                " `single_writer`, if you see to it that only one run writes at any time"
            )
        return heeded
