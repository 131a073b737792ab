"""Which files a run is about to publish that the state on the disk does not expect, told before it does.

Between a file and the state that names it, a process may die: the file is then newer than the state says. Such
files need not lie in what the next run reads, so it looks here first (`connector.lake.state.recovery`).
"""

from __future__ import annotations

import json
from itertools import starmap
from threading import Lock
from typing import TYPE_CHECKING, cast

from connector.core.documents import to_json
from connector.errors import ManifestError
from connector.lake.paths import STATE, checked_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

Announced = dict[str, list[str]]
"""SHA-256 of every content a file may have, by its path; the order is that of time."""


class Replacements:
    """What one run publishes in place of what the state says; taken back when the state says all.

    Args:
        store: the destination.
        account: whose files they are.
    """

    def __init__(self, store: Store, account: AccountId) -> None:
        self._store = store
        self._account = account
        self._announced: Announced = {}
        self._begun = False
        self._lock = Lock()

    def announce(self, files: Iterable[DataFile]) -> None:
        """Say durably what is going to be published; any thread may.

        Raises:
            StorageError: when the destination refuses; none must be published then.
        """
        with self._lock:
            for file in files:
                self._announced.setdefault(file.path, []).append(file.sha256)
            if self._announced:
                self._begun = True
                announce(self._store, self._account, self._announced)

    def forget(self) -> None:
        """Take note that the state on the disk names what was announced: the next announcement goes without it."""
        with self._lock:
            self._announced = {}

    def settle(self) -> None:
        """Take back what was announced: the state says what is there.

        Raises:
            StorageError: when the destination refuses.
        """
        if self._begun:
            settle(self._store, self._account)


def announce(store: Store, account: AccountId, files: Mapping[str, list[str]]) -> None:
    """Say durably what is going to be published.

    Raises:
        StorageError: when the destination refuses; none must be published then.
    """
    store.write(_path(account), to_json(dict(sorted(files.items()))))


def left_behind(store: Store, account: AccountId) -> Announced:
    """Return what a run announced that did not live to say what came of it; nothing as a rule.

    Raises:
        ManifestError: when what it left cannot be read.
        StorageError: when the destination cannot be read.
    """
    where = _path(account)
    there = store.read(where)
    if there is None:
        return {}
    try:
        found = json.loads(there.data)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(starmap(_is_entry, cast("dict[str, object]", found).items())):
        raise ManifestError(f"{where} is damaged: remove it, and sync with `repair`, which looks at every file")
    return cast("Announced", found)


def settle(store: Store, account: AccountId) -> None:
    """Take back what was announced: the state says what is there.

    Raises:
        StorageError: when the destination refuses.
    """
    store.delete(_path(account))


def _is_entry(path: str, contents: object) -> bool:
    try:
        checked_path(path)
    except ValueError:
        return False
    return isinstance(contents, list) and all(isinstance(one, str) for one in cast("list[object]", contents))


def _path(account: AccountId) -> str:
    return f"{STATE}/replacing/{account}.json"
