"""Several runs commit to one table at once, on stores that lose answers: nothing is lost, nothing is there twice."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.state.data_file import DataFile, folder_of
from connector.core.state.intent import IntendedFile
from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.table_state import TableState
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId
from connector.errors import ConnectorError, StorageError
from connector.lake.state import intents, table_states
from connector.lake.state.commits import LATE_SECONDS, Commits
from connector.lake.state.intents import RunIntents
from connector.lake.state.lease import lease_of
from connector.lake.state.leases import write_lease
from connector.lake.state.writes import Write
from connector.lake.stores.disk import sha256_of
from connector.lake.stores.local import LocalStore
from connector.lake.writing.rewrite import PartitionRewrite, StagedFile, StaleFileError, stage, stage_again
from connector.lake.writing.row_buffer import RowBuffer
from tests.support.examples import examples
from tests.support.memory_store import MemoryStore
from tests.support.samples import JSONL as ZSTD
from tests.support.samples import START, Row, batch_of
from tests.support.schedules import FAULTS, KilledError, ScheduledStore, Writer, arrive, in_this_order

if TYPE_CHECKING:
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store

ACCOUNT = AccountId("acct_1")
FORM = replace(ZSTD)
FOREVER = Interval(START, START + 3 * DAY)
TRUTH = [Row(START + day * DAY + second, f"txn_{day}{second}") for day in range(3) for second in range(0, 60, 10)]
"""What Stripe has: some rows on each of three days. Each is pending when it is looked at early."""


@dataclass
class Run:
    """What one writer has read: the rows of some seconds, of each as it was early or late.

    Attributes:
        name: of the run.
        seconds: what it read.
        early: whether it read before the rows' status changed.
        seen: ids of rows that it was told are in the lake.
        form: of its files.
    """

    name: str
    seconds: Intervals
    early: bool = False
    seen: set[str] = field(default_factory=set)
    form: Format = FORM

    def rows(self, within: Intervals) -> list[Row]:
        status = "pending" if self.early else "available"
        return [replace(row, status=status) for row in TRUTH if row.created in within]

    def commit(self, store: Store, *, times: int = 1) -> None:
        """Bring what was read into the lake, as runs do; in several commits, if there are several days."""
        state = table_states.load(store, ACCOUNT) or TableState(ACCOUNT, FORM.name, Granularity.DAY)
        if not state.number:
            state = table_states.commit(store, state, run=self.name)
        commits = Commits(store, TRANSACTIONS, ACCOUNT, self.name)
        days = [partition_of(START + day * DAY, Granularity.DAY) for day in range(3)]
        days = [key for key in days if self.seconds.within(key.bounds)]
        size = -(-len(days) // times) or 1
        for some in (days[at : at + size] for at in range(0, len(days), size)):
            writes = []
            for key in some:
                state, write = self.staged(store, commits, state, key)
                writes.append(write)
            outcome = commits.commit(state, writes)
            state = outcome.state
            self.seen |= {row.id for one in outcome.visible for row in self.rows(one.result)}
            for _, failure in outcome.failed:
                raise failure
        commits.end()

    def staged(self, store: Store, commits: Commits[TableState], state: TableState, key: Any) -> Any:
        within = self.seconds.within(key.bounds)
        folder = partition_folder("balance_transactions", ACCOUNT, key)
        for _ in range(8):
            rewrite = PartitionRewrite(folder, self.form.file_of(state.files, folder), within)
            with RowBuffer(store.scratch) as buffer:
                buffer.put(key, batch_of(self.form, self.rows(within)))
                with buffer.take(key, within) as runs:
                    try:
                        staged = stage(store, self.form, rewrite, runs)
                    except StaleFileError:
                        state = commits.catch_up(state)
                        continue
            return state, self.write(store, rewrite, staged, rewrite.old)
        raise StorageError("somebody else was always there first")

    def write(
        self, store: Store, rewrite: PartitionRewrite, staged: StagedFile, replaced: DataFile | None
    ) -> Write[Intervals]:
        def again(newest: DataFile | None) -> Write[Intervals]:
            made = stage_again(store, self.form, replace(rewrite, old=newest), staged)
            return self.write(store, replace(rewrite, old=newest), made, newest)

        intended = IntendedFile(
            folder=rewrite.folder,
            file=staged.file,
            replaces=replaced.sha256 if replaced else None,
            covered=tuple((part.start, part.stop) for part in rewrite.within),
        )
        return Write(intended, staged.path, staged.condition, again, rewrite.within)


@contextmanager
def a_store(kind: str):
    """A new store of a kind."""
    with TemporaryDirectory() as folder:
        if kind == "local":
            yield LocalStore(Path(folder))
        else:
            yield MemoryStore(Path(folder), clock=count(time.time_ns()))


def held(store: Store, state: TableState) -> list[Row]:
    """The rows of all files that are visible, by what the files say; each is as the state says."""
    found: list[Row] = []
    there = [info.path for info in store.list("balance_transactions")]
    assert there == sorted(state.files), "what is visible is what the state names"
    for path in there:
        with store.opened(path) as local:
            assert sha256_of(local) == state.files[path].sha256, f"{path} is not as the state says"
            with FORM.open_reader(local) as batches:
                rows = [row for batch in batches for row in batch.to_pylist()]
        found += [Row(int(row["created"].timestamp()), row["id"], status=row["status"]) for row in rows]
    return found


def possible(kind: str, faults: dict[int, str]) -> dict[int, str]:
    """What may happen on a kind of store: on a disk nothing arrives late, and a writer is told of his own success."""
    return {at: what for at, what in faults.items() if kind != "local" or what not in {"late", "taken"}}


SECONDS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([(0, 30), (20, 60), (0, DAY), (0, DAY)])), min_size=1, max_size=3
).map(lambda parts: Intervals.of(Interval(START + day * DAY + lo, START + day * DAY + hi) for day, (lo, hi) in parts))
WRITERS = st.lists(
    st.tuples(
        SECONDS,
        st.booleans(),
        st.sampled_from([0, 0, 0, *range(3, 60)]),
        st.dictionaries(st.integers(1, 9), st.sampled_from(FAULTS), max_size=2),
        st.integers(1, 3),
    ),
    min_size=2,
    max_size=3,
)


@pytest.mark.parametrize("kind", ["memory", "local"])
@settings(max_examples=examples(400), deadline=None)
@given(WRITERS, st.lists(st.integers(0, 11), max_size=150), st.lists(st.integers(0, 150), max_size=4))
def test_whatever_becomes_of_writers_at_once_no_row_is_lost_none_is_there_twice_and_nothing_old_comes_back(
    kind, writers, order, arrivals
):
    with a_store(kind) as store:
        late: list[Any] = []
        turns: dict[str, Writer] | None = {} if kind == "local" else None
        runs = [Run(f"run{number}", seconds, early) for number, (seconds, early, *_) in enumerate(writers)]

        def act_of(run: Run, times: int):
            return lambda writer: run.commit(ScheduledStore(store, writer, late, turns), times=times)

        actors = [
            Writer(act_of(run, times), kills_at=kills, faults=possible(kind, faults))
            for run, (_, _, kills, faults, times) in zip(runs, writers, strict=True)
        ]
        steps = count()

        def between(_: int) -> None:
            if next(steps) in arrivals and late:
                arrive(late, 0)

        in_this_order(actors, order, between)
        for actor in actors:
            assert isinstance(actor.error, ConnectorError | KilledError | None), actor.error
            assert actor.error is None or any(one.kills_at or one.faults for one in actors), "conflicts are solved"
        while late:
            arrive(late, 0)
        last = Run("last", Intervals((FOREVER,)))
        first = table_states.load(store, ACCOUNT)
        if first is not None:
            looked = Commits(store, TRANSACTIONS, ACCOUNT, "look").catch_up(first)
            rows = held(store, looked)
            ids = [row.id for row in rows]
            assert len(ids) == len(set(ids))
            there = {row.id: row for row in rows}
            assert {name for run in runs for name in run.seen} <= there.keys(), "a row that was there is lost"
            assert {row.id for row in TRUTH if row.created in looked.covered} <= there.keys(), "covered, and not there"
            late_ones = {name for run in runs if not run.early for name in run.seen}
            assert {there[name].status for name in late_ones} <= {"available"}
        last.commit(store)
        rows = held(store, table_states.load(store, ACCOUNT))
        assert rows == sorted(replace(row, status="available") for row in TRUTH)


def test_an_intent_of_what_has_been_replaced_since_undoes_nothing(tmp_path):
    store = MemoryStore(tmp_path, clock=count(time.time_ns()))
    half, all_of_it = (Intervals.span(START, START + stop) for stop in (30, DAY))
    Run("first", half).commit(store)
    (old,) = table_states.load(store, ACCOUNT).files.values()
    bytes_of_old = store.read(old.path).data
    Run("second", all_of_it).commit(store)
    state = table_states.load(store, ACCOUNT)
    intended = IntendedFile(folder=folder_of(old.path), file=old)
    RunIntents(store, "balance_transactions", ACCOUNT, "slow").write(1, [intended])
    store.write(old.path, bytes_of_old)
    assert Commits(store, TRANSACTIONS, ACCOUNT, "look").catch_up(state).files == state.files


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_what_a_run_made_visible_and_did_not_record_is_recorded_by_whoever_comes_and_stays_covered(kind):
    with a_store(kind) as store:
        run = Run("dead", Intervals((FOREVER,)))
        state = table_states.commit(store, TableState(ACCOUNT, FORM.name, Granularity.DAY), run="dead")
        commits = Commits(store, TRANSACTIONS, ACCOUNT, "dead")
        _, write = run.staged(store, commits, state, partition_of(START, Granularity.DAY))
        RunIntents(store, "balance_transactions", ACCOUNT, "dead").write(1, [write.intended])
        store.publish(write.staged, write.intended.file.path, condition=write.condition)
        looked = Commits(store, TRANSACTIONS, ACCOUNT, "next").catch_up(state, look_only=True)
        assert table_states.load(store, ACCOUNT).number == 1
        found = Commits(store, TRANSACTIONS, ACCOUNT, "next").catch_up(state)
        assert looked.files.keys() == found.files.keys() == {write.intended.file.path}
        assert found.covered == Intervals.span(START, START + DAY)
        assert (found.number, found.files) == (2, table_states.load(store, ACCOUNT).files)
        assert (found.files[write.intended.file.path].version is not None) == store.versions_last


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_of_two_runs_that_make_the_same_of_a_partition_the_second_knows_that_it_was_there(kind):
    with a_store(kind) as store:
        state = table_states.commit(store, TableState(ACCOUNT, FORM.name, Granularity.DAY))
        met = []
        for name in ("one", "two"):  # both go on from a lake without a row
            run, commits = Run(name, Intervals((FOREVER,))), Commits(store, TRANSACTIONS, ACCOUNT, name)
            met.append((commits, *run.staged(store, commits, state, partition_of(START, Granularity.DAY))))
        outcomes = [commits.commit(began, [write]) for commits, began, write in met]
        assert [one.met for outcome in outcomes for one in outcome.visible] == [False, True]


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_a_file_that_another_run_has_just_replaced_is_not_removed(kind):
    with a_store(kind) as store:
        Run("first", Intervals.span(START, START + 30)).commit(store)
        began = table_states.load(store, ACCOUNT)
        (old,) = began.files.values()
        other = Commits(store, TRANSACTIONS, ACCOUNT, "other")
        whole_day = Run("other", Intervals.span(START, START + DAY))
        state, write = whole_day.staged(store, other, began, partition_of(START, Granularity.DAY))
        RunIntents(store, "balance_transactions", ACCOUNT, "other").write(state.number, [write.intended])
        store.publish(write.staged, old.path, condition=write.condition)  # visible, and not recorded yet
        there = store.read(old.path).data
        seen: list[DataFile | None] = []

        def again(newest: DataFile | None) -> Write[None]:
            seen.append(newest)
            raise StorageError("made again of what the other run has")

        gone = IntendedFile(folder=folder_of(old.path), replaces=old.sha256)
        removing = Write(gone, None, write.condition, again, None)
        outcome = Commits(store, TRANSACTIONS, ACCOUNT, "removing").commit(began, [removing])
        assert store.read(old.path).data == there
        assert [one.sha256 for one in seen] == [write.intended.file.sha256]
        assert not outcome.visible


def test_an_intent_stays_while_its_put_may_still_arrive_by_the_stores_clock_though_ours_is_ahead(tmp_path):
    real = time.time_ns()
    store = MemoryStore(tmp_path, clock=count(real - 2 * LATE_SECONDS * 10**9))
    state = table_states.commit(store, TableState(ACCOUNT, FORM.name, Granularity.DAY))
    folder = partition_folder("balance_transactions", ACCOUNT, partition_of(START, Granularity.DAY))
    file = DataFile(f"{folder}/{FORM.file_name}", 1, 10, "a" * 64)
    RunIntents(store, TRANSACTIONS.name, ACCOUNT, "theirs").write(
        state.number, [IntendedFile(folder=folder, file=file)]
    )

    def left() -> list[str]:
        write_lease(store, lease_of("ours", "sync", utc=int(time.time())))
        Commits(store, TRANSACTIONS, ACCOUNT, "ours").catch_up(state)
        return [intent.run for _, intent in intents.others(store, TRANSACTIONS.name, ACCOUNT, "ours")]

    assert left() == ["theirs"]
    store.clock = count(real)
    assert left() == []


@pytest.mark.parametrize("kind", ["memory", "local"])
@pytest.mark.parametrize("before", [False, True])
def test_two_runs_that_write_one_day_of_a_table_at_once_have_the_rows_of_both_in_it(kind, before):
    """Each file has a name of its own, so both become visible: the record of the second says that it came second."""
    listed = replace(FORM, catalog="delta", suffix=".parquet")

    def a_run(number: int, start: int, stop: int) -> Run:
        name = f"20260101T000000Z-{number:08x}"
        return Run(name, Intervals.span(START + start, START + stop), form=listed.of_run(name))

    with a_store(kind) as store:
        state = table_states.commit(store, TableState(ACCOUNT, listed.name, Granularity.DAY))
        key = partition_of(START, Granularity.DAY)
        if before:
            a_run(0, 10, 30).commit(store)
            state = table_states.load(store, ACCOUNT)
        runs = [a_run(1, 0, 30), a_run(2, 30, DAY)]
        commits = [Commits(store, TRANSACTIONS, ACCOUNT, one.name) for one in runs]
        made = [one.staged(store, each, state, key) for one, each in zip(runs, commits, strict=True)]
        outcomes = [each.commit(at, [write]) for each, (at, write) in zip(commits, made, strict=True)]
        assert [one.failed for one in outcomes] == [[], []]
        found = table_states.load(store, ACCOUNT)
        (file,) = found.files.values()
        assert (file.rows, found.covered) == (6, Intervals.span(START, START + DAY))
        assert list(store.scratch.rglob("*.kept")) == []


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_two_runs_that_write_the_same_rows_of_a_day_of_a_table_at_once_have_them_in_it_once(kind):
    listed = replace(FORM, catalog="delta", suffix=".parquet")
    runs = [
        Run(name, Intervals((FOREVER,)), form=listed.of_run(name))
        for name in ("20260101T000000Z-00000001", "20260101T000000Z-00000002")
    ]
    with a_store(kind) as store:
        state = table_states.commit(store, TableState(ACCOUNT, listed.name, Granularity.DAY))
        key = partition_of(START, Granularity.DAY)
        commits = [Commits(store, TRANSACTIONS, ACCOUNT, one.name) for one in runs]
        made = [one.staged(store, each, state, key) for one, each in zip(runs, commits, strict=True)]
        outcomes = [each.commit(at, [write]) for each, (at, write) in zip(commits, made, strict=True)]
        assert [(one.failed, len(one.visible)) for one in outcomes] == [([], 1), ([], 1)]
        (file,) = table_states.load(store, ACCOUNT).files.values()
        assert file.rows == 6
