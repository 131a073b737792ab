"""The records of a state, one by one: where each is, which there are, and reading, creating and clearing them.

What a commit needs of all of them are their names alone, so that it does not grow with their number; what is asked of
single ones besides is when they were written, by the store's own clock: a writer's may be days ahead.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

from connector.core.state.partition import checked_account
from connector.core.state.record import (
    ExpectedRecord,
    Record,
    checkpoint_due,
    commit_in,
    from_json,
    with_lowest,
)
from connector.core.state.stored_json import struct_to_json
from connector.core.units import DAY
from connector.errors import CommitConflictError, CommitUnknownError
from connector.lake.paths import STATE
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

FOLDER = f"{STATE}/state"
"""Folder of the records: in it one for each table, in that one for each account."""

KEPT_SECONDS = 7 * DAY
"""How long a record stays once another one holds all that it says."""

CLEARED_AT_ONCE = 200
"""Records that one commit removes, at most; what is left goes with a later one."""

ATTEMPTS = 5
"""Times that a record is written of which it is not known whether it is there."""

Known: TypeAlias = dict[str, Record]
"""Records by their paths."""

_NAME = re.compile(r"(\d{14})\.json")


def record_path(table: str, account: AccountId, number: int) -> str:
    """Return where the record of a number is."""
    return f"{records_folder(table, account)}/{number:014d}.json"


def records_folder(table: str, account: str) -> str:
    """Return the folder of a table's records of an account."""
    return f"{FOLDER}/{table}/{account}"


def place_of(record: Record) -> str:
    """Return where a record is, or is to be."""
    return record_path(record.table, checked_account(record.account), record.number)


def numbers(store: Store, table: str, account: str) -> list[int]:
    """Return the numbers of the records that are listed, ascending; nothing is asked about each.

    Raises:
        StorageError: the destination cannot be read.
    """
    named = (_NAME.fullmatch(name) for name in store.names(records_folder(table, account)))
    return sorted(number for match in named if match and (number := int(match[1])))


def newest_number(store: Store, table: str, account: str) -> int:
    """Return the number of the newest record that is listed; 0 where there is none.

    Raises:
        StorageError: the destination cannot be read.
    """
    named = map(_NAME.fullmatch, reversed(store.names(records_folder(table, account))))
    return next((int(match[1]) for match in named if match), 0)


def written_at(store: Store, table: str, account: AccountId, number: int) -> float | None:
    """Return when a record was written, UTC seconds of the store's clock; None where it is not listed.

    Raises:
        StorageError: the destination cannot be read.
    """
    info = store.info(record_path(table, account, number))
    return None if info is None else info.changed / 1e9


def record_at(
    store: Store, spec: TableSpec[Any], account: AccountId, number: int, known: Known | None = None
) -> Record | None:
    """Return a record; None where there is none of this number.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        number: of the record.
        known: those that were read, which are written once: a large one takes a while to be read again.

    Raises:
        StateError: it is damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    where = record_path(spec.name, account, number)
    if known is not None and where in known:
        return known[where]
    there = store.read(where)
    if there is None:
        return None
    record = from_json(there.data, expected_at(spec, account, number))
    if known is not None:
        known[where] = record
    return record


def expected_at(spec: TableSpec[Any], account: AccountId, number: int) -> ExpectedRecord:
    """Return what a record of a number has to be."""
    folders = tuple(f"{table}/account={account}/" for table in spec.tables)
    return ExpectedRecord(record_path(spec.name, account, number), spec.name, account, number, folders, spec.remedy)


def back_from(
    store: Store, spec: TableSpec[Any], account: AccountId, number: int, known: Known | None = None
) -> tuple[list[Record], int]:
    """Read back from a record to the checkpoint that it builds on; raises what `record_at` raises.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        number: of the record to begin with.
        known: as for `record_at`.

    Returns:
        The records, oldest first, and the number of the one that is missing before them, or 0 if none is.
    """
    records: list[Record] = []
    while number > 0:
        if (record := record_at(store, spec, account, number, known)) is None:
            return records[::-1], number
        records.append(record)
        number = record.base or 0
    return records[::-1], 0


def create(store: Store, record: Record) -> bool:
    """Write a record under its number, and say whether it is ours that is there.

    Raises:
        CommitUnknownError: after several attempts that is not known.
        StorageError: the destination refuses.
    """
    path, data = place_of(record), struct_to_json(record)
    failure = CommitUnknownError(f"writing {path}: the store refuses it, and shows nothing there; run again")
    for _ in range(ATTEMPTS):
        try:
            store.write(path, data, condition=ABSENT)
        except CommitConflictError:
            there = store.read(path)
            if there is not None:
                return commit_in(there.data) == record.commit
        except CommitUnknownError as error:
            failure = error
        else:
            return True
    raise failure


def limited(store: Store, spec: TableSpec[Any], record: Record, now: float) -> Record:
    """Return a record that holds everything with the lowest number that is to count from now on; another as it is.

    With each `EVERY`th that is asked anew; the others leave all that is there.

    The checkpoint before it counts in any case: a listing that does not show this one yet leads to it by that one. So
    does a record that is not known to be older than a week: by the store's clock, which dates the newest of them, and
    by ours.

    Args:
        store: the destination.
        spec: of the table.
        record: that is to be written.
        now: UTC seconds by our clock.
    """
    if record.base is not None:
        return record
    if record.number == 1 or not checkpoint_due(record.number):
        return with_lowest(record, 1)
    account = checked_account(record.account)
    before, there = _checkpoint_before(store, spec, record), numbers(store, record.table, account)
    newest = written_at(store, record.table, account, there[-1]) if there else None
    since = float("-inf") if newest is None else min(now, newest) - KEPT_SECONDS

    def is_old(number: int) -> bool:
        written = written_at(store, record.table, account, number)
        return written is not None and written < since

    counted = [number for number in there if number < before]
    old = sum(1 for _ in takewhile(is_old, counted[:CLEARED_AT_ONCE]))
    return with_lowest(record, [*counted, before][old])


def clear(store: Store, record: Record) -> None:
    """Remove the records that do not count any more by a checkpoint, the oldest first.

    Raises:
        StorageError: the destination refuses.
    """
    if record.lowest is not None and record.lowest > 1:
        account = checked_account(record.account)
        there = numbers(store, record.table, account)
        for number in [older for older in there if older < record.lowest][:CLEARED_AT_ONCE]:
            store.delete(record_path(record.table, account, number))


def _checkpoint_before(store: Store, spec: TableSpec[Any], record: Record) -> int:
    """Return the number of a checkpoint before a record's, as a rule of the latest; 1 where there is none.

    That is the record before it, where the state is small. Else the one that this version would have written is looked
    for first.
    """
    account, before = checked_account(record.account), record.number - 1
    if (there := record_at(store, spec, account, before)) is not None and there.base is None:
        return before
    number = next((candidate for candidate in range(before, 1, -1) if checkpoint_due(candidate)), 1)
    while number > 1 and (there := record_at(store, spec, account, number)) is not None and there.base is not None:
        number = there.base
    return number
