"""What waits, and for what: for the run that ends last of two; for a second that is to be read once more."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from connector.core.api.versions import Versions
from connector.core.planning.coverage.plan import Plan
from connector.core.planning.windows.frontier import Frontier
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId
from connector.ingest.account_plan import AccountWork
from connector.ingest.batcher import Batcher
from connector.ingest.publisher import Publisher
from connector.ingest.writer import PartitionWriter
from connector.lake.formats.formats import format_named
from connector.lake.layout import Lake
from connector.lake.state import table_states
from connector.lake.state.commits import Commits
from connector.lake.stores.local import LocalStore
from connector.lake.writing.row_buffer import RowBuffer
from connector.services import Services
from connector.stripe.identity import Identity
from connector.stripe.transport import NoTransport
from tests.support.lakes import objects, strays
from tests.support.rows import OFFICIAL_ROW

ACCOUNT = AccountId("acct_1Harvest")
START = 1_767_225_600
NOON = START + DAY + DAY // 2
HALVES = (Interval(START, NOON), Interval(NOON, START + 3 * DAY))


class Half:
    """A run that reads a row an hour of an interval, and has planned before it knew of any other."""

    def __init__(self, writer, asked):
        self.writer, self.asked = writer, asked

    def read(self, *more):
        frontier = self.writer.batcher.frontier
        walk = frontier.open(4)
        seconds = sorted({*range(self.asked.start, self.asked.stop, 3_600), *more}, reverse=True)
        rows = [{**OFFICIAL_ROW, "id": f"txn_{second}", "created": second} for second in seconds]
        self.writer.batcher.take(rows)
        frontier.advance(walk, rows=seconds, has_more=False, width=4)
        return len(rows)

    async def end(self, *, complete=True):
        assert await self.writer._settle_up(complete=complete) is None


@contextmanager
def run_of(root, asked, number):
    run = f"20260104T000000Z-000{number}"
    store, frontier = LocalStore(root).of_run(run), Frontier(Intervals((asked,)))
    with RowBuffer(store.scratch) as buffer:
        lake = Lake(store, format_named("parquet"), Granularity.DAY)
        writer = PartitionWriter(Batcher(lake, buffer, frontier), Services(store, NoTransport()))
        now = START + 3 * DAY
        writer.publish_to(
            Publisher(
                lake,
                table_states.load(store, ACCOUNT),
                AccountWork(Plan(frontier.todo, asked=frontier.todo)),
                Identity(ACCOUNT, 0, now, now),
                Commits(store, TRANSACTIONS, ACCOUNT, run),
                asked,
                settle=0,
                versions=Versions("2026-10-28.endive"),
                run_id=run,
            )
        )
        yield Half(writer, asked)


def holds_all(root, rows):
    """Hold a lake to showing so many rows of both halves, each once, and to have nothing set aside."""
    state = table_states.load(LocalStore(root), ACCOUNT)
    assert not state.parked
    assert state.covered == Intervals.span(START, START + 3 * DAY)
    assert len(objects(root)) == state.rows == rows
    assert not list(root.glob("_stripe_balance/parked/**/*.arrow"))
    assert strays(root) == []


@pytest.mark.anyio
@pytest.mark.parametrize("first", [0, 1], ids=["the older half ends first", "the newer half ends first"])
@pytest.mark.parametrize("complete", [True, False], ids=["complete", "stopped"])
async def test_the_run_that_ends_last_makes_visible_what_both_have_read_a_part_of(tmp_path, first, complete):
    store = LocalStore(tmp_path)
    table_states.commit(store, TableState(ACCOUNT, "parquet", Granularity.DAY))
    with run_of(tmp_path, HALVES[0], 0) as older, run_of(tmp_path, HALVES[1], 1) as newer:
        one, other = (older, newer) if first == 0 else (newer, older)
        for run in (one, other):
            await run.writer.commit()  # says what it was asked for
        await one.writer.publisher.catch_up()
        rows = one.read()
        await one.end(complete=complete)
        (parked,) = table_states.load(store, ACCOUNT).parked.values()
        assert parked.key(Granularity.DAY).start == START + DAY, "the half that this run cannot complete"
        rows += other.read()
        await other.end(complete=complete)
    holds_all(tmp_path, rows)


@pytest.mark.anyio
@pytest.mark.parametrize("first", [0, 1], ids=["the older half is visible", "the newer half is visible"])
@pytest.mark.parametrize("complete", [True, False], ids=["complete", "stopped"])
async def test_the_run_that_ends_last_adds_what_it_read_to_a_part_that_became_visible_meanwhile(
    tmp_path, first, complete
):
    store = LocalStore(tmp_path)
    table_states.commit(store, TableState(ACCOUNT, "parquet", Granularity.DAY))
    with run_of(tmp_path, HALVES[0], 0) as older, run_of(tmp_path, HALVES[1], 1) as newer:
        one, other = (older, newer) if first == 0 else (newer, older)
        for run in (one, other):
            await run.writer.commit()  # the other knows of the one, and not the one of the other
        rows = one.read()
        await one.end(complete=complete)
        assert not table_states.load(store, ACCOUNT).parked
        assert len(objects(tmp_path)) == rows
        rows += other.read()
        await other.end(complete=complete)
    holds_all(tmp_path, rows)


@pytest.mark.anyio
async def test_what_is_newer_waits_for_a_visible_partition_of_which_seconds_have_to_be_read_once_more(tmp_path):
    store, whole = LocalStore(tmp_path), Interval(START, START + 3 * DAY)
    table_states.commit(store, TableState(ACCOUNT, "parquet", Granularity.DAY))
    with run_of(tmp_path, whole, 0) as run:
        rows = run.read()
        await run.end()
    with run_of(tmp_path, whole, 1) as run:
        run.read(START + 2 * DAY + 5)
        run.writer.batcher.frontier.reopen(Interval(START + 60, START + 61))
        await run.end(complete=False)
    state = table_states.load(store, ACCOUNT)
    assert START + 60 not in state.covered
    assert len(objects(tmp_path)) == rows, "the new row of the third day is parked"
    assert {one.key(Granularity.DAY).start for one in state.parked.values()} >= {START + 2 * DAY}
    with run_of(tmp_path, Interval(START + 60, START + 61), 2) as run:
        run.read()
        await run.end()
    assert len(objects(tmp_path)) == rows + 2
    assert not table_states.load(store, ACCOUNT).parked
