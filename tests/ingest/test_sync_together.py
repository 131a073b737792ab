"""Several runs at work on one lake: all end well, and the lake is as if one of them had done it all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from connector.core.units import DAY
from connector.lake.state.leases import others_at_work
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import (
    START,
    data_files,
    honest,
    objects,
    run,
    sandbox,
    state,
    strays,
    touched,
    truth,
    world,
)

if TYPE_CHECKING:
    from pathlib import Path

ROWS, DAYS = 2_400, 8


@pytest.fixture
def stripe_():
    with sandbox(world(ROWS, days=DAYS), latency=0.01) as served:
        yield served


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    lake = tmp_path_factory.mktemp("expected")
    with sandbox(world(ROWS, days=DAYS)) as served:
        run(lake, served)
    return data_files(lake)


def begun(lake: Path, served, *options: str) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    words = [sys.executable, "-m", "connector", "sync", str(lake), "--json", "--rate", "0", *options]
    environ = {**os.environ, "STRIPE_API_KEY": served.key, "STRIPE_API_BASE": served.url}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def ended(*runs: subprocess.Popen[str]) -> list[dict]:
    """The reports of runs that all have to end with 0."""
    told = [one.communicate(timeout=ENDLESS_SECONDS) for one in runs]
    assert [one.returncode for one in runs] == [0] * len(runs), told
    return [json.loads(out) for out, _ in told]


def in_order(lake: Path, served, expected) -> None:
    """Hold a lake to be as one run would have made it, with nothing left beside."""
    assert objects(lake) == truth(served)
    assert data_files(lake) == expected
    honest(lake, truth(served))
    assert strays(lake) == []
    assert state(lake).parked == {}
    assert others_at_work(LocalStore(lake)).signs == {}
    assert [one for one in touched(lake) if "/staging/" in one] == []


@pytest.mark.parametrize("runs", slow_but([2], [2, 4]))
def test_runs_of_one_interval_that_begin_a_lake_at_once_all_end_well_and_each_row_is_there_once(
    tmp_path, stripe_, expected, runs
):
    ended(*(begun(tmp_path, stripe_) for _ in range(runs)))
    in_order(tmp_path, stripe_, expected)


@pytest.mark.slow
def test_a_run_that_begins_while_another_is_at_work_ends_well(tmp_path, stripe_, expected):
    first = begun(tmp_path, stripe_)
    while not others_at_work(LocalStore(tmp_path)).live:
        assert first.poll() is None, first.communicate()
    ended(first, begun(tmp_path, stripe_))
    in_order(tmp_path, stripe_, expected)


@pytest.mark.slow
def test_windows_of_a_plan_are_read_by_tasks_at_once(tmp_path, stripe_, expected):
    days = [(START + n * DAY, START + (n + 1) * DAY) for n in range(DAYS)]
    tasks = [begun(tmp_path, stripe_, "--since", str(start), "--until", str(stop)) for start, stop in days]
    ended(*tasks)
    assert {path: sha for path, sha in data_files(tmp_path).items() if path in expected} == expected
    ended(begun(tmp_path, stripe_))
    in_order(tmp_path, stripe_, expected)


@pytest.mark.slow  # a run that is killed by itself is quick: tests/ingest/test_sync_interrupted.py
def test_runs_that_are_killed_among_others_leave_nothing_and_lose_nothing(tmp_path, stripe_, expected):
    others = [begun(tmp_path, stripe_) for _ in range(2)]
    for _ in range(2):
        one = begun(tmp_path, stripe_)
        while str(one.pid) not in lease_pids(tmp_path):
            assert one.poll() is None, one.communicate()
        one.send_signal(signal.SIGKILL)
        one.communicate(timeout=ENDLESS_SECONDS)
    ended(*others)
    ended(begun(tmp_path, stripe_))
    in_order(tmp_path, stripe_, expected)


def lease_pids(lake: Path) -> Counter[str]:
    """The processes at work on a lake."""
    leases = [one.lease for one in others_at_work(LocalStore(lake)).live]
    return Counter(str(one.holder.pid) for one in leases if one is not None)


@pytest.mark.slow
def test_a_run_that_stood_still_in_the_middle_goes_on_beside_another_that_did_its_work(tmp_path, stripe_, expected):
    suspended = begun(tmp_path, stripe_)
    while not list((tmp_path / "_stripe_balance" / "state").rglob("*.json")):
        assert suspended.poll() is None, suspended.communicate()
    suspended.send_signal(signal.SIGSTOP)
    try:
        other = begun(tmp_path, stripe_)
        other.communicate(timeout=ENDLESS_SECONDS)
        assert other.returncode in {0, 75}, "75 where the first was stopped in the midst of a commit"
    finally:
        suspended.send_signal(signal.SIGCONT)
    ended(suspended)
    ended(begun(tmp_path, stripe_))
    in_order(tmp_path, stripe_, expected)
