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

import secrets
import time
from typing import TYPE_CHECKING, Any, TypeVar

from connector.core.state.partition import checked_account
from connector.core.state.rebase import rebased
from connector.core.state.record import (
    NOTHING,
    RECORD_VERSION,
    Parts,
    Record,
    applied,
    changes,
    checkpoint_due,
    is_small,
    parts_after,
    refuse_unreadable,
)
from connector.core.state.tables import Origin, State
from connector.core.units import DAY
from connector.errors import CommitConflictError, ConfigError, ProtocolError, StateError
from connector.lake.paths import STATE
from connector.lake.state import unfinished
from connector.lake.state.lake_id import begin_lake
from connector.lake.state.record_files import (
    FOLDER,
    back_from,
    clear,
    create,
    expected_at,
    limited,
    newest_number,
    numbers,
    place_of,
    record_at,
    record_path,
    records_folder,
    written_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.state.record_files import Known
    from connector.lake.stores.base import Store

SURE_SECONDS = DAY
"""How long ago, by our own clock, a state may have been looked at, before it is asked whether the number after it still
counts. When its record was written does not tell that: its writer's clock may be ahead."""

ROUNDS = 8
"""Times that a commit is tried on what others have committed meanwhile."""

ATTEMPTS = 5
"""Times that a list is read that changes meanwhile."""

OLDER = ("manifest", "payouts", "balances")
"""Folders in which versions before this one kept what is now in the records."""

S = TypeVar("S", bound=State)


def recorded_accounts(store: Store, spec: TableSpec[Any]) -> list[AccountId]:
    """Return the accounts that a table has a state of, sorted.

    Raises:
        StateError: something else is in the folder of the records.
        ConfigError: the lake was made by a version before this one, or is being made of another one.
        StorageError: the destination cannot be read.
    """
    refuse_other_states(store)
    accounts: list[AccountId] = []
    for name in store.folders(f"{FOLDER}/{spec.name}"):
        try:
            accounts.append(checked_account(name))
        except ProtocolError as error:
            raise StateError(f"{FOLDER}/{spec.name}/{name} is no account's folder; move it away") from error
    return accounts


def refuse_other_states(store: Store) -> None:
    """Refuse a lake whose states are no finished ones of this version.

    Raises:
        ConfigError: the lake was made by a version before this one, or is being made of another one.
        StorageError: the destination cannot be read.
    """
    folders = store.folders(STATE, among=(unfinished.NAME, *OLDER))  # in others there may be thousands of empty ones
    if unfinished.NAME in folders:
        unfinished.refuse_unfinished(store)
    if older := [name for name in folders if name in OLDER]:
        raise ConfigError(
            f"this lake was made by an earlier version of stripe-balance ({STATE}/{older[0]}), which this one does not"
            " go on from: sync to a new destination, which reads everything again"
        )


def load(
    store: Store,
    spec: TableSpec[S],
    account: AccountId,
    *,
    known: Known | None = None,
    now: Callable[[], float] = time.time,
) -> S | None:
    """Return an account's state, or None when a table has none of it. Blocks.

    A listing may not show the newest records yet, so what follows it is asked for.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        known: records that were read; see `record_at`.
        now: UTC seconds.

    Raises:
        StateError: a record is gone, damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    for attempt in range(ATTEMPTS):
        seen, listed = now(), newest_number(store, spec.name, account)
        records, missing = back_from(store, spec, account, max(1, listed), known)
        if not missing:
            newest, parts = _followed(store, spec, account, records, known)
            return spec.of_parts(parts, _origin(newest, seen))
        if not listed:
            return None
        if attempt == ATTEMPTS - 1:  # else it was cleared away between the two, and the list has a later beginning
            where = record_path(spec.name, account, missing)
            raise StateError(f"{where} is gone, and later records need it: restore it from a backup, or {spec.remedy}")
    return None


def load_at(
    store: Store,
    spec: TableSpec[S],
    account: AccountId,
    number: int,
    *,
    known: Known | None = None,
) -> S | None:
    """Return an account's state as it was once a record was written; None where that cannot be told any more. Blocks.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        number: of the record, at least 1.
        known: records that were read; see `record_at`.

    Raises:
        StateError: a record is damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    seen = time.time()
    records, missing = back_from(store, spec, account, number, known)
    return None if missing else spec.of_parts(parts_after(records), _origin(records[-1], seen))


def states_before(
    store: Store, spec: TableSpec[S], newest: S, *, lately: bool
) -> Iterator[tuple[int, Mapping[str, DataFile]]]:
    """Yield the numbers of an account's records, oldest first, each with the files that the state named then. Blocks.

    Args:
        store: the destination.
        spec: of the table.
        newest: the state, as it was loaded.
        lately: begin with the latest record that would hold everything of a large state, too; else with the oldest such
            one that is there.

    One that cannot be understood, and that the newest state does not need, is as one that is not there.

    Raises:
        StateError: a record that the newest state is made of is damaged, foreign, of a newer version, or of another
            account.
        StorageError: it cannot be read.
    """
    if lately:
        records = iter(_lately(store, spec, newest))
    else:
        there = numbers(store, spec.name, newest.account)
        read = (_understood(store, spec, newest.account, number) for number in there if number <= newest.number)
        records = (record for record in read if record is not None)
    before, parts = None, NOTHING
    for record in records:
        if record.base not in {None, before}:  # of what follows a gap nothing is known until the next checkpoint
            continue
        before, parts = record.number, applied(parts, record)
        yield record.number, parts.files


def _understood(store: Store, spec: TableSpec[Any], account: AccountId, number: int) -> Record | None:
    try:
        return record_at(store, spec, account, number)
    except StateError:
        return None


def _lately(store: Store, spec: TableSpec[S], newest: S) -> list[Record]:
    """Return the latest records, oldest first, from the one on that would hold everything of a large state, too."""
    records, _ = back_from(store, spec, newest.account, newest.number)
    while records and not checkpoint_due(records[0].number):
        try:
            more, missing = back_from(store, spec, newest.account, records[0].number - 1)
        except StateError:
            break
        if missing:
            break
        records = [*more, *records]
    return records


def files_since(store: Store, spec: TableSpec[Any], account: AccountId, since: float) -> set[str]:
    """Return the paths of all files that an account's state has named since a moment, as far as records tell. Blocks.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        since: UTC seconds of the store's clock; what the state named then counts as well.

    Raises:
        StateError: a record is damaged, foreign, of a newer version, or of another account.
        StorageError: it cannot be read.
    """
    paths: set[str] = set()
    number = newest_number(store, spec.name, account)
    while number and (record := record_at(store, spec, account, number)) is not None:
        paths |= {file.path for file in record.files}
        written = written_at(store, spec.name, account, number)
        if written is not None and written <= since:
            then = load_at(store, spec, account, number)
            return paths | (set() if then is None else set(then.recorded.files))
        number -= 1
    return paths


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
        StateError: nobody could read the record again; nothing is recorded.
        StorageError: the destination refuses; what was recorded before is whole.
    """
    account = new.account
    before, wanted = new.recorded, spec.to_parts(new)
    number, seen = new.number + 1, new.seen
    if number == 1:
        begin_lake(store, now=int(now()))
    for _ in range(ROUNDS):
        at = now()
        record = limited(store, spec, _record(spec.name, account, number, before, wanted, run, int(at)), at)
        refuse_unreadable(record, expected_at(spec, account, number))
        if create(store, record) and not _too_late(store, spec, record, seen, at):
            clear(store, record)
            return spec.of_parts(wanted, _origin(record, at))
        newest = load(store, spec, account, now=now)
        if newest is None:
            raise StateError(f"{records_folder(spec.name, account)}: the records are gone; {spec.remedy}")
        there = spec.to_parts(newest)
        before, wanted = there, rebased(before, wanted, there, visible=visible)
        number, seen = newest.number + 1, newest.seen
    raise CommitConflictError(f"others have committed to {account} {ROUNDS} times in a row: run again")


def newest_of(
    store: Store, spec: TableSpec[S], state: S, *, lately: bool = False, now: Callable[[], float] = time.time
) -> S:
    """Return the newest state, of one that was loaded or committed; what others have committed since is asked for.

    Args:
        store: the destination.
        spec: of the table.
        state: that was loaded or committed.
        lately: as it was a moment ago will do.
        now: UTC seconds.

    Raises:
        StateError: a record is damaged, or gone.
        StorageError: it cannot be read.
    """
    at = now()
    if not 0 <= at - state.seen < SURE_SECONDS:  # the next records may have been cleared away
        return load(store, spec, state.account, now=now) or state
    parts, latest, number = state.recorded, None, state.number + 1
    while (lately or _is_there(store, spec, state.account, number)) and (
        record := record_at(store, spec, state.account, number)
    ) is not None:
        parts, latest, number = applied(parts, record), record, number + 1
    return state if latest is None else spec.of_parts(parts, _origin(latest, at))


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
    origin = Origin(newest.account, newest.number, newest.written, "the state", newest.recorded, newest.seen)
    return spec.of_parts(parts, origin)


def _record(  # noqa: PLR0913, PLR0917 - what a record consists of
    table: str, account: AccountId, number: int, before: Parts, wanted: Parts, run: str, written: int
) -> Record:
    whole = checkpoint_due(number) or is_small(wanted)
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


def _too_late(store: Store, spec: TableSpec[S], record: Record, seen: float, now: float) -> bool:
    """Say whether a record that was just created has a number that does not count any more.

    That takes a writer that slept for days: its number was used, and cleared away, meanwhile, and so was the one
    before, which goes first. Of what it looked at today that need not be asked.

    Args:
        store: the destination.
        spec: of the table.
        record: the record.
        seen: when it looked at what it goes on from, UTC seconds.
        now: UTC seconds.
    """
    if 0 <= now - seen < SURE_SECONDS:
        return False
    account, number = checked_account(record.account), record.number
    if number > 1:
        return not _is_there(store, spec, account, number - 1)
    return newest_number(store, spec.name, account) > 1 and not _is_there(store, spec, account, 2)


def _is_there(store: Store, spec: TableSpec[Any], account: AccountId, number: int) -> bool:
    """Say whether there is a record of a number, as of now."""
    return store.version(record_path(spec.name, account, number)) is not None


def _followed(
    store: Store, spec: TableSpec[Any], account: AccountId, records: list[Record], known: Known | None
) -> tuple[Record, Parts]:
    """Return the newest record, and the state by it, of some that begin with a checkpoint and of what follows them."""
    newest, parts = records[-1], parts_after(records)
    while (record := record_at(store, spec, account, newest.number + 1, known)) is not None:
        newest, parts = record, applied(parts, record)
    return newest, parts


def _origin(record: Record, seen: float) -> Origin:
    account = checked_account(record.account)
    return Origin(account, record.number, record.written, place_of(record), seen=seen)
