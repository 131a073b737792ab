"""Interrupted anywhere, by anything: the lake keeps its word, and the next run ends in the same bytes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from connector import harvest
from connector.api import sync
from connector.config import ApiKey
from connector.errors import AuthenticationError, ConnectorError, StorageError
from connector.lake.local import LocalStore
from tests.lakes import (
    START,
    config_for,
    data_files,
    honest,
    manifest,
    objects,
    run,
    sandbox,
    strays,
    touched,
    truth,
    world,
)


@pytest.fixture
def eager(monkeypatch):
    """Commit and write in part all the time, as a long run does now and then."""
    monkeypatch.setattr(harvest, "COMMIT_SECONDS", 0.002)
    monkeypatch.setattr(harvest, "CHECKPOINT_ROWS", 50)


def expected_of(tmp_path: Path, **options) -> dict[str, str]:
    """The files an uninterrupted run makes of the same world."""
    with sandbox(world(**options)) as stripe_:
        run(tmp_path / "expected", stripe_)
    return data_files(tmp_path / "expected")


@pytest.mark.parametrize("seed", range(8))
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

        async def interrupted() -> None:
            with anyio.move_on_after(0.25):
                await sync(tmp_path, config=config_for(stripe_, max_in_flight=4))

        anyio.run(interrupted)
        before = manifest(tmp_path)
        assert 0 < before.rows < 6_000
        report = run(tmp_path, stripe_)
        assert report.accounts[0].rows_received < 6_000
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
        assert manifest(tmp_path).files.keys() == data_files(tmp_path).keys()


@pytest.mark.parametrize(
    "faults",
    [
        ["500:p=0.2"],
        ["502:every=5", "503:every=7,should_retry=true"],
        ["reset:every=4"],
        ["cut:every=4"],
        ["409:every=6"],
        ["lock-timeout:every=5"],
        ["rate-limit:every=6,reason=endpoint-concurrency"],
        ["retry-after:k=3"],
        ["boundary-quirk:every=2"],
    ],
)
def test_passing_faults_cost_time_and_no_row(tmp_path, faults):
    with sandbox(faults=faults) as stripe_:
        report = run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
        honest(tmp_path, truth(stripe_))
        assert all(one["fired"] for one in stripe_.stats()["faults"])
    assert report.outcome == "complete"
    assert data_files(tmp_path) == expected_of(tmp_path)


REFUSED = ["400", "403", "404"]
BROKEN = ["not-json", "stuck-cursor", "out-of-order", "duplicate-row", "outside-window", "empty-page", "wrong-type"]
KEPT = ["unknown-field", "unknown-enum", "no-balance-type", "huge-amount", "huge-description"]


def error_of(lake: Path, stripe_) -> BaseException | None:
    """What a run fails with, if it does."""
    try:
        run(lake, stripe_, since=START)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


@pytest.mark.parametrize("k", [1, 2, 9])
@pytest.mark.parametrize(
    "fault",
    [
        "400",
        "403",
        "404",
        "not-json",
        "stuck-cursor",
        "out-of-order",
        "duplicate-row",
        "outside-window",
        "empty-page",
        "wrong-type",
    ],
)
def test_a_broken_promise_ends_the_run_with_one_error_and_no_wrong_row(tmp_path, fault, k):
    with sandbox(world(3_000)) as stripe_:
        stripe_.faults.add(f"{fault}:endpoint=balance_transactions,k={k},times=1")
        error = error_of(tmp_path, stripe_)
        if error is None:
            assert fault == "stuck-cursor"  # which a request without a cursor does not meet
            assert objects(tmp_path) == truth(stripe_)
        else:
            assert isinstance(error, ConnectorError), "it came as a group"
            assert error.window is not None or fault == "wrong-type"
        if tmp_path.joinpath("_stripe_balance").exists():
            honest(tmp_path, truth(stripe_))
            assert strays(tmp_path) == []
        stripe_.faults.clear()
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize(
    "fault", ["unknown-field", "unknown-enum", "no-balance-type", "huge-amount", "huge-description"]
)
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_what_the_schema_does_not_know_is_kept_and_reported(tmp_path, fault, form):
    with sandbox(world(400), faults=[f"{fault}:every=1"]) as stripe_:
        report = run(tmp_path, stripe_, format=form)
        found, expected = objects(tmp_path), truth(stripe_)
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    assert found != expected
    drifted = {one["name"] for one in report.accounts[0].drift}
    if fault.startswith("unknown"):
        assert drifted
        assert all(one["count"] > 0 and one["example"] for one in report.accounts[0].drift)
    if fault == "unknown-field":
        assert all(row["settlement_rail"] == {"name": "instant", "hops": [1, 2]} for row in found)
        assert all(part["tax_rate"] == "txr_unknown" for row in found for part in row["fee_details"])
    if fault == "huge-amount":
        assert max(row["amount"] for row in found) == 2**53 + 1


def test_rows_that_arrive_while_we_read_change_nothing_that_is_settled(tmp_path):
    with sandbox(faults=["mid-walk:rows=3,every=1"]) as stripe_:
        settled = stripe_.now - 600
        run(tmp_path, stripe_)
        honest(tmp_path, truth(stripe_))
        held = {row["id"] for row in objects(tmp_path)}
        assert {row["id"] for row in truth(stripe_) if row["created"] < settled} <= held
        stripe_.faults.clear()
        stripe_.advance(2_000)
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("key", ["sk_test_wrong", "rk_test_wrong"])
def test_a_wrong_key_writes_nothing(tmp_path, key):
    lake = tmp_path / "lake"
    with sandbox() as stripe_:
        wrong = {"api_key": ApiKey(key)}
        with pytest.raises(AuthenticationError):
            run(lake, stripe_, settings=wrong)
        assert not lake.exists()
        run(lake, stripe_)
        before = touched(lake)
        with pytest.raises(AuthenticationError):
            run(lake, stripe_, settings=wrong)
        assert touched(lake) == before


def test_a_disk_that_refuses_ends_the_run_with_a_storage_error_and_an_honest_lake(tmp_path, monkeypatch, eager):
    publish, count = LocalStore.publish, 0

    def failing(store: LocalStore, staged: Path, path: str) -> None:
        nonlocal count
        count += 1
        if count > 4:
            raise StorageError("no space left on the disk")
        publish(store, staged, path)

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
from connector import harvest
from connector.config import ApiKey
from connector.config import ApiKey, Config
from connector.api import sync
harvest.COMMIT_SECONDS, harvest.CHECKPOINT_ROWS = 0.03, 100
config = Config(ApiKey(sys.argv[2]), api_base=sys.argv[3], rate=float("inf"), max_in_flight=4)
print("ready", flush=True)
anyio.run(lambda: sync(sys.argv[1], config=config, partition=sys.argv[4]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("partition", ["day", "month"])
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
                cwd=Path(__file__).parents[1],
            )
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0.15, 0.7))
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            child.stdout.close()
            if (lake / "_stripe_balance" / "manifest").exists():
                honest_but_for_what_was_just_written(lake, truth(stripe_))
        run(lake, stripe_, partition=partition)
        assert objects(lake) == truth(stripe_)
        honest(lake, truth(stripe_))
    assert killed >= 2
    assert data_files(lake) == data_files(tmp_path / "expected")
    assert strays(lake) == []


def honest_but_for_what_was_just_written(lake: Path, rows) -> None:
    """After a kill a file may be newer than the manifest; then it holds more, never less."""
    covered = manifest(lake).covered
    held = {row["id"] for row in objects(lake)}
    assert not [row for row in rows if row["created"] in covered and row["id"] not in held]


def test_a_lake_killed_before_its_first_manifest_does_not_become_one_of_two_kinds(tmp_path, monkeypatch):
    with sandbox(world(600, days=40)) as stripe_:

        def killed(_store: LocalStore, path: str, _data: bytes) -> None:
            if "manifest/" in path and '"files": []' not in _data.decode():
                raise KeyboardInterrupt

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
