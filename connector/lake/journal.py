"""Which files a run is about to replace, told before the first of them is.

Between a file and the manifest that names it, a process may die: the file is then newer than the manifest says. Such
files need not lie in what the next run reads, so it looks here first (`connector.lake.recovery`).
"""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, cast

from connector.core.documents import to_json
from connector.errors import ManifestError
from connector.lake.paths import STATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.units import AccountId
    from connector.lake.store import Store


class Replacements:
    """What one run may replace: announced once, before the first file is, and taken back when the manifest says all.

    Args:
        store: the destination.
        account: whose files they are.
        paths: files the run may replace.
    """

    def __init__(self, store: Store, account: AccountId, paths: Iterable[str]) -> None:
        self._store = store
        self._account = account
        self._paths = frozenset(paths)
        self._announced = False
        self._lock = Lock()

    def announce(self) -> None:
        """Say durably which files may be replaced or come about from now on; any thread may, the first time counts.

        Raises:
            StorageError: when the destination refuses; none must be replaced then.
        """
        with self._lock:
            if not self._announced:
                announce(self._store, self._account, self._paths)
                self._announced = True

    def settle(self) -> None:
        """Take back what was announced: the manifest says what is there.

        Raises:
            StorageError: when the destination refuses.
        """
        if self._announced:
            settle(self._store, self._account)


def announce(store: Store, account: AccountId, paths: Iterable[str]) -> None:
    """Say durably which files may be replaced from now on.

    Raises:
        StorageError: when the destination refuses; none must be replaced then.
    """
    store.write(_path(account), to_json(sorted(paths)))


def left_behind(store: Store, account: AccountId) -> frozenset[str] | None:
    """Return the files that a run may have replaced which did not live to say so; None when there was no such run.

    Raises:
        ManifestError: when what it left cannot be read.
        StorageError: when the destination cannot be read.
    """
    where = _path(account)
    data = store.read(where)
    if data is None:
        return None
    try:
        paths = json.loads(data)
    except ValueError:
        paths = None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in cast("list[object]", paths)):
        raise ManifestError(f"{where} is damaged: remove it, and sync with --repair, which looks at every file")
    return frozenset(cast("list[str]", paths))


def settle(store: Store, account: AccountId) -> None:
    """Take back what was announced: the manifest says what is there.

    Raises:
        StorageError: when the destination refuses.
    """
    store.delete(_path(account))


def _path(account: AccountId) -> str:
    return f"{STATE}/replacing/{account}.json"
