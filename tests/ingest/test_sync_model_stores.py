"""The model of a lake's life, over a store that loses answers, carries puts out late, refuses, and lists what was."""

from __future__ import annotations

import hashlib
import os
import random
import time
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from connector.config.destination import Destination
from connector.errors import ConnectorError
from connector.lake.paths import STATE
from connector.lake.state.commits import LATE_SECONDS
from connector.lake.state.table_states import TABLE
from connector.lake.stores.base import open_store
from tests.ingest.test_sync_model import STEPS, LakeAgainstModel
from tests.support.examples import examples
from tests.support.faulty_store import Faults, FaultyStore


class FaultyStoreAgainstModel(LakeAgainstModel):
    """The same lives, in a store in memory, and on bad days."""

    def place(self, name: str) -> Any:
        if not hasattr(self, "faults"):
            self.faults = Faults()
        folder = Path(self.folder.name) / name
        scratch, shown = folder / "scratch", folder / "shown"
        scratch.mkdir(parents=True)
        watcher = self.fuse.watcher
        lake = Destination(f"memory://{name}")
        lake.once(lambda: FaultyStore(scratch, self.faults, shown, self.fuse.through, partial(watcher.look, shown)))
        return lake

    def opened(self, lake: Any) -> Any:
        return open_store(lake)

    def dated(self, now: float) -> Any:
        store = self.opened(self.lake)
        store.clock = count(int(now * 1e9))
        return store

    def announced(self, run: str) -> list[str]:
        """Where nobody takes turns, what others said stays as long as its puts may arrive, by either clock."""
        there = [*self.opened(self.lake).list(STATE)]
        late = min(max(one.changed for one in there), time.time_ns()) - LATE_SECONDS * 1_000_000_000
        said = [one for one in there if one.path.startswith(f"{STATE}/intents/")]
        return [one.path for one in said if one.changed < late or one.path.endswith(f"/{run}.json")]

    def guarded(self, lake: Any) -> Any:
        return open_store(lake)

    def shown(self) -> Path:
        return self.opened(self.lake).shown

    def files(self, lake: Any) -> dict[str, str]:
        store = self.opened(lake)
        return {one.path: hashlib.sha256(store.read(one.path).data).hexdigest() for one in store.list(TABLE)}

    def strays(self) -> list[str]:
        return []

    @rule(
        seed=st.integers(0, 2**32),
        width=st.sampled_from([1, 3, 20]),
        full=st.booleans(),
        one_in=st.sampled_from([3, 8, 20]),
        arrives=st.booleans(),
    )
    def run_on_a_bad_day(self, seed, width, full, one_in, arrives):
        """A run that ends as it may; what it wrote has to be right all the same."""
        self.faults.chance, self.faults.one_in, self.faults.seen = random.Random(seed), one_in, 0
        with suppress(ConnectorError, BaseExceptionGroup):
            self._sync(self.lake, width=width, full_refresh=full)
        self.faults.chance = None
        self.shaken |= self.faults.seen > 0
        if arrives:
            self.faults.arrive()
        self._look()

    @rule()
    def what_was_late_arrives(self):
        self.shaken |= self.faults.arrive() > 0
        self._look()

    two_runs_at_once: Any = None
    """Not here: where nobody takes turns, the two may both count a row as new (of twelve such runs one). That no row is
    lost or doubled is held by `test_sync_buckets.py` and, on real stores, by `tests/integrations`."""

    def teardown(self):
        self.shaken |= self.faults.arrive() > 0
        super().teardown()


FaultyStoreAgainstModel.TestCase.settings = settings(
    max_examples=int(os.environ.get("MODEL_EXAMPLES", examples(12))),
    derandomize="MODEL_AT_RANDOM" not in os.environ,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestFaultyStoreAgainstModel = pytest.mark.slow(FaultyStoreAgainstModel.TestCase)
