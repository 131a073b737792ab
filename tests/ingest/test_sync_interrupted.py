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

from connector.errors import ConnectorError, StorageError
from connector.ingest import writer
from connector.ingest.calls import sync
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
    truth,
    world,
)

if TYPE_CHECKING:
    from connector.lake.stores.conditions import Condition


@pytest.fixture
def eager(monkeypatch):
    """Commit and write in part all the time, as a long run does now and then."""
    monkeypatch.setattr(writer, "COMMIT_SECONDS", 0.002)
    monkeypatch.setattr(writer, "PARK_ROWS", 50)
    monkeypatch.setattr(writer, "PARK_SECONDS", 0.002)


def expected_of(tmp_path: Path, **options) -> dict[str, str]:
    """The files an uninterrupted run makes of the same world."""
    with sandbox(world(**options)) as stripe_:
        run(tmp_path / "expected", stripe_)
    return data_files(tmp_path / "expected")


@pytest.mark.parametrize("seed", slow_but([0, 1], range(8)))
def test_cancelled_at_any_moment_a_run_is_completed_by_the_next_one_to_the_same_bytes(tmp_path, eager, seed):
    shape = ("steady", "burst", "second", "growth")[seed % 4]
    options = {"transactions": 2_000, "shape": shape, "hot": 700}
    expected, lake = expected_of(tmp_path, **options), tmp_path / "lake"
    chance = random.Random(seed)
    with sandbox(world(**options), latency=0.004) as stripe_:

        async def interrupted() -> None:
            with anyio.move_on_after(chance.uniform(0.005, 0.15)):
                await sync(lake, config=config_for(stripe_, max_in_flight=6))

        for _ in range(3):
            anyio.run(interrupted)
            if lake.exists():
                honest(lake, truth(stripe_))
                assert strays(lake) == []
        report = run(lake, stripe_)
        assert report.outcome == "complete"
        assert report.accounts[0].late.rows == report.accounts[0].rows_disappeared == 0
        assert objects(lake) == truth(stripe_)
    assert data_files(lake) == expected


def test_what_was_complete_when_interrupted_is_not_read_again(tmp_path, eager):
    with sandbox(world(6_000), latency=0.02) as stripe_:
        interrupted_at(2_000, tmp_path, stripe_)
        before = state(tmp_path)
        parked = sum(one.file.rows for one in before.parked.values())
        assert 0 < before.rows + parked < 6_000
        report = run(tmp_path, stripe_)
        assert report.accounts[0].rows_received <= 6_000 - before.rows - parked + 100
        assert report.accounts[0].rows_new == 6_000 - before.rows
        assert objects(tmp_path) == truth(stripe_)


def test_commits_that_overlap_with_sealing_lose_no_file(tmp_path, eager, monkeypatch):
    write = LocalStore.write

    def slow(store: LocalStore, path: str, data: bytes) -> None:
        time.sleep(0.02)
        write(store, path, data)

    monkeypatch.setattr(LocalStore, "write", slow)
    with sandbox(world(3_000, days=40), latency=0.003) as stripe_:
        run(tmp_path, stripe_, settings={"max_in_flight": 5})
        honest(tmp_path, truth(stripe_))
        assert objects(tmp_path) == truth(stripe_)
        assert state(tmp_path).files.keys() == data_files(tmp_path).keys()


def test_a_disk_that_refuses_ends_the_run_with_a_storage_error_and_an_honest_lake(tmp_path, monkeypatch, eager):
    publish, count = LocalStore.publish, 0

    def failing(store: LocalStore, staged: Path, path: str, **condition: Condition) -> str:
        nonlocal count
        count += 1
        if count > 4:
            raise StorageError("no space left on the disk")
        return publish(store, staged, path, **condition)

    with sandbox(latency=0.002) as stripe_:
        monkeypatch.setattr(LocalStore, "publish", failing)
        with pytest.raises(StorageError, match="no space left"):
            run(tmp_path, stripe_, settings={"max_in_flight": 3})
        honest(tmp_path, truth(stripe_))
        monkeypatch.setattr(LocalStore, "publish", publish)
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
        assert strays(tmp_path) == []


CHILD = """
import sys, anyio
from connector.config.config import ApiKey, Config
from connector.ingest import writer
from connector.ingest.calls import sync
writer.COMMIT_SECONDS, writer.PARK_ROWS, writer.PARK_SECONDS = 0.03, 100, 0.03
config = Config(ApiKey(sys.argv[2]), api_base=sys.argv[3], rate=float("inf"), max_in_flight=4)
print("ready", flush=True)
anyio.run(lambda: sync(sys.argv[1], config=config, partition=sys.argv[4]))
"""


@pytest.mark.parametrize("partition", slow_but(["day"], ["day", "month"]))
def test_killed_at_any_moment_a_run_is_completed_by_the_next_one_to_the_same_bytes(tmp_path, partition):
    lake, chance = tmp_path / "lake", random.Random(4)
    with sandbox(world(6_000, days=40)) as stripe_:
        run(tmp_path / "expected", stripe_, partition=partition)
    killed = 0
    with sandbox(world(6_000, days=40), latency=0.03) as stripe_:
        for _ in range(3):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, str(lake), stripe_.key, stripe_.url, partition],
                stdout=subprocess.PIPE,
                cwd=Path(__file__).parents[2],
            )
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0.15, 0.7))
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            child.stdout.close()
            if (lake / "_stripe_balance" / "state").exists():
                honest_but_for_what_was_just_written(lake, truth(stripe_))
        run(lake, stripe_, partition=partition)
        assert objects(lake) == truth(stripe_)
        honest(lake, truth(stripe_))
    assert killed >= 2
    assert data_files(lake) == data_files(tmp_path / "expected")
    assert strays(lake) == []


def honest_but_for_what_was_just_written(lake: Path, rows) -> None:
    """After a kill a file may be newer than the state; then it holds more, never less."""
    covered = state(lake).covered
    held = {row["id"] for row in objects(lake)}
    assert not [row for row in rows if row["created"] in covered and row["id"] not in held]


class KilledError(BaseException):
    """The end of a process, as far as one process can play it."""


def test_a_lake_killed_before_its_first_state_does_not_become_one_of_two_kinds(tmp_path, monkeypatch):
    with sandbox(world(600, days=40)) as stripe_:

        def killed(_store: LocalStore, path: str, _data: bytes) -> None:
            if "state/" in path and '"files": []' not in _data.decode():
                raise KilledError

        write = LocalStore.write

        def until_killed(store: LocalStore, path: str, data: bytes) -> None:
            killed(store, path, data)
            write(store, path, data)

        monkeypatch.setattr(LocalStore, "write", until_killed)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - dies like a process would
            run(tmp_path, stripe_, partition="day")
        monkeypatch.setattr(LocalStore, "write", write)
        assert data_files(tmp_path)
        try:
            run(tmp_path, stripe_, partition="month")
        except ConnectorError:
            return
        labels = {path.split("/")[2].partition("=")[0] for path in data_files(tmp_path)}
        assert labels == {"created_month"}, "files of the dead run lie beside those of another partition"
