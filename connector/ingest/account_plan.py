"""What one account's part of a run has to do: what the lake lacks of it, and which of its files cannot be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from connector.core.planning.coverage.parking import distrusting, due_parked, parked_keys, setting_aside
from connector.core.planning.coverage.plan import (
    Plan,
    asked_since,
    bounds_of,
    due_files,
    plan,
    touched_files,
)
from connector.core.planning.rereading.refresh import DueStretch, windows_of_pages
from connector.core.planning.rereading.rereading import affordable, leaving, reread, rereading
from connector.core.state.partition import partition_named
from connector.core.state.table_state import believed
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.lake.reading.refresh_rows import due_stretch
from connector.lake.state import table_states
from connector.lake.state.commits import Commits
from connector.lake.state.file_check import changed_files
from connector.lake.state.intents import announced_paths
from connector.lake.state.leases import others_at_work
from connector.lake.state.parked_files import damaged
from connector.lake.state.run_reports import refuse_turned_back

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.core.units import AccountId
    from connector.ingest.options import Options
    from connector.lake.layout import Lake

ROUNDS = 8
"""Times that files are looked at again which others may have replaced since their record was read."""


@dataclass(frozen=True, slots=True)
class AccountWork:
    """What is to be read of one account, and what is there.

    Attributes:
        plan: what is to be read.
        state: the state to go on from; the time of files that are lost is not covered in it. None when the lake has
            none of the account.
        lost: files that are gone, or not as they were written: what they held is read again.
        left: such files that it would take too much to read again unasked; their partitions are left alone.
        since: when the state was written, as `FileInfo.changed`: files changed since are looked at by their bytes.
        unnamed: paths of parked files that are lost: to be removed once the state on the disk does not name them.
        beside: whether a file lies in the account's folder that the state does not name.
        counted: seconds whose rows that are no longer listed were counted before, by this run.
    """

    plan: Plan
    state: TableState | None = None
    lost: tuple[DataFile, ...] = ()
    left: tuple[DataFile, ...] = ()
    since: int | None = None
    unnamed: tuple[str, ...] = ()
    beside: bool = False
    counted: Intervals = field(default_factory=Intervals)


@dataclass(slots=True)
class Allowance:
    """Requests that a run may spend unasked on reading again what is lost, all its accounts together.

    Attributes:
        requests: how many are left.
    """

    requests: float
    _lock: Lock = field(init=False, repr=False, default_factory=Lock)

    def share_out(self, lost: list[DataFile]) -> tuple[tuple[DataFile, ...], tuple[DataFile, ...]]:
        """Return the lost files to read again, and those to leave; any thread may ask."""
        with self._lock:
            chosen, spent = affordable(lost, self.requests)
            self.requests -= spent
        return tuple(chosen), tuple(file for file in lost if file not in chosen)

    def spend(self, requests: int) -> None:
        """Take off what was spent."""
        with self._lock:
            self.requests = max(0.0, self.requests - requests)


def work_for(
    lake: Lake, options: Options, account: AccountId, now: int, allowance: Allowance, *, rounds: int = ROUNDS
) -> AccountWork:
    """Find out what a lake lacks of an account, or has lost; when repairing, files no state names are removed.

    Blocks; belongs in a worker thread.

    Args:
        lake: what is there.
        options: what is asked for.
        account: whose rows.
        now: UTC seconds.
        allowance: what may be spent on what is lost; a repair takes what it needs.
        rounds: times to look again where files seem lost that others have replaced meanwhile.

    Raises:
        StateError: when the account's state is damaged, or its newest records are gone.
        StorageError: when the destination cannot be read.
    """
    recorded = table_states.load(lake.store, account)
    if not options.repair:
        refuse_turned_back(account, 0 if recorded is None else recorded.number, lake.witnessed)
    since = 0 if recorded is None else table_states.saved(lake.store, recorded)
    commits = Commits(lake.store, TRANSACTIONS, account, lake.run)
    recorded = recorded and believed(commits.catch_up(recorded, look_only=options.dry_run, lately=True), now=now)
    recorded = recorded and _without_those_of_others(lake, recorded)
    state = recorded and _without_strange_files(lake, options, _with_parked_that_are_there(lake, recorded))
    planned = plan(
        state,
        options.asked,
        now=now,
        settle=options.settle,
        full_refresh=options.full_refresh,
        all_due=options.all_due,
    )
    if recorded is None or state is None:
        return AccountWork(planned)
    asked_for = (options.repair or options.full_refresh) and not options.dry_run
    lost, beside = _distrusted(lake, options, state, planned, since)
    if lost and rounds and commits.catch_up(recorded, look_only=options.dry_run).number != recorded.number:
        return work_for(lake, options, account, now, allowance, rounds=rounds - 1)  # others were writing meanwhile
    mended, left = (tuple(lost), ()) if asked_for else allowance.share_out(lost)
    kept, again = reread(state, mended)
    again = again.union(recorded.covered.minus(kept.covered))
    planned = leaving(planned, left, state.partition)
    if planned.refresh:
        planned = _narrowed(lake, planned, kept, now, lost={file.path for file in mended})
    planned = _with_rereading(planned, kept, again)
    unnamed = tuple(recorded.parked.keys() - kept.parked.keys())
    return AccountWork(planned, kept, mended, left, since, unnamed, beside)


def lost_files(
    lake: Lake, state: TableState, since: int | None, written: Collection[str]
) -> tuple[TableState, list[DataFile]]:
    """Return the files that are gone, or not as they were written, whoever changed them, and the state that names them.

    Where other runs have replaced some meanwhile, the state is theirs.

    Blocks; belongs in a worker thread.

    Args:
        lake: what is there.
        state: what should be there.
        since: files changed since then are looked at by their bytes; see `AccountWork`.
        written: paths of files that were just written, and are as they were.

    Raises:
        StorageError: when the destination cannot be read.
    """
    commits = Commits(lake.store, TRANSACTIONS, state.account, lake.run)
    for _ in range(ROUNDS):
        differences = table_states.compare(lake.store, state, since=since, trusted=written)
        lost = [state.files[difference.path] for difference in differences if difference.kind != "extra"]
        newest = commits.catch_up(state) if lost else state
        if newest.number == state.number:
            return state, lost
        state = setting_aside(newest, lambda parked_file: parked_file.run != lake.run)
    return state, []


def work_to_mend(state: TableState, lost: tuple[DataFile, ...]) -> AccountWork:
    """Return the work of reading lost files again."""
    kept, again = reread(state, lost)
    return AccountWork(rereading(kept, again, read_before=state.covered.minus(again)), kept, lost)


def _with_rereading(planned: Plan, state: TableState, again: Intervals) -> Plan:
    """Return a plan with what was lost besides: it is in part, too, and what is newer waits for it."""
    if not again:
        return planned
    more = rereading(state, again, read_before=planned.read_before.minus(again))
    in_part = tuple(sorted({*planned.in_part, *more.in_part}))
    return replace(
        more,
        todo=planned.todo.union(more.todo),
        refresh=planned.refresh,
        refreshes=planned.refreshes,
        asked=planned.asked,
        in_part=in_part,
    )


def _without_those_of_others(lake: Lake, state: TableState) -> TableState:
    """Return the state without rows that other runs at work have parked: they are going to complete them themselves."""
    if all(parked_file.run == lake.run for parked_file in state.parked.values()):
        return state
    others = others_at_work(lake.store, lake.run)
    return setting_aside(state, lambda parked_file: others.at_work(parked_file.run))


def _with_parked_that_are_there(lake: Lake, state: TableState) -> TableState:
    """Return the state without parked files that are lost: their seconds are read again."""
    lost = damaged(lake.store, state.parked.values())
    return distrusting(state, lost) if lost else state


def _distrusted(
    lake: Lake, options: Options, state: TableState, planned: Plan, since: int
) -> tuple[list[DataFile], bool]:
    """Return the files that are lost: gone, or not as they were written; and whether others lie beside them.

    Those to be merged with, and all when repairing, are looked at by their bytes; the others by their bytes where they
    were changed since the state was written, else by their size.
    """
    repair = options.repair and not options.dry_run
    differences = table_states.compare(lake.store, state, full=repair, since=since)
    differing = {difference.path for difference in differences if difference.kind != "extra"}
    merged = planned.todo.union(Intervals.of(key.bounds for key in parked_keys(state)))
    whole = [file for file in touched_files(state, merged) if file.path not in differing]
    lost = [*(state.files[path] for path in sorted(differing)), *changed_files(lake.store, whole)]
    return lost, any(one.kind == "extra" for one in differences)


def _without_strange_files(lake: Lake, options: Options, state: TableState) -> TableState:
    """When repairing, remove files that no state names; the time of their partitions is read again.

    A state that was damaged may have forgotten a file and not its time.
    """
    if not options.repair or options.dry_run:
        return state
    strange = [difference.path for difference in table_states.compare(lake.store, state) if difference.kind == "extra"]
    if strange:
        announced = announced_paths(lake.store, table_states.TABLE, state.account)
        strange = [path for path in strange if path not in announced]  # by a run at work
    for path in strange:
        lake.store.delete(path)
    keys = (partition_named(path.split("/")[-2], state.partition) for path in strange)
    return replace(state, covered=state.covered.minus(Intervals.of(key.bounds for key in keys if key is not None)))


def _narrowed(lake: Lake, planned: Plan, state: TableState, now: int, *, lost: Collection[str]) -> Plan:
    """Return a plan with the stretches to refresh cut down to the pages around the rows that are due.

    Files that are lost are read again as a whole.
    """
    there = [file for path, file in state.files.items() if path not in lost]
    due_ones = (file for file in due_files(state, now) if file.path not in lost)
    maybe = {file.path for file in due_ones if planned.refresh.touching(bounds_of(file, state.partition))}
    due: set[str] = set()

    def stretch(file: DataFile) -> DueStretch:
        if file.path not in maybe:
            return DueStretch(file.rows)
        rows_due = due_stretch(lake.store, lake.form, file, since=asked_since(file, now), now=now)
        due.update({file.path} if rows_due.due else ())
        return rows_due

    files = sorted(there, key=lambda file: file.first_created)
    refresh = planned.refresh.both(windows_of_pages(map(stretch, files)))
    narrowed = Intervals.of([*planned.todo.minus(planned.refresh), *refresh, *due_parked(state, now)])
    return replace(planned, todo=narrowed, refresh=refresh, refreshes=tuple(due.intersection(planned.refreshes)))
