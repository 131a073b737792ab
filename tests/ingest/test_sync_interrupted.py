"""Interrupted anywhere, by anything: the lake keeps its word, and the next run ends in the same bytes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from connector.core.tuning import RunTuning
from connector.errors import ConnectorError, StorageError
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.lakes import (
    config_for,
    data_files,
    honest,
    interrupted_at,
    objects,
    run,
    sandbox,
    state,
    strays,
    sync_given,
    truth,
    world,
)
from tests.support.waiting import killed_at_request

if TYPE_CHECKING:
    from connector.lake.stores.conditions import Condition


EAGER = {"tuning": RunTuning(commit_seconds=0.002, park_rows=50, park_seconds=0.002)}
"""Commits and parks all the time, as a long run does now and then."""


def expected_of(tmp_path: Path, **options) -> dict[str, str]:
    """The files an uninterrupted run makes of the same world."""
    with sandbox(world(**options)) as stripe_:
        run(tmp_path / "expected", stripe_)
    return data_files(tmp_path / "expected")


@pytest.mark.parametrize("seed", slow_but([0], range(8)))
def test_cancelled_at_any_moment_a_run_is_completed_by_the_next_one_to_the_same_bytes(tmp_path, seed):
    shape = ("steady", "burst", "second", "growth")[seed % 4]
    options = {"transactions": 1_200, "shape": shape, "hot": 700}
    expected, lake = expected_of(tmp_path, **options), tmp_path / "lake"
    chance = random.Random(seed)
    with sandbox(world(**options), latency=0.004) as stripe_:

        async def interrupted() -> None:
            with anyio.move_on_after(chance.uniform(0.005, 0.15)):
                await sync_given(lake, config_for(stripe_, max_in_flight=6), EAGER)

        for _ in range(3):
            anyio.run(interrupted)
            if lake.exists():
                honest(lake, truth(stripe_))
                assert strays(lake) == []
        report = run(lake, stripe_, services=EAGER)
        assert report.outcome == "complete"
        assert report.accounts[0].late.rows == report.accounts[0].rows_disappeared == 0
        assert objects(lake) == truth(stripe_)
    assert data_files(lake) == expected


def test_what_was_complete_when_interrupted_is_not_read_again(tmp_path):
    with sandbox(world(6_000), latency=0.02) as stripe_:
        interrupted_at(2_000, tmp_path, stripe_, services=EAGER)
        before = state(tmp_path)
        parked = sum(one.file.rows for one in before.parked.values())
        assert 0 < before.rows + parked < 6_000
        report = run(tmp_path, stripe_)
        assert report.accounts[0].rows_received <= 6_000 - before.rows - parked + 100
        assert report.accounts[0].rows_new == 6_000 - before.rows
        assert objects(tmp_path) == truth(stripe_)


class SlowStore(LocalStore):
    """A disk that takes its time over records."""

    def write(self, path: str, data: bytes, **condition: Condition) -> str:
        time.sleep(0.02)
        return super().write(path, data, **condition)


@pytest.mark.slow
def test_commits_that_overlap_with_sealing_lose_no_file(tmp_path):
    with sandbox(world(3_000, days=40), latency=0.003) as stripe_:
        run(tmp_path, stripe_, services={**EAGER, "store": SlowStore(tmp_path)}, settings={"max_in_flight": 5})
        honest(tmp_path, truth(stripe_))
        assert objects(tmp_path) == truth(stripe_)
        assert state(tmp_path).files.keys() == data_files(tmp_path).keys()


def test_a_disk_that_refuses_ends_the_run_with_a_storage_error_and_an_honest_lake(tmp_path):
    published = []

    class FillsUp(LocalStore):
        def publish(self, staged: Path, path: str, **condition: Condition) -> str:
            published.append(path)
            if len(published) > 4:
                raise StorageError("no space left on the disk")
            return super().publish(staged, path, **condition)

    with sandbox(latency=0.002) as stripe_:
        with pytest.raises(StorageError, match="no space left"):
            run(tmp_path, stripe_, services={**EAGER, "store": FillsUp(tmp_path)}, settings={"max_in_flight": 3})
        honest(tmp_path, truth(stripe_))
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
        assert strays(tmp_path) == []


ROOT = Path(__file__).parents[2]
CHILD = """
import sys, anyio
from connector.config.config import ApiKey, Config
from connector.core.tuning import RunTuning
from tests.support.lakes import sync_given
tuning = RunTuning(commit_seconds=0.03, park_rows=100, park_seconds=0.03)
config = Config(ApiKey(sys.argv[2]), api_base=sys.argv[3], rate=float("inf"), max_in_flight=4)
anyio.run(lambda: sync_given(sys.argv[1], config, {"tuning": tuning}, partition=sys.argv[4]))
"""


@pytest.mark.parametrize("partition", slow_but(["day"], ["day", "month"]))
def test_killed_at_any_moment_a_run_is_completed_by_the_next_one_to_the_same_bytes(tmp_path, partition):
    lake, chance = tmp_path / "lake", random.Random(4)
    with sandbox(world(6_000, days=24)) as stripe_:
        run(tmp_path / "expected", stripe_, partition=partition)
    with sandbox(world(6_000, days=24), latency=0.03) as stripe_:
        for _ in range(3):
            words = [sys.executable, "-c", CHILD, str(lake), stripe_.key, stripe_.url, partition]
            request, later = chance.randint(3, 18), chance.uniform(0.0, 0.2)  # of 60 and more, so that none is the last
            status = killed_at_request(
                stripe_, request, lambda words=words: subprocess.Popen(words, cwd=ROOT), later=later
            )
            assert status == -signal.SIGKILL
            if [*(lake / "_stripe_balance" / "state").rglob("0*.json")]:
                honest_but_for_what_was_just_written(lake, truth(stripe_))
        run(lake, stripe_, partition=partition)
        assert objects(lake) == truth(stripe_)
        honest(lake, truth(stripe_))
    assert data_files(lake) == data_files(tmp_path / "expected")
    assert strays(lake) == []


def honest_but_for_what_was_just_written(lake: Path, rows) -> None:
    """After a kill a file may be newer than the state; then it holds more, never less."""
    covered = state(lake).covered
    held = {row["id"] for row in objects(lake)}
    assert not [row for row in rows if row["created"] in covered and row["id"] not in held]


class KilledError(BaseException):
    """The end of a process, as far as one process can play it."""


def test_a_lake_killed_before_its_first_state_does_not_become_one_of_two_kinds(tmp_path):
    class Killed(LocalStore):
        def write(self, path: str, data: bytes, **condition: Condition) -> str:
            if "state/" in path and '"files"' in data.decode():
                raise KilledError
            return super().write(path, data, **condition)

    with sandbox(world(200, days=40)) as stripe_:
        with pytest.raises(BaseException):  # noqa: B017, PT011 - dies like a process would
            run(tmp_path, stripe_, services={"store": Killed(tmp_path)}, partition="day")
        assert data_files(tmp_path)
        try:
            run(tmp_path, stripe_, partition="month")
        except ConnectorError:
            return
        labels = {path.split("/")[2].partition("=")[0] for path in data_files(tmp_path)}
        assert labels == {"created_month"}, "files of the dead run lie beside those of another partition"
