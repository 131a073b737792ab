"""A lake held against a plain model, step by step: rows come late, vanish, flip; runs end well, badly, or not at all.

Each rule is a step: 150 of them in `make test`, 2,000 in `make test-all`, and
`MODEL_EXAMPLES=400 pytest tests/ingest/test_sync_model.py` takes 40,000. No rule has a precondition: how many requests
a run takes, and so what is there, is not the same each time.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio
import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from connector.config.config import ApiKey, Config
from connector.core.api.retry import RetryPolicy
from connector.core.planning.coverage.plan import REFRESH_AGAIN
from connector.core.state.data_file import parked_seconds
from connector.core.state.record import EVERY
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.tuning import RunTuning
from connector.core.units import DAY
from connector.errors import (
    CommitConflictError,
    ConnectorError,
    DamagedError,
    InvalidRequestError,
    ProtocolError,
    StorageError,
    TransportError,
)
from connector.ingest.calls import sync_with
from connector.ingest.options import options_of
from connector.lake.paths import STATE
from connector.lake.state import intents, record_files, state_log
from connector.lake.state.table_states import TABLE, compare, states
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from connector.services import Services
from tests.support.dating import Dated
from tests.support.examples import EXTENT, examples
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.fuse import Died, Fuse
from tests.support.lakes import data_files, objects, strays
from tests.support.model import START, Model
from tests.support.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.state.table_state import TableState

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", examples(20)))
STEPS = 100 if EXTENT == "thorough" else 30
SETTLE = 600
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - forcing files to a real disk takes the time

EAGER = RunTuning(commit_seconds=0.003, commit_share=1.0, park_seconds=0.003, park_rows=10)
"""Commits and parks all the time."""

ABORTS = {
    "outage": TransportError("no route"),
    "refusal": InvalidRequestError("no", status=400),
    "garbage": ProtocolError("not a list"),
}


class LakeAgainstModel(RuleBasedStateMachine):
    """The lake, the model, and what may be said of the lake.

    Attributes:
        takes_turns: whether runs at once take turns to commit; else two may count one row as new, and each is counted.
    """

    takes_turns = True

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(dir=MEMORY)
        self.model = Model(random.Random(0))
        self.fuse = Fuse()
        self.lake = self.place("lake")
        self.held: dict[str, dict[str, Any]] = {}
        self.excused: set[str] = set()
        self.shaken = False
        self.held_up: TableState | None = None
        self.dates: dict[str, int] = {}
        self.weeks = 0  # that have passed for those who write records by themselves

    # Where the lake is ------------------------------------------------------------------------------------------------

    def place(self, name: str) -> Any:
        """A place for a lake: the lake itself, or another one to compare it with."""
        return Path(self.folder.name) / name

    def opened(self, lake: Any) -> Any:
        """The store of a lake, as who only looks has it."""
        return LocalStore(lake)

    def dated(self, now: float) -> Any:
        """The store of the lake, by whose clock it is another time."""
        return Dated(self.lake).of(self.dates, now)

    def guarded(self, lake: Any) -> Any:
        """The store of a lake, behind the fuse."""
        return self.fuse.store(lake)

    def announced(self, run: str) -> list[str]:
        """What a complete run has left of what was said of files to come."""
        return [one.path for one in self.opened(self.lake).list(f"{STATE}/intents")]

    def readable(self) -> Any:
        """The lake, as who reads its rows names it."""
        return self.lake

    def shown(self) -> Path:
        """The folder in which readers see the lake's files."""
        return self.lake

    def files(self, lake: Any) -> dict[str, str]:
        """SHA-256 of every file that readers see, by path."""
        return data_files(lake)

    def strays(self) -> list[str]:
        """Files that should not have been left."""
        return strays(self.lake)

    @initialize(
        seed=st.integers(0, 2**32),
        rows=st.integers(0, 90),
        size=st.sampled_from([3, 9, 40]),
        form=st.sampled_from(["parquet", "jsonl.plain"]),
        partition=st.sampled_from(["day", "day", "month"]),
    )
    def begin(self, seed, rows, size, form, partition):
        self.model.chance.seed(seed)
        self.model.size = size
        self.options = {"format": form, "partition": partition}
        self._add(rows, 0, 9 * DAY, 0, 0)

    def teardown(self):
        """In the end everything is right: flips that lagged are home, and the bytes are those of one clean run."""
        try:
            for _ in range(2):
                self.model.now += 7 * 3_600
                self.run(width=8, where=None, full=False, arrivals=0, hurry=0)
            if not self.model.gone:
                self.run(width=8, where=None, full=bool(self.excused), arrivals=0, hurry=0)
                now = self.model.now
                assert sorted(self.held) == sorted(one.id for one in self.model.visible(now))
                assert all(self.held[one.id] == one.at(now) for one in self.model.entries if one.id in self.held)
                self.fuse.watcher = Watcher()
                fresh = self.place("fresh")
                self._sync(fresh, width=3)
                assert self.files(self.lake) == self.files(fresh)
        finally:
            self.folder.cleanup()

    # What happens at Stripe -------------------------------------------------------------------------------------------

    def _add(self, count, age, spread, late, lag):
        covered = self._covered()
        for _ in range(count):
            created = self.model.now - age - self.model.chance.randrange(spread + 1)
            wait = self.model.chance.choice([0, 3_600, 2 * DAY, 5 * DAY])
            entry = self.model.add(created, wait=wait, late=late, lag=lag)
            if entry.created in covered:
                self.excused.add(entry.id)

    @rule(count=st.integers(1, 12), age=st.sampled_from([0, 0, 30, 2 * DAY]), spread=st.sampled_from([0, 500, DAY]))
    def rows_come(self, count, age, spread):
        self._add(count, age, spread, 0, 0)

    @rule(count=st.integers(1, 5), age=st.sampled_from([0, 100]), late=st.sampled_from([1, 300, SETTLE]))
    def rows_come_that_are_visible_late(self, count, age, late):
        self._add(count, age, 0, late, 0)

    @rule(count=st.integers(1, 5), late=st.sampled_from([SETTLE + 1, 5_000]))
    def rows_come_that_are_visible_later_than_any_settling(self, count, late):
        for _ in range(count):
            self.excused.add(self.model.add(self.model.now, wait=DAY, late=late).id)

    @rule(count=st.integers(1, 3))
    def rows_come_whose_status_lags(self, count):
        self._add(count, 0, 100, 0, 20_000)

    @rule(seconds=st.sampled_from([1, 599, 600, 601, 4_000, DAY, 3 * DAY]))
    def time_passes(self, seconds):
        self.model.now += seconds

    @rule(pick=st.integers(0, 30))
    def a_row_vanishes_now_and_then(self, pick):
        if pick == 0 and len(self.model.entries) > 20 and not self.model.gone:
            self.model.gone.add(self.model.chance.choice(self.model.entries).id)

    # What we do -------------------------------------------------------------------------------------------------------

    @rule(
        width=st.sampled_from([1, 2, 8, 30]),
        where=st.none() | st.tuples(st.integers(0, 14 * DAY), st.integers(1, 4 * DAY)),
        full=st.sampled_from([False, False, False, True]),
        arrivals=st.sampled_from([0, 0, 2]),
        hurry=st.sampled_from([0, 0, 1, 3_600]),
    )
    def run(self, width, where, full, arrivals, hurry):
        """A run that comes to its end."""
        began, there = self.model.now, self.model.visible(self.model.now)
        self.model.arrivals, self.model.hurry = arrivals, hurry
        since, until = (START + where[0], START + sum(where)) if where else (0, inf)
        asked = {"since": since, "until": until} if where else {}
        gone_before = set(self.held) & self.model.gone
        repair = self.shaken and not where
        try:
            report, damaged = self._sync(self.lake, width=width, full_refresh=full, repair=repair, **asked), False
        except DamagedError as failure:  # rows of a file that a killed run left newer than the state
            assert self.shaken, "nothing else is lost"
            assert self.model.gone, "what Stripe lists is read again"
            report, damaged = failure.report, True
        self.model.arrivals = self.model.hurry = 0
        assert not self.announced(report.run_id), "a complete run has nothing to announce"
        may_lose, self.shaken = self.model.gone if repair or damaged else (), self.shaken and not repair
        (account,) = report.accounts
        asked_for = [one for one in there if since <= one.created < until]
        if full:
            self.excused -= {one.id for one in asked_for}
            inside = {one.id for one in self.model.entries if since <= one.created < until} & gone_before
            assert len(inside) <= account.rows_disappeared <= len(gone_before)  # the audit looks elsewhere, too
        self._look(may_lose)
        missing = {one.id for one in asked_for} - self.held.keys() - self.excused
        assert not missing
        for one in asked_for:
            patience = 0 if one.flips_at == one.available_on else REFRESH_AGAIN
            if one.id in self.held and one.flips_at <= began - patience:
                assert self.held[one.id]["status"] == "available", one
        assert self.shaken or account.lake_rows == len(self.held)

    @rule(
        width=st.sampled_from([1, 3, 20]),
        requests=st.integers(1, 14),
        how=st.sampled_from(["cancel", "cancel", *ABORTS]),
        full=st.booleans(),
    )
    def run_cut_at_a_request(self, width, requests, how, full):
        limit = self.model.requests + requests

        def cut(number: int) -> None:
            if number >= limit:
                if how != "cancel":
                    raise ABORTS[how]
                self.scope.cancel()

        self.model.before = cut
        with suppress(ConnectorError):
            self._sync(self.lake, width=width, full_refresh=full)
        self.model.before = lambda _: None
        self._look()

    @rule(
        width=st.sampled_from([1, 3, 20]),
        writes=st.integers(1, 25),
        died=st.booleans(),
        after=st.booleans(),
        full=st.booleans(),
    )
    def run_cut_at_a_write(self, width, writes, died, after, full):
        self.fuse.light(writes, Died() if died else StorageError("no space left"), after=died and after)
        with suppress(ConnectorError, Died, BaseExceptionGroup):
            self._sync(self.lake, width=width, full_refresh=full)
        self.shaken |= self.fuse.blown and died
        self.fuse.out()
        self._look()

    @rule(
        width=st.sampled_from([1, 3, 20]),
        middle=st.none() | st.sampled_from([5 * DAY, 5 * DAY + DAY // 2, 9 * DAY + 7_200]),
        arrivals=st.sampled_from([0, 0, 2]),
    )
    def two_runs_at_once(self, width, middle, arrivals):
        """Two runs that come to their ends, of the same time or of times apart: each row once, whoever comes first.

        Times apart may share a partition: the run that ends last makes it visible.
        """
        apart = middle is not None
        halves = [{"until": START + middle}, {"since": START + middle}] if apart else [{}, {}]
        began, there = self.model.now, self.model.visible(self.model.now)
        self.model.arrivals = arrivals
        self._watch(0, END_OF_TIME)
        if apart:
            self.fuse.watcher.rows = ()  # of a partition that both touch, each knows only what it was asked for itself
        before, damaged, new = len(self.held), [], list[int]()

        async def one(half: dict[str, int]) -> None:
            try:
                report = await self._syncing(self.lake, width=width, **half)
                new.append(report.accounts[0].rows_new)
            except DamagedError:
                assert self.shaken, "nothing else is lost"
                damaged.append(half)

        async def both() -> None:
            with anyio.fail_after(ENDLESS_SECONDS):
                async with anyio.create_task_group() as tasks:
                    for half in halves:
                        tasks.start_soon(one, half)

        anyio.run(both)
        self.model.arrivals = 0
        self._look(self.model.gone if damaged else ())
        counted, came = sum(new), len(self.held) - before
        assert self.shaken or damaged or counted == came or (counted > came and not self.takes_turns), "new once"
        assert not {one.id for one in there} - self.held.keys() - self.excused
        for one in there:
            patience = 0 if one.flips_at == one.available_on else REFRESH_AGAIN
            if one.id in self.held and one.flips_at <= began - patience:
                assert self.held[one.id]["status"] == "available", one

    @rule()
    def a_writer_is_held_up(self):
        """Somebody has loaded the state, and is about to write the record after it."""
        self.held_up = self._state() or self.held_up

    @rule(week=st.booleans())
    def the_writer_goes_on(self, week):
        """Its number was taken meanwhile; a week later it is free again, below the checkpoint, and counts as taken."""
        late, self.held_up = self.held_up, None
        if late is None:
            return
        before = self._a_week_passes() if week else self._state()
        done = self._turn(late)
        self._holds_as_before(before)
        assert self._state() == done
        assert done.number == before.number + 1

    @rule(week=st.booleans())
    def a_record_arrives_late(self, week):
        """What a process that was killed had sent, after others have gone on: nothing comes of it."""
        before = self._state()
        path, data = self.fuse.undelivered.pop() if self.fuse.undelivered else ("", b"")
        if not path or before is None or int(Path(path).stem) > before.number:
            return
        before = self._a_week_passes() if week else before
        with suppress(CommitConflictError):
            self.opened(self.lake).write(path, data, condition=ABSENT)
        assert self._state() == before
        self._holds_as_before(before)

    def _a_week_passes(self) -> TableState:
        """Have records be written until those that are there now were cleared away; return the state."""
        there = max(number for number in record_files.numbers(self.opened(self.lake), TABLE, self._state().account))
        for _ in range(2 * EVERY):
            state = self._turn(self._state())
        assert there not in record_files.numbers(self.opened(self.lake), TABLE, state.account)
        return state

    def _turn(self, state: TableState) -> TableState:
        """Record that the account had its turn to be asked about again, a week after the one before."""
        self.weeks += 1
        wanted = replace(state, audits=replace(state.audits, turn=state.audits.turn + 1))
        now = time.time() + self.weeks * 8 * DAY
        return state_log.commit(self.dated(now), TRANSACTIONS, wanted, now=lambda: now)

    def _holds_as_before(self, before: TableState) -> None:
        state = self._state()
        assert (state.covered, state.asked, state.files, state.parked) == (
            before.covered,
            before.asked,
            before.files,
            before.parked,
        )
        self._look()

    def _state(self) -> Any:
        return next(states(self.opened(self.lake)), None)

    def _sync(self, lake: Path, *, width: int, **options: Any) -> Any:
        self._watch(options.get("since", 0), options.get("until", END_OF_TIME))

        async def go() -> Any:
            with anyio.fail_after(ENDLESS_SECONDS), anyio.CancelScope() as self.scope:
                return await self._syncing(lake, width=width, **options)

        return anyio.run(go)

    async def _syncing(self, lake: Any, *, width: int, **options: Any) -> Any:
        config = Config(
            ApiKey("sk_test_model"),
            api_base="http://127.0.0.1:1",
            rate=inf,
            max_in_flight=width,
            retry=RetryPolicy(attempts=2, first=0.0005, longest=0.001, least=0.0),
        )
        asked = {"since": None, "until": None, "settle": SETTLE} | self.options | options
        services = Services(self.guarded(lake), self.model, tuning=EAGER)
        return await sync_with(services, config, options_of(asked), wait=0.0)

    def _watch(self, since: int, until: int) -> None:
        """Let the watcher know what a reader may expect of the files that the run makes visible."""
        found = next(states(self.opened(self.lake)), None)
        asked = Intervals.span(since, until).union(found.asked if found else Intervals())
        there = [one for one in self.model.visible(self.model.now) if one.id not in self.excused]
        self.fuse.watcher.begin(self.shown(), asked, self.model.now - SETTLE, there)

    # What must be true ------------------------------------------------------------------------------------------------

    def _covered(self) -> Any:
        """The seconds that count as read, or will once the next run records what a killed one left."""
        store = self.opened(self.lake)
        found = next(states(store), None)
        if found is None:
            return ()
        said = [intent for _, intent in intents.others(store, TABLE, found.account, run="")]
        left = Intervals.of(Interval(*pair) for intent in said for one in intent.files for pair in one.covered)
        return found.covered.union(parked_seconds(found.parked.values())).union(left)

    def _rows(self) -> dict[str, dict[str, Any]]:
        """The rows of the lake; those of before where a killed run has left files that no record names yet."""
        try:
            return {row["id"]: row for row in objects(self.readable())}
        except pa.ArrowInvalid:
            if not self.shaken:
                raise
            return self.held

    def _look(self, may_lose: Collection[str] = ()) -> None:
        """Hold the lake against the model, however the run ended.

        Args:
            may_lose: rows no longer listed, whose file a killed run left newer than the state: it was read again.
        """
        assert not self.fuse.watcher.broken, "a reader met a partition in part, and not the newest"
        store, known = self.opened(self.lake), {one.id: one for one in self.model.entries}
        found = next(states(store), None)
        if found is None:
            assert not self.held
            return
        if not self.shaken:  # a killed run's files may be newer than the state, until they are read again
            assert not [one for one in compare(store, found, full=True) if one.kind != "extra"]
            assert self.strays() == []
        before, self.held = self.held, self._rows()
        assert self.shaken or before.keys() - self.held.keys() <= set(may_lose), "a row that was there is lost"
        for name, row in self.held.items():
            entry = known[name]
            assert row in (entry.at(entry.flips_at), entry.at(self.model.now), entry.at(0))
            assert row["status"] == "pending" or entry.flips_at <= self.model.now
            assert not (name in before and before[name]["status"] == "available" and row["status"] == "pending")
        missing = [one for one in self.model.visible(self.model.now) if one.created in found.covered]
        missing = [one for one in missing if one.id not in self.held and one.id not in self.excused]
        assert not missing, "covered, and not there"


LakeAgainstModel.TestCase.settings = settings(
    max_examples=EXAMPLES,
    derandomize="MODEL_AT_RANDOM" not in os.environ,  # the same each time, but where somebody looks for more
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLakeAgainstModel = LakeAgainstModel.TestCase
