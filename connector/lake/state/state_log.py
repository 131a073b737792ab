"""The state of a table as a numbered list of records, each written once: loading it, and committing to it.

A commit is the record after the newest one, created only if there is none. Whoever finds it taken reads it: its own
commit id means that it is in; another's, that what changed has to be changed again, of what is there now. Where it is
not known whether a record was written, the same bytes are written under the same number again, until that decides.

Every so often a record holds everything (a checkpoint, which goes on from none), so loading reads back to that one, and
then what follows the newest that is listed. Records before it stay for a week:
a writer that comes late finds its number taken. Should it come later still, it finds that its number does not count any
more, whatever the store told it.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Any, TypeVar

from connector.core.state.partition import checked_account
from connector.core.state.rebase import rebased
from connector.core.state.record import (
    NOTHING,
    RECORD_VERSION,
    Expected,
    Parts,
    Record,
    applied,
    changes,
    checkpoint_due,
    commit_in,
    from_json,
    parts_after,
    to_json,
    with_lowest,
)
from connector.core.state.tables import Origin, State
from connector.core.units import DAY
from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, ProtocolError, StateError
from connector.lake.paths import STATE
from connector.lake.state import unfinished
from connector.lake.state.lake_id import begin_lake
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

FOLDER = f"{STATE}/state"
"""Folder of the records: in it one for each table, in that one for each account."""

KEPT_SECONDS = 7 * DAY
"""How long a record stays once another one holds all that it says."""

SURE_SECONDS = DAY
"""How old what a commit goes on from may be, before it is asked whether its number still counts."""

CLEARED_AT_ONCE = 200
"""Records that one commit removes, at most; what is left goes with a later one."""

ROUNDS = 8
"""Times that a commit is tried on what others have committed meanwhile."""

ATTEMPTS = 5
"""Times that a record is written of which it is not known whether it is there, and times that a list is read that
changes meanwhile."""

OLDER = ("manifest", "payouts", "balances")
"""Folders in which versions before this one kept what is now in the records."""

S = TypeVar("S", bound=State)

_NAME = re.compile(r"(\d{14})\.json")


def record_path(table: str, account: AccountId, number: int) -> str:
    """Return where the record of a number is."""
    return f"{FOLDER}/{table}/{account}/{number:014d}.json"


def recorded_accounts(store: Store, spec: TableSpec[Any]) -> list[AccountId]:
    """Return the accounts that a table has a state of, sorted.

    Raises:
        StateError: something else is in the folder of the records.
        ConfigError: the lake was made by a version before this one, or is being made of another one.
        StorageError: the destination cannot be read.
    """
    folders = {*store.folders(STATE)}
    if unfinished.NAME in folders:
        unfinished.refuse_unfinished(store)
    if older := sorted({*OLDER} & folders):
        raise ConfigError(
            f"this lake was made by an earlier version of stripe-balance ({STATE}/{older[0]}), which this one does not"
            " go on from: sync to a new destination, which reads everything again"
        )
    found: list[AccountId] = []
    for name in store.folders(f"{FOLDER}/{spec.name}"):
        try:
            found.append(checked_account(name))
        except ProtocolError as error:
            raise StateError(f"{FOLDER}/{spec.name}/{name} is no account's folder; move it away") from error
    return found


def load(store: Store, spec: TableSpec[S], account: AccountId) -> S | None:
    """Return an account's state, or None when a table has none of it. Blocks.

    A listing may not show the newest records yet, so what follows it is asked for.

    Raises:
        StateError: a record is gone, damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    for attempt in range(ATTEMPTS):
        listed = max(_numbers(store, spec.name, account), default=0)
        records, missing = _back_from(store, spec, account, max(1, listed))
        if not missing:
            newest, parts = _followed(store, spec, account, records)
            return spec.of_parts(parts, _origin(newest))
        if not listed:
            return None
        if attempt == ATTEMPTS - 1:  # else it was cleared away between the two, and the list has a later beginning
            where = record_path(spec.name, account, missing)
            raise StateError(f"{where} is gone, and later records need it: restore it from a backup, or {spec.remedy}")
    return None


def load_at(store: Store, spec: TableSpec[S], account: AccountId, number: int) -> S | None:
    """Return an account's state as it was once a record was written; None where that cannot be told any more. Blocks.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        number: of the record, at least 1.

    Raises:
        StateError: a record is damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    records, missing = _back_from(store, spec, account, number)
    return None if missing else spec.of_parts(parts_after(records), _origin(records[-1]))


def states_before(
    store: Store, spec: TableSpec[S], newest: S, *, lately: bool
) -> Iterator[tuple[int, Mapping[str, DataFile]]]:
    """Yield the numbers of an account's records, oldest first, each with the files that the state named then. Blocks.

    Args:
        store: the destination.
        spec: of the table.
        newest: the state, as it was loaded.
        lately: begin with the latest record that holds everything; else with the oldest such one that is there.

    Raises:
        StateError: a record is damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    if lately:
        records = iter(_back_from(store, spec, newest.account, newest.number)[0])
    else:
        numbers = sorted(_numbers(store, spec.name, newest.account))
        read = (_record_at(store, spec, newest.account, number) for number in numbers if number <= newest.number)
        records = (record for record in read if record is not None)
    before, parts = None, NOTHING
    for record in records:
        if record.base not in {None, before}:  # of what follows a gap nothing is known until the next checkpoint
            continue
        before, parts = record.number, applied(parts, record)
        yield record.number, parts.files


def files_since(store: Store, spec: TableSpec[Any], account: AccountId, since: float) -> set[str]:
    """Return the paths of all files that an account's state has named since a moment, as far as records tell. Blocks.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        since: UTC seconds; what the state named then counts as well.

    Raises:
        StateError: a record is damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    found: set[str] = set()
    number = max(_numbers(store, spec.name, account), default=0)
    while number and (record := _record_at(store, spec, account, number)) is not None:
        found |= {file.path for file in record.files}
        if record.written <= since:
            then = load_at(store, spec, account, number)
            return found | (set() if then is None else set(then.recorded.files))
        number -= 1
    return found


def commit(
    store: Store,
    spec: TableSpec[S],
    new: S,
    *,
    run: str = "",
    visible: Collection[str] = (),
    now: Callable[[], float] = time.time,
) -> S:
    """Record a state, and return it as it is recorded. Every file it names must be visible already. Blocks.

    Args:
        store: the destination.
        spec: of its table.
        new: what is to be, made of a state that was loaded or committed, or of nothing.
        run: id of the run.
        visible: folders of the partitions whose files were made visible; see `rebased`.
        now: UTC seconds.

    Returns:
        The state, with what others have committed meanwhile.

    Raises:
        CommitConflictError: another run has written the same partitions; nothing of `new` is recorded.
        CommitUnknownError: whether it is recorded is not known; the files are there, and the next run finds out.
        StorageError: the destination refuses; what was recorded before is whole.
    """
    account = new.account
    before, wanted = new.recorded, spec.to_parts(new)
    number, since = new.number + 1, new.written
    if number == 1:
        begin_lake(store, now=int(now()))
    for _ in range(ROUNDS):
        record = _record(spec.name, account, number, before, wanted, run, int(now()))
        record = _with_lowest(store, spec, record, int(now()))
        if _create(store, record) and not _too_late(store, spec, record, since, now()):
            _clear(store, record)
            return spec.of_parts(wanted, _origin(record))
        newest = load(store, spec, account)
        if newest is None:
            raise StateError(f"{FOLDER}/{spec.name}/{account}: the records are gone; {spec.remedy}")
        there = spec.to_parts(newest)
        before, wanted = there, rebased(before, wanted, there, visible=visible)
        number, since = newest.number + 1, newest.written
    raise CommitConflictError(f"others have committed to {account} {ROUNDS} times in a row: run again")


def newest_of(store: Store, spec: TableSpec[S], state: S, *, now: Callable[[], float] = time.time) -> S:
    """Return the newest state, of one that was loaded or committed; what others have committed since is asked for.

    Raises:
        StateError: a record is damaged, or gone.
        StorageError: it cannot be read.
    """
    if not 0 <= now() - state.written < SURE_SECONDS:  # the next records may have been cleared away
        return load(store, spec, state.account) or state
    parts, latest, number = state.recorded, None, state.number + 1
    while (
        store.version(record_path(spec.name, state.account, number)) is not None  # as of now
        and (record := _record_at(store, spec, state.account, number)) is not None
    ):
        parts, latest, number = applied(parts, record), record, number + 1
    return state if latest is None else spec.of_parts(parts, _origin(latest))


def rebased_state(spec: TableSpec[S], began: S, new: S, newest: S) -> S:
    """Return the newest state with what was changed from one state to the next meanwhile; see `rebased`.

    Args:
        spec: of the table.
        began: what the changes were made of.
        new: what was made of that.
        newest: as it is recorded; what is returned is not.
    """
    parts = rebased(spec.to_parts(began), spec.to_parts(new), there := spec.to_parts(newest))
    return newest if parts == there else recorded_as(spec, newest, parts)


def recorded_as(spec: TableSpec[S], newest: S, parts: Parts) -> S:
    """Return a state of these parts, which is to be recorded after the newest one."""
    return spec.of_parts(parts, Origin(newest.account, newest.number, newest.written, "the state", newest.recorded))


def _record(  # noqa: PLR0913, PLR0917 - what a record consists of
    table: str, account: AccountId, number: int, before: Parts, wanted: Parts, run: str, written: int
) -> Record:
    whole = checkpoint_due(number)
    return Record(
        record_version=RECORD_VERSION,
        table=table,
        account=account,
        number=number,
        base=None if whole else number - 1,
        commit=secrets.token_hex(16),
        run=run,
        written=written,
        **changes(NOTHING if whole else before, wanted),
    )


def _create(store: Store, record: Record) -> bool:
    """Write a record under its number, and say whether it is ours that is there.

    Raises:
        CommitUnknownError: after several attempts that is not known.
    """
    path, data = record_path(record.table, checked_account(record.account), record.number), to_json(record)
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


def _too_late(store: Store, spec: TableSpec[S], record: Record, since: int, now: float) -> bool:
    """Say whether a record that was just created has a number that does not count any more.

    That takes a writer that slept for days: its number was used, and cleared away, meanwhile. Of what was written
    today that need not be asked.

    Args:
        store: the destination.
        spec: of the table.
        record: the record.
        since: when what it goes on from was written, UTC seconds.
        now: UTC seconds.
    """
    if record.base is None or 0 <= now - since < SURE_SECONDS:
        return False
    account = checked_account(record.account)
    listed = max(_numbers(store, spec.name, account), default=record.number)
    records, _ = _back_from(store, spec, account, listed, above=record.number)
    return any(one.lowest is not None and record.number < one.lowest for one in records[:1])


def _with_lowest(store: Store, spec: TableSpec[Any], record: Record, now: int) -> Record:
    """Return a checkpoint with the lowest number that is to count from now on; another record as it is.

    The checkpoint before it counts in any case: a listing that does not show this one yet leads to it by that one.
    """
    if record.base is not None:
        return record
    folder = _folder(record.table, record.account)
    young = [_number(info.path) for info in store.list(folder) if info.changed / 1e9 >= now - KEPT_SECONDS]
    before = _checkpoint_before(store, spec, record)
    return with_lowest(record, min([before, *(one for one in young if one)]))


def _checkpoint_before(store: Store, spec: TableSpec[Any], record: Record) -> int:
    """Return the number of a checkpoint before a record's, as a rule of the latest; 1 where there is none.

    The one that this version would have written is looked for first.
    """
    number = next((one for one in range(record.number - 1, 1, -1) if checkpoint_due(one)), 1)
    account = checked_account(record.account)
    while number > 1 and (there := _record_at(store, spec, account, number)) is not None and there.base is not None:
        number = there.base
    return number


def _clear(store: Store, record: Record) -> None:
    """Remove the records that do not count any more, the oldest first."""
    if record.lowest is not None and record.lowest > 1:
        folder = _folder(record.table, record.account)
        numbers = sorted(_numbers(store, record.table, record.account))
        for number in [one for one in numbers if one < record.lowest][:CLEARED_AT_ONCE]:
            store.delete(f"{folder}/{number:014d}.json")


def _numbers(store: Store, table: str, account: str) -> list[int]:
    """Return the numbers of the records that are listed."""
    return [number for info in store.list(_folder(table, account)) if (number := _number(info.path))]


def _number(path: str) -> int:
    """Return the number that a record's name has; 0 for a file of another name."""
    found = _NAME.fullmatch(path.rpartition("/")[2])
    return int(found[1]) if found else 0


def _folder(table: str, account: str) -> str:
    return f"{FOLDER}/{table}/{account}"


def _back_from(
    store: Store, spec: TableSpec[Any], account: AccountId, number: int, *, above: int = 0
) -> tuple[list[Record], int]:
    """Read back from a record to the checkpoint that it builds on.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        number: of the record to begin with.
        above: read no record of this number, or of a lower one.

    Returns:
        The records, oldest first, and the number of the one that is missing before them, or 0 if none is.
    """
    found: list[Record] = []
    while number > above:
        if (record := _record_at(store, spec, account, number)) is None:
            return found[::-1], number
        found.append(record)
        number = record.base or 0
    return found[::-1], 0


def _followed(store: Store, spec: TableSpec[Any], account: AccountId, records: list[Record]) -> tuple[Record, Parts]:
    """Return the newest record, and the state by it, of some that begin with a checkpoint and of what follows them."""
    newest, parts = records[-1], parts_after(records)
    while (record := _record_at(store, spec, account, newest.number + 1)) is not None:
        newest, parts = record, applied(parts, record)
    return newest, parts


def _record_at(store: Store, spec: TableSpec[Any], account: AccountId, number: int) -> Record | None:
    where = record_path(spec.name, account, number)
    there = store.read(where)
    if there is None:
        return None
    folders = tuple(f"{table}/account={account}/" for table in spec.tables)
    return from_json(there.data, Expected(where, spec.name, account, number, folders, spec.remedy))


def _where(record: Record) -> str:
    return record_path(record.table, checked_account(record.account), record.number)


def _origin(record: Record) -> Origin:
    return Origin(checked_account(record.account), record.number, record.written, _where(record))
