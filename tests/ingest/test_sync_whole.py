"""A reader who looks at each step of the store meets whole partitions: also while what is lost is read again."""

from __future__ import annotations

import random
from math import inf
from typing import TYPE_CHECKING, Any

import anyio
import pyarrow.parquet as pq
import pytest

from connector.config.config import ApiKey, Config
from connector.core.api.retry import RetryPolicy
from connector.core.planning.audit.audit import doubted
from connector.core.time.intervals import Intervals
from connector.core.tuning import RunTuning
from connector.core.units import DAY
from connector.errors import TransportError
from connector.ingest.calls import sync_with
from connector.ingest.options import options_of
from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from connector.services import Services
from tests.support.examples import slow_but
from tests.support.lakes import data_files, objects, state
from tests.support.model import START, Model
from tests.support.watching import WatchedStore, Watcher

if TYPE_CHECKING:
    from pathlib import Path

ONCE = RetryPolicy(attempts=1, first=0.0005, longest=0.001, least=0.0)
EAGER = RunTuning(commit_seconds=0.001, commit_share=1.0, park_seconds=0.003, park_rows=10)
DAYS = 8


class Lake:
    """A lake of eight days, a row every two hours, and a Stripe that has had a ninth since."""

    def __init__(self, root: Path) -> None:
        self.root, self.watcher, self.model = root, Watcher(), Model(random.Random(1))
        self.model.now = START + DAYS * DAY
        self.add(START, START + DAYS * DAY, every=7_200)
        self.sync(audit=0, until=START + DAYS * DAY)
        self.add(START + DAYS * DAY, START + (DAYS + 1) * DAY, every=1_000)
        self.model.now = START + (DAYS + 1) * DAY

    def add(self, start: int, stop: int, *, every: int) -> None:
        """Have rows come."""
        for second in range(start, stop, every):
            self.model.add(second, wait=0)

    def sync(self, **options: Any) -> Any:
        """Bring the lake up to date, a reader looking on who expects what is listed by now."""
        self.watcher.begin(self.root, Intervals.span(0, 2**33), self.model.now, self.model.visible(self.model.now))
        asked = {"since": None, "until": None, "settle": 0} | options
        config = Config(ApiKey("sk_test_model"), api_base="http://127.0.0.1:1", rate=inf, max_in_flight=4, retry=ONCE)

        async def go() -> Any:
            services = Services(WatchedStore(self.root, self.watcher), self.model, tuning=EAGER)
            return await sync_with(services, config, options_of(asked), wait=0.0)

        return anyio.run(go)

    def sync_cut_off(self, requests: int, **options: Any) -> bool:
        """Have Stripe be out of reach after some requests; return whether that ended the run."""
        limit = self.model.requests + requests

        def cut(number: int) -> None:
            if number > limit:
                raise TransportError("no route")

        self.model.before = cut
        try:
            self.sync(**options)
        except TransportError:
            return True
        finally:
            self.model.before = lambda _: None
        return False

    def whole(self) -> bool:
        """Say whether all that Stripe lists is there."""
        return sorted(row["id"] for row in objects(self.root)) == sorted(
            one.id for one in self.model.visible(self.model.now)
        )


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def day_four(lake: Lake) -> str:
    return sorted(data_files(lake.root))[3]


def damage(lake: Lake) -> None:
    """Put a file in its place that has a few of its rows, as an older backup has."""
    path = lake.root / day_four(lake)
    pq.write_table(pq.ParquetFile(path).read().slice(0, 3), path)


@pytest.mark.parametrize("full", [False, True])
def test_what_is_newer_waits_for_a_partition_that_is_known_to_lack_rows(lake, full):
    lacking = Intervals.span(START + 4 * DAY, START + 4 * DAY + 7_200)
    table_states.commit(LocalStore(lake.root), doubted(state(lake.root), lacking), run="audit")
    lake.add(START + 4 * DAY + 50, START + 4 * DAY + 500, every=100)
    report = lake.sync(full_refresh=full)
    assert not lake.watcher.broken
    assert report.accounts[0].healed.rows == (0 if full else 5)
    assert not state(lake.root).audits.lacking
    assert lake.whole()


def test_of_partitions_that_lack_rows_the_older_is_whole_before_the_newer_is_visible(lake):
    newer, older = START + 6 * DAY, START + 2 * DAY
    lacking = Intervals.of([*Intervals.span(newer, newer + 7_200), *Intervals.span(older, older + 7_200)])
    table_states.commit(LocalStore(lake.root), doubted(state(lake.root), lacking), run="audit")
    for start in (newer, older):
        lake.add(start + 50, start + 5_050, every=100)
    while lake.sync_cut_off(4):
        assert not lake.watcher.broken
    assert not lake.watcher.broken
    assert lake.whole()


@pytest.mark.parametrize("full", [False, True])
def test_what_is_newer_waits_for_a_partition_whose_file_was_damaged(lake, full):
    damage(lake)
    lake.add(START + 3 * DAY + 50, START + 3 * DAY + 500, every=100)
    lake.sync(full_refresh=full)
    assert not lake.watcher.broken
    assert lake.whole()


@pytest.mark.parametrize("requests", slow_but([2, 5], range(2, 8)))
def test_a_run_that_was_cut_off_leaves_a_damaged_file_to_the_next_one(lake, requests):
    damage(lake)
    assert lake.sync_cut_off(requests)
    assert not lake.watcher.broken
    assert day_four(lake) in state(lake.root).files
    lake.sync()
    assert lake.whole()


@pytest.mark.parametrize("requests", slow_but([4], range(2, 8)))
def test_a_file_that_is_gone_is_read_again_by_the_run_after_one_that_was_cut_off(lake, requests):
    (lake.root / day_four(lake)).unlink()
    lake.sync_cut_off(requests)
    assert not lake.watcher.broken
    lake.sync()
    assert lake.whole()
