"""Files that the records name and that are not there: no table is published of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from connector.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from connector.core.state.data_file import DataFile
    from connector.core.state.publishing import Change, Wanted
    from connector.lake.stores.base import Store

LISTED_AT_ONCE = 1_000
"""Files that a bucket's listing shows in one answer."""


def check_of(store: Store, name: str) -> Callable[[Change, Wanted], None]:
    """Return what refuses to take files into a table that are not there; see `refuse_gone`."""
    return lambda change, wanted: refuse_gone(store, name, change.added, most=len(wanted.files))


def refuse_gone(store: Store, name: str, files: Collection[DataFile], *, most: int) -> None:
    """Refuse to publish a table of files that are not there: readers of it would fail, or miss rows without a word.

    Args:
        store: the lake.
        name: of the table.
        files: that are to be in it.
        most: how many files the table has in all, as far as is known.

    Raises:
        StateError: some are gone; says what to do.
        StorageError: the lake cannot be read.
    """
    if gone := sorted(_gone(store, name, [one.path for one in files], most)):
        are = "1 data file is" if len(gone) == 1 else f"{len(gone):,} data files are"
        raise StateError(
            f"{are} gone that the records name ({gone[0]}{', …' if gone[1:] else ''}), so the table {name} is left as"
            " it is: `verify` says what is lost; restore it from a backup, or sync with `repair`, which reads balance"
            " transactions again"
        )


def _gone(store: Store, name: str, paths: Collection[str], most: int) -> list[str]:
    """Return the paths where nothing is, by whatever takes fewer requests: a listing of the table, or each by its name.

    A listing may not show a new file yet, so what it lacks is looked for by its name, too.
    """
    if not paths:
        return []
    if store.at_once > 1 and len(paths) > most / LISTED_AT_ONCE + 1:
        there = {one.path for one in store.list(name)}
        paths = [path for path in paths if path not in there]
    with ThreadPoolExecutor(store.at_once) as threads:
        versions = threads.map(store.version, paths)
        return [path for path, version in zip(paths, versions, strict=True) if version is None]
