"""What is staged while the state is being written must be in the next one."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.page import in_file_order
from connector.core.api.versions import Versions
from connector.core.planning.coverage.plan import Plan
from connector.core.planning.windows.frontier import Frontier
from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity, shares
from connector.core.state.table_state import TableState
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId
from connector.errors import CommitConflictError, StorageError
from connector.ingest.account_plan import AccountWork
from connector.ingest.batcher import Batcher
from connector.ingest.publisher import Publisher
from connector.ingest.stager import ROUNDS, Stager
from connector.ingest.writer import PartitionWriter
from connector.lake.formats.formats import format_named
from connector.lake.layout import Lake
from connector.lake.state import table_states
from connector.lake.state.commits import SURE_ROUNDS, Commits
from connector.lake.stores.local import LocalStore
from connector.lake.writing.rewrite import StaleFileError
from connector.lake.writing.row_buffer import RowBuffer
from connector.services import Services
from connector.stripe.identity import Identity
from connector.stripe.transport import NoTransport
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.rows import OFFICIAL_ROW

ACCOUNT = AccountId("acct_1Harvest")
START = 1_767_225_600


class StoreThatRefuses:
    """A local store that refuses to publish what lies in one folder."""

    def __init__(self, root, folder):
        self.store, self.folder = LocalStore(root), folder

    def __getattr__(self, name):
        return getattr(self.store, name)

    def publish(self, staged, path, **condition):
        if self.folder in path:
            raise StorageError("no space left on the disk")
        return self.store.publish(staged, path, **condition)


class SlowStateStore:
    """A local store that holds the first write of the state until it is told to go on."""

    def __init__(self, root):
        self.store = LocalStore(root)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __getattr__(self, name):
        return getattr(self.store, name)

    def write(self, path, data, **condition):
        if "/state/" in path and not self.begun.is_set():
            self.begun.set()
            assert self.go_on.wait(ENDLESS_SECONDS)
        return self.store.write(path, data, **condition)


class StoreWithAQueue:
    """A local store whose first turn to commit comes when it is told to go on."""

    def __init__(self, root):
        self.store = LocalStore(root)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __getattr__(self, name):
        return getattr(self.store, name)

    @contextmanager
    def turn(self, folder):
        if not self.begun.is_set():
            self.begun.set()
            assert self.go_on.wait(ENDLESS_SECONDS)
        with self.store.turn(folder) as alone:
            yield alone


def row(second, **changes):
    return {**OFFICIAL_ROW, "id": f"txn_{second}", "created": second, **changes}


@pytest.mark.parametrize("granularity", list(Granularity))
def test_a_page_is_shared_out_to_the_partitions_of_its_rows(granularity):
    seconds = sorted({START + step * 40_000 for step in range(1200)} | {START, START + DAY, START + DAY - 1})
    seen = []
    for key, start, stop in shares(seconds, granularity):
        assert all(key.start <= second < key.stop for second in seconds[start:stop])
        seen.extend(seconds[start:stop])
    assert seen == seconds


@given(st.lists(st.integers(0, 6), max_size=40), st.randoms(use_true_random=False))
def test_a_page_is_put_in_the_order_of_files_whatever_the_order_of_ties(seconds, chance):
    rows = [{"created": second, "id": f"txn_{chance.random()}"} for second in sorted(seconds, reverse=True)]
    assert in_file_order(rows) == sorted(rows, key=lambda one: (one["created"], one["id"]))


@contextmanager
def writer_of_three_days(store, *, publisher=Publisher, run="20260104T000000Z-0000", state=None, changes=None):
    """A writer that has received a row on each of three days, which is all there is.

    Args:
        store: the lake.
        publisher: makes its publisher.
        run: its id.
        state: what it goes on from.
        changes: fields of its rows that are not as in the official example.
    """
    frontier = Frontier(Intervals.span(START, START + 3 * DAY))
    with RowBuffer(store.scratch) as buffer:
        lake = Lake(store, format_named("parquet"), Granularity.DAY)
        batcher = Batcher(lake, buffer, frontier)
        writer = PartitionWriter(batcher, Services(store, NoTransport()))
        begun = state or TableState(ACCOUNT, "parquet", Granularity.DAY)
        commits = Commits(store, TRANSACTIONS, ACCOUNT, run)
        now = START + 3 * DAY
        identity, work = Identity(ACCOUNT, 0, now, now), AccountWork(Plan(frontier.todo))
        writer.publish_to(
            publisher(
                lake,
                begun,
                work,
                identity,
                commits,
                Interval(START, now),
                settle=0,
                versions=Versions("2026-10-28.endive"),
                run_id=run,
            )
        )
        walk = frontier.open(4)
        rows = [row(START + day * DAY + 5, **changes or {}) for day in (2, 1, 0)]
        batcher.take(rows)
        frontier.advance(walk, rows=[one["created"] for one in rows], has_more=False, width=4)
        yield writer


@pytest.mark.anyio
async def test_of_partitions_written_together_one_that_fails_spares_the_others(tmp_path):
    with writer_of_three_days(StoreThatRefuses(tmp_path, "created_date=2026-01-02")) as writer:
        await writer._stage(writer.batcher.partitions())
        with pytest.raises(StorageError, match="no space left"):
            await writer.commit()
        state = table_states.load(writer.batcher.lake.store, ACCOUNT)
    assert [path.split("/")[2] for path in state.files] == ["created_date=2026-01-01", "created_date=2026-01-03"]
    assert state.covered == Intervals.span(START, START + 3 * DAY).minus(Intervals.span(START + DAY, START + 2 * DAY))
    assert list(writer.batcher.lake.store.scratch.iterdir()) == []


@pytest.mark.anyio
async def test_a_partition_that_others_change_whenever_it_is_staged_ends_the_run_with_an_error(tmp_path):
    class OthersAreFaster(Stager):
        async def _staged(self, parts):
            rounds.append(len(parts))
            return [StaleFileError(theirs(len(rounds)), "its bytes differ from those written") for _ in parts]

    def theirs(number):
        return DataFile(f"{folder}/part-0.parquet", 1, 9, f"{number:064x}", START, START)

    class Overtaken(Publisher):
        async def catch_up(self):
            self.state = replace(self.state, files={theirs(0).path: theirs(len(rounds))})

    rounds, folder = [], f"balance_transactions/account={ACCOUNT}/created_date=2026-01-01"
    with writer_of_three_days(LocalStore(tmp_path), publisher=Overtaken) as writer:
        stager, (first, *_) = OthersAreFaster(writer.batcher, print), writer.batcher.partitions()
        with pytest.raises(CommitConflictError, match="2026-01-01 8 times in a row"):
            await stager.stage(writer.publisher, [first])
    assert rounds == [1] * ROUNDS


@pytest.mark.anyio
@pytest.mark.parametrize("known_at", [1, 2, SURE_ROUNDS, None])
async def test_a_file_that_nobody_knows_at_first_is_merged_with_once_it_is_known_and_is_spoilt_where_it_never_is(
    tmp_path, known_at
):
    class AnothersIsThere(Stager):
        async def _staged(self, parts):
            rounds.append(len(parts))
            if known_at is not None and len(rounds) > known_at:
                return await super()._staged(parts)
            return [StaleFileError(there, "its bytes differ from those written") for _ in parts]

    class KnowsIt(Publisher):
        async def catch_up(self):
            looks.append(len(rounds))
            if len(looks) == known_at:
                self.known = True

        def rewrite_of(self, key, within):
            return replace(super().rewrite_of(key, within), counted=within if self.known else Intervals())

        known = False

    rounds, looks = [], []
    there = DataFile(
        f"balance_transactions/account={ACCOUNT}/created_date=2026-01-01/part-0.parquet", 1, 9, "f" * 64, 1, 1
    )
    with writer_of_three_days(LocalStore(tmp_path), publisher=KnowsIt) as writer:
        stager, (first, *_) = AnothersIsThere(writer.batcher, lambda *_: None), writer.batcher.partitions()
        if known_at is None:
            with pytest.raises(StaleFileError, match="read again"):
                await stager.stage(writer.publisher, [first])
            assert rounds == [1] * (SURE_ROUNDS + 1)
        else:
            await stager.stage(writer.publisher, [first])
            assert list(writer.publisher.staged) == [first]
            assert rounds == [1] * (known_at + 1)


@pytest.mark.anyio
@pytest.mark.parametrize("refused", ["created_date=2026-01-02", "none"])
async def test_only_a_run_whose_last_file_is_written_says_that_it_read_everything(tmp_path, refused):
    with writer_of_three_days(StoreThatRefuses(tmp_path, refused)) as writer:
        failure = await writer._settle_up(complete=True)
        assert isinstance(failure, StorageError) == (refused != "none")
        assert table_states.load(writer.batcher.lake.store, ACCOUNT).read_until == (
            START + 3 * DAY if refused == "none" else 0
        )


@pytest.mark.anyio
async def test_a_file_sealed_while_the_state_is_written_is_in_the_next_one(tmp_path):
    store = SlowStateStore(tmp_path)
    with writer_of_three_days(store) as writer:
        days = writer.batcher.partitions()
        await writer._stage([days[0]])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.commit)
            await anyio.to_thread.run_sync(store.begun.wait, 10)
            await writer._stage([days[1]])
            store.go_on.set()
        await writer._stage([days[2]])
        await writer.commit()
    state = table_states.load(store, ACCOUNT)
    assert state.rows == 3
    assert len(state.files) == 3
    assert state.covered.parts == (Interval(START, START + 3 * DAY),)
    assert state == writer.publisher.state


@pytest.mark.anyio
async def test_what_others_made_is_taken_over_once_the_commit_under_way_is_through(tmp_path):
    store, others = StoreWithAQueue(tmp_path), LocalStore(tmp_path)

    async def others_commit(run, **changes):
        state = table_states.load(others, ACCOUNT)
        with writer_of_three_days(others, run=run, state=state, changes=changes) as other:
            await other._stage(other.batcher.partitions()[2:])
            await other.commit()

    await others_commit("20260104T000000Z-0001")
    begun = table_states.load(others, ACCOUNT)
    with writer_of_three_days(store, state=begun) as writer:
        await writer._stage(writer.batcher.partitions()[:1])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.commit)
            await anyio.to_thread.run_sync(store.begun.wait, 10)
            await others_commit("20260104T000000Z-0002", amount=2)
            tasks.start_soon(writer.publisher.catch_up)
            await anyio.wait_all_tasks_blocked()
            await others_commit("20260104T000000Z-0003", amount=3)
            store.go_on.set()
        await writer._stage(writer.batcher.partitions())
        await writer.commit()
    state = table_states.load(others, ACCOUNT)
    assert state == writer.publisher.state
    assert state.rows == 3
