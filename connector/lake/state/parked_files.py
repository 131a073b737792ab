"""Parked files against the state: which are lost, and which no state names."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from connector.core.units import AccountId
from connector.lake.paths import PARKED
from connector.lake.state import table_states
from connector.lake.state.file_check import changed_files
from connector.lake.writing.parked_names import run_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.core.state.data_file import ParkedFile
    from connector.lake.stores.base import Store


def damaged(store: Store, parked: Iterable[ParkedFile]) -> list[ParkedFile]:
    """Return the parked files that are gone or not as they were written. Blocks.

    Raises:
        StorageError: when the destination cannot be read.
    """
    files = list(parked)
    wrong = {file.path for file in changed_files(store, [file.file for file in files])}
    return [file for file in files if file.file.path in wrong]


def sweep_parked(store: Store, may_take: Callable[[str, int], bool]) -> None:
    """Remove parked files that their run left and no state names. Blocks.

    Args:
        store: the destination.
        may_take: says of a run's files, by its id and when they were last changed, whether they may go.

    Raises:
        StateError: a state cannot be understood.
        StorageError: the destination cannot be read or written.
    """
    left: defaultdict[AccountId, list[str]] = defaultdict(list)
    for info in store.list(f"{PARKED}/{table_states.TABLE}"):
        account, _, name = info.path.removeprefix(f"{PARKED}/{table_states.TABLE}/").partition("/")
        if may_take(run_of(name), info.changed):
            left[AccountId(account)].append(info.path)
    for account, paths in left.items():
        state = table_states.load(store, account)
        for path in paths:
            if state is None or path not in state.parked:
                store.delete(path)
