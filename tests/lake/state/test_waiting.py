"""Runs that overlap: the later one waits for the earlier, as long as it may, and asks nobody anything meanwhile."""

from __future__ import annotations

from contextlib import ExitStack

import anyio
import pytest

from connector.errors import LockedError, UsageError
from connector.events import RunWaiting
from connector.lake.state.lease import lease_of
from connector.lake.state.leases import write_lease
from connector.lake.state.waiting import when_free
from connector.lake.stores.local import LocalStore
from tests.support.fakes import NOW
from tests.support.lakes import at_work_elsewhere

EVERY = 1.5
"""Seconds between two looks."""


class Hands:
    """A clock that is moved by sleeping, and what happens meanwhile."""

    def __init__(self, *, frees_after=float("inf"), free=lambda: None):
        self.at, self.frees_after, self.free, self.told, self.done = 0.0, frees_after, free, 0, 0

    def now(self):
        return self.at

    def hear(self, event):
        self.told += isinstance(event, RunWaiting)

    async def sleep(self, seconds):
        self.at += seconds
        if self.at >= self.frees_after:
            self.free()
            self.frees_after = float("inf")

    async def act(self):
        self.done += 1
        return "done"

    def go(self, store, wait, act=None):
        async def main():
            return await when_free(store, act or self.act, wait=wait, clock=self, look_again=EVERY, on_event=self.hear)

        return anyio.run(main)


def test_a_lake_that_is_free_is_waited_for_by_nobody(tmp_path):
    hands = Hands()
    assert (hands.go(LocalStore(tmp_path / "lake"), 60), hands.at, hands.told) == ("done", 0.0, 0)
    assert not (tmp_path / "lake").exists()


def test_a_run_waits_until_the_others_end_and_then_does_its_work_once(tmp_path):
    there = ExitStack()
    there.enter_context(at_work_elsewhere(tmp_path))
    hands = Hands(frees_after=30, free=there.close)
    assert hands.go(LocalStore(tmp_path), 60) == "done"
    assert hands.done == 1
    assert 30 <= hands.at <= 30 + EVERY


def test_a_run_waits_no_longer_than_it_may_and_goes_on_beside_the_others_then(tmp_path):
    hands = Hands()
    with at_work_elsewhere(tmp_path):
        assert hands.go(LocalStore(tmp_path), 20.5) == "done"
    assert (hands.at, hands.done) == (20.5, 1)


def test_without_a_wait_nobody_is_waited_for(tmp_path):
    hands = Hands()
    with at_work_elsewhere(tmp_path):
        assert hands.go(LocalStore(tmp_path), 0) == "done"
    assert (hands.at, hands.told) == (0, 0)


def test_work_that_meets_another_run_after_all_is_done_again(tmp_path):
    met = [LockedError("another run began this lake a moment ago"), None]

    async def act():
        if (error := met.pop(0)) is not None:
            raise error
        return "done"

    hands = Hands()
    assert (hands.go(LocalStore(tmp_path), 60, act), hands.told) == ("done", 1)


def test_work_that_meets_others_for_as_long_as_it_may_wait_ends_with_what_it_met(tmp_path):
    async def act():
        raise LockedError("in use by another run")

    hands = Hands()
    with pytest.raises(LockedError, match="in use by another run"):
        hands.go(LocalStore(tmp_path), 20.5, act)
    assert hands.at == 20.5


def test_a_run_that_was_killed_holds_nobody_up(tmp_path):
    store = LocalStore(tmp_path)
    write_lease(store, lease_of("died", "sync", utc=NOW))
    hands = Hands()
    assert (hands.go(store, 60), hands.at) == ("done", 0.0)


@pytest.mark.parametrize("wait", [-1, float("inf"), float("nan")])
def test_a_wait_is_a_number_of_seconds(tmp_path, wait):
    with pytest.raises(UsageError, match="`wait`"):
        Hands().go(LocalStore(tmp_path), wait)
