"""The model of a lake's life, over real stores and tables: a few lives of each, drawn anew but for `.ci/run`.

The seed is in the output. `INTEGRATIONS_SEED=… make integrations` draws the same lives again.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from connector.config.destination import placed
from connector.errors import ConnectorError
from connector.lake.state.table_states import TABLE
from tests.ingest.test_sync_model import LakeAgainstModel
from tests.integrations.faulty_proxy import behind_faults, is_listing
from tests.integrations.services import settings_of
from tests.support.dating import Dating
from tests.support.examples import drawn_seed
from tests.support.extras import WHOLE, present
from tests.support.fuse import Died, Fuse
from tests.support.reading_tables import rows_in, table_of

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore
from connector.lake.stores.patience import Patience

SERVICES = ("seaweedfs", "moto", "azurite", "gcs")
KINDS = [pytest.param("delta", marks=present("deltalake")), pytest.param("iceberg", marks=present("pyiceberg"))]


class DatedBucket(Dating, ObjectStore):
    """A bucket whose clock is ahead."""


class FusedBucket(ObjectStore):
    """A bucket behind a fuse: at some put the network is gone, or the process is no more."""

    fuse: Fuse

    def write(self, path: str, data: bytes, **condition: Any) -> str:
        dead = self.fuse.blown
        try:
            return self.fuse.through(super().write, path, data, **condition)
        except Died:
            if f"/state/{TABLE}/" in path and not dead:
                self.fuse.undelivered.append((path, data))
            raise

    def publish(self, *arguments: Any, **condition: Any) -> str:
        return self.fuse.through(super().publish, *arguments, **condition)

    def delete(self, path: str) -> None:
        if isinstance(self.fuse.error, Died):
            self.fuse.through(super().delete, path)
        else:
            super().delete(path)


class BucketAgainstModel(LakeAgainstModel):
    """The same lives, in a bucket. Who looks sees the bucket as it is, not as it was a second ago."""

    service: Any = None
    behind: Any = None
    faults: Any = None
    bad_day = False
    takes_turns = False

    def place(self, name: str) -> Any:
        return f"{self.service.url}/{Path(self.folder.name).name}-{secrets.token_hex(4)}/{name}"

    def bucket(self, lake: str) -> Any:
        return open_bucket(lake, settings_of(self.service), environ={})

    def opened(self, lake: str) -> Any:
        return ObjectStore(self.bucket(lake))

    def guarded(self, lake: str) -> Any:
        hasty = open_bucket(lake, settings_of(self.behind), environ={}, patience=HASTE) if self.bad_day else None
        store = FusedBucket(hasty or self.bucket(lake))
        object.__setattr__(store, "fuse", self.fuse)
        return store

    def announced(self, run: str) -> list[str]:
        """Of its own: what others have said stays while their puts may still arrive, which is an hour."""
        return [path for path in super().announced(run) if path.endswith(f"/{run}.json")]

    def dated(self, now: float) -> Any:
        return DatedBucket(self.bucket(self.lake)).of(self.dates, now)

    def readable(self) -> Any:
        return placed(self.lake, settings_of(self.service))

    def shown(self) -> Path:
        return Path(self.folder.name) / "nothing"

    def files(self, lake: str) -> dict[str, str]:
        store = self.opened(lake)
        return {one.path: hashlib.sha256(store.read(one.path).data).hexdigest() for one in store.list(TABLE)}

    def strays(self) -> list[str]:
        return []

    @rule(
        seed=st.integers(0, 2**32),
        width=st.sampled_from([1, 3, 20]),
        full=st.booleans(),
        one_in=st.sampled_from([5, 15, 50]),
        outage=st.none() | st.tuples(st.integers(1, 40), st.integers(1, 12)),
    )
    def run_on_a_bad_day(self, seed, width, full, one_in, outage):
        """A run whose answers are lost, late, or lies, and whose listings are old; it ends as it may."""
        self.faults.choose, self.bad_day = bad_day(random.Random(seed), one_in, outage), True
        before = self.faults.seen.total() - self.faults.seen["none"]
        with suppress(ConnectorError, BaseExceptionGroup):
            self._sync(self.lake, width=width, full_refresh=full)
        self.bad_day = False
        self.faults.wait_for_the_late()
        self.shaken |= self.faults.seen.total() - self.faults.seen["none"] > before
        self._look()


FAULTS = {
    "PUT": ("cut", "late", "error after", "refuse before"),
    "DELETE": ("cut", "error after", "refuse before"),
    "GET": ("cut", "refuse before"),
}
"""What goes wrong with requests. No removal is late, as none has a condition: the documentation has what that does."""

HASTE = Patience(seconds=2.0, sleep=lambda seconds: time.sleep(seconds / 20))


def bad_day(chance: random.Random, one_in: int, outage: tuple[int, int] | None) -> Any:
    """Return what chooses a fault: of one request in some, and of all for a while, after how many and for how many."""
    asked = count(1)

    def choose(method: str, path: str) -> str | None:
        number = next(asked)
        if outage and 0 <= number - outage[0] < outage[1]:
            return "refuse before"
        if is_listing(method, path):
            return "listed late" if chance.randrange(3) == 0 else None
        rare = one_in if method != "GET" else 4 * one_in
        return chance.choice(FAULTS[method]) if method in FAULTS and chance.randrange(rare) == 0 else None

    return choose


class TableAgainstModel(LakeAgainstModel):
    """The same lives, of a lake whose files a table lists; in the end the table is read by its own library."""

    kind = ""

    def shown(self) -> Path:
        return Path(self.folder.name) / "nothing"  # older files stay in the folder: who reads it goes by the table

    def guarded(self, lake: Path) -> Any:
        return self.fuse.store(lake, watched=False)

    async def _syncing(self, lake: Any, *, width: int, **options: Any) -> Any:
        return await super()._syncing(lake, width=width, **{"format": self.kind, **options})

    def files(self, lake: Path) -> dict[str, str]:
        if not self.held:
            return {}  # nothing was published, so there is no table
        rows = rows_in(table_of(lake, self.kind))
        assert len(set(rows)) == len(rows), "a row is in the table twice"
        return dict.fromkeys(sorted(rows), "")

    def strays(self) -> list[str]:
        return []


def lived(machine: Any, lives: int, steps: int) -> None:
    """Live some lives, which are drawn anew each time, but for where a change is let in or refused."""
    drawn = int(os.environ.get("INTEGRATIONS_SEED") or drawn_seed())
    print(f"INTEGRATIONS_SEED={drawn}")
    run_state_machine_as_test(
        seed(drawn)(machine),
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a life is not lived twice the same: requests and writes come as they come
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(params=["few", pytest.param("many", marks=pytest.mark.slow)])
def lives(request):
    return {"few": 3 if WHOLE else 1, "many": 25}[request.param]


@pytest.mark.parametrize("name", SERVICES)
def test_lives_of_a_lake_drawn_anew_hold_what_the_model_says_in_a_bucket(name, lives, started):
    with behind_faults(started(name)) as (behind, faults):
        around = {"service": started(name), "behind": behind, "faults": faults}
        lived(type("Life", (BucketAgainstModel,), around), lives, 25)
        print(faults.seen)


@pytest.mark.parametrize("kind", KINDS)
def test_lives_of_a_lake_drawn_anew_hold_what_the_model_says_in_tables(kind, lives):
    lived(type("Life", (TableAgainstModel,), {"kind": kind}), lives, 25)
