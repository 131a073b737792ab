"""Earlier records of a lake, and which of them can still be read: those whose files are all there.

A lake of files has one file for each partition, so a record is whole as long as no later one has replaced any of its
files. Tables keep older files until `maintain` removes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from connector.core.counting import counted
from connector.core.state.tables import State
from connector.errors import ConfigError
from connector.lake.formats.names import TABLE_FORMATS
from connector.lake.state import state_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

S = TypeVar("S", bound=State)


def version_of(store: Store, spec: TableSpec[S], account: AccountId, number: int) -> S:
    """Return an account's state as it was once a record was written, all of whose files are there. Blocks.

    Args:
        store: the lake.
        spec: of the table.
        account: whose rows.
        number: of the record.

    Raises:
        ConfigError: there is no such record, or files of it are not there any more; says which records are whole.
        StateError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    newest = state_log.load(store, spec, account)
    state = state_log.load_at(store, spec, account, number) if number > 0 else None
    if newest is None or state is None:
        last = 0 if newest is None else newest.number
        raise ConfigError(
            f"{spec.name} of {account} has no record {number:,} (any more): the newest is {last:,}, and records go a"
            f" week after later ones hold all that they say; {_whole(store, spec, account)}"
        )
    is_there = _presence(store, spec, newest)
    gone = sum(not is_there(file) for file in state.recorded.files.values())
    if gone:
        why = (
            "`maintain` has removed older files"
            if newest.format in TABLE_FORMATS
            else "a lake of files has one file for each partition, tables (`format=delta`) keep older ones"
        )
        raise ConfigError(
            f"record {number:,} of {spec.name} of {account} cannot be read any more: of its"
            f" {counted(len(state.recorded.files), 'file')}, {gone:,} {'was' if gone == 1 else 'were'} replaced"
            f" or removed since ({why}); {_whole(store, spec, account)}"
        )
    return state


def whole_versions(
    store: Store, spec: TableSpec[Any], account: AccountId, *, lately: bool = False
) -> tuple[tuple[int, int], ...]:
    """Return which records of an account that name files can be read, as ranges: the first and the last. Blocks.

    Args:
        store: the lake.
        spec: of the table.
        account: whose rows.
        lately: look no further back than loading the state does, which costs no request more.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    newest = state_log.load(store, spec, account)
    if newest is None:
        return ()
    is_there = _presence(store, spec, newest)
    states = state_log.states_before(store, spec, newest, lately=lately)
    whole = [number for number, files in states if files and all(map(is_there, files.values()))]
    return _ranges(whole)


def ranges_in_words(ranges: Iterable[tuple[int, int]]) -> str:
    """Return ranges of records for people, such as `2, 4 to 6`."""
    return ", ".join(f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in ranges)


def _whole(store: Store, spec: TableSpec[Any], account: AccountId) -> str:
    return f"those that can be read: {ranges_in_words(whole_versions(store, spec, account)) or 'none'}"


def _presence(store: Store, spec: TableSpec[Any], newest: State) -> Callable[[DataFile], bool]:
    """Return what says of a file that a record names whether it is there as it was then."""
    if newest.format in TABLE_FORMATS:  # each has a name of its own
        folders = (f"{table}/account={newest.account}" for table in spec.tables)
        listed = {info.path: info.bytes for folder in folders for info in store.list(folder)}
        return lambda file: listed.get(file.path) == file.bytes
    files: Mapping[str, DataFile] = newest.recorded.files
    return lambda file: file.path in files and files[file.path].sha256 == file.sha256


def _ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return tuple(ranges)
