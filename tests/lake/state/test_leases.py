"""Leases on disk: written, renewed and removed by runs; and what those leave that are killed, or stand still."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from connector.core.state.leases import STALE_SECONDS, Holder, lease_in, with_changes
from connector.errors import StorageError
from connector.events import RunLapsed
from connector.lake.state.lease import LOOK_SECONDS, RENEW_SECONDS, RunLease, at_work, lease_of
from connector.lake.state.leases import AT_WORK, clear_leases, clear_leavings, lease_path, others_at_work, write_lease
from connector.lake.state.process import has_ended, lock_holders, this_process
from connector.lake.stores.disk import ClearedAwayError
from connector.lake.stores.local import LocalStore
from tests.support.fakes import ENDLESS_SECONDS, NOW, turns
from tests.support.memory_store import MemoryStore

pytestmark = pytest.mark.anyio

HOUR = STALE_SECONDS

AT_WORK_UNTIL_KILLED = """
import anyio, sys
from pathlib import Path
from connector.lake.state.lease import RunLease, at_work, lease_of
from connector.lake.stores.local import LocalStore
from connector.running.clock import SystemClock

async def main():
    store = LocalStore(Path(sys.argv[1])).of_run("killed")
    lease = RunLease(store, SystemClock(), lease_of("killed", "sync", utc=SystemClock().utc()))
    async with at_work(lease):
        await lease.begin()
        store.staging("a/b.parquet").write_bytes(b"half")
        print("at work", flush=True)
        await anyio.sleep(600)

anyio.run(main)
"""


class Hands:
    """A clock that a test moves: `now` stands still while the machine sleeps, `utc` does not. One task may wait."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept = 0.0
        self._until = 0.0
        self._woken, self._asleep = anyio.Event(), anyio.Event()

    def now(self) -> float:
        return self.passed

    def utc(self) -> int:
        return NOW + int(self.passed + self.slept)

    async def sleep(self, seconds: float) -> None:
        self._until, self._woken = self.passed + seconds, anyio.Event()
        self._asleep.set()
        await self._woken.wait()

    def jitter(self) -> float:
        return 0.5

    def draw(self, below: int, /) -> int:
        return below - 1

    async def pass_by(self, seconds: float) -> None:
        """Let time pass; whoever waits does what is due meanwhile, and waits again."""
        end = self.passed + seconds
        await self._asleep.wait()
        while self._until <= end:
            self.passed = max(self.passed, self._until)
            self._asleep = anyio.Event()
            self._woken.set()
            await self._asleep.wait()
        self.passed = end


class Clocked(MemoryStore):
    """A store in memory whose own clock is the test's, and some years behind the machines'."""

    def __init__(self, scratch: Path, hands: Hands) -> None:
        super().__init__(scratch)
        self.hands, self.refuses, self.writes = hands, False, 0

    def write(self, path, data, **condition):
        if self.refuses:
            raise StorageError("no space left")
        self.writes += 1
        self.clock = iter([int((self.hands.utc() - 1e8) * 1e9)])
        return super().write(path, data, **condition)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path, hands) -> Clocked:
    return Clocked(tmp_path, hands)


def run_lease(store, hands, run="mine", **fields) -> RunLease:
    return RunLease(store, hands, lease_of(run, "sync", utc=hands.utc()), **fields)


def elsewhere(store, hands, run="theirs", **fields) -> None:
    """A lease of a run on another machine."""
    there = with_changes(
        lease_of(run, "sync", utc=hands.utc()), holder=Holder(host="far", boot="away", pid=1), **fields
    )
    write_lease(store, there)


async def failing(lease: RunLease, *, begins: bool) -> None:
    """A run that ends with an error."""
    with suppress(StorageError):
        async with at_work(lease):
            if begins:
                await lease.begin()
            raise StorageError("full")


def backdated(path: Path, store: LocalStore, monkeypatch, seconds: float) -> None:
    """Have a folder's files seem to have been changed so long ago."""
    wanted = str(path)
    there = os.lstat

    class Older:
        def __init__(self, found):
            self._found = found

        def __getattr__(self, name):
            return getattr(self._found, name)

        @property
        def st_ctime_ns(self):
            return self._found.st_ctime_ns - int(seconds * 1e9)

    monkeypatch.setattr(Path, "lstat", lambda one: Older(there(one)) if str(one).startswith(wanted) else there(one))


async def test_a_lease_is_written_with_the_beginning_of_work_and_gone_with_its_end(store, hands):
    lease = run_lease(store, hands)
    async with at_work(lease):
        await turns(5)
        assert not store.files
        await lease.begin()
        await lease.begin()
        assert list(store.files) == [lease_path("mine")]
    assert not store.files
    assert "mine" not in AT_WORK


async def test_a_run_that_never_came_to_write_leaves_nothing(store, hands):
    async with at_work(run_lease(store, hands)):
        pass
    await failing(run_lease(store, hands), begins=False)
    assert not store.files


async def test_a_lease_is_renewed_while_the_run_is_at_work(store, hands):
    lease = run_lease(store, hands)
    async with at_work(lease):
        await lease.begin()
        first = store.read(lease_path("mine")).version
        await hands.pass_by(RENEW_SECONDS - LOOK_SECONDS)
        assert store.read(lease_path("mine")).version == first
        await hands.pass_by(2 * LOOK_SECONDS)
        assert store.read(lease_path("mine")).version != first
        before = store.writes
        await hands.pass_by(5 * RENEW_SECONDS)
        assert 4 <= store.writes - before <= 5


async def test_a_run_that_ended_with_an_error_leaves_nothing_either(tmp_path, hands):
    lake = LocalStore(tmp_path).of_run("mine")
    await failing(run_lease(lake, hands), begins=True)
    lake.staging("a/b").write_bytes(b"x")
    await failing(run_lease(lake, hands), begins=True)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


async def test_a_lease_that_cannot_be_written_does_not_end_the_run_and_is_tried_again(store, hands):
    lease = run_lease(store, hands)
    store.refuses = True
    async with at_work(lease):
        await lease.begin()
        await hands.pass_by(2 * RENEW_SECONDS)
        assert not store.files
        store.refuses = False
        await hands.pass_by(2 * LOOK_SECONDS)
        assert list(store.files) == [lease_path("mine")]


async def test_a_run_that_stood_still_for_hours_says_so_and_is_at_work_again_at_once(store, hands):
    heard = []
    lease = run_lease(store, hands, on_event=heard.append)
    async with at_work(lease):
        await lease.begin()
        hands.slept += 5 * HOUR  # the machine slept: its own counter did not move
        elsewhere(store, hands)
        assert not others_at_work(store, "theirs", utc=hands.utc).at_work("mine")
        await hands.pass_by(LOOK_SECONDS + 1)
        assert others_at_work(store, "theirs", utc=hands.utc).at_work("mine")
    (told,) = heard
    assert isinstance(told, RunLapsed)
    assert 5 * HOUR <= told.seconds <= 5 * HOUR + 60


async def test_a_clock_that_is_set_back_changes_nothing(store, hands):
    heard = []
    lease = run_lease(store, hands, on_event=heard.append)
    async with at_work(lease):
        await lease.begin()
        hands.slept -= 20
        await hands.pass_by(3 * RENEW_SECONDS)
        assert others_at_work(store, "", utc=lambda: hands.utc() - 1e8).at_work("mine")
    assert not heard


async def test_a_run_is_told_who_else_is_at_work_within_seconds_of_their_beginning_and_end(store, hands):
    seen = []
    lease = run_lease(store, hands, on_others=lambda others: seen.append([one.run for one in others.live]))
    async with at_work(lease):
        await lease.begin()
        assert seen == [[]]
        elsewhere(store, hands)
        await hands.pass_by(LOOK_SECONDS + 1)
        assert seen[-1] == ["theirs"]
        store.delete(lease_path("theirs"))
        await hands.pass_by(LOOK_SECONDS + 1)
        assert seen[-1] == []


async def test_what_a_lease_is_about_is_said_with_the_next_renewal(store, hands):
    lease = run_lease(store, hands)
    async with at_work(lease):
        lease.about("acct_a")
        await lease.begin()
        for number in range(300):
            lease.about(f"acct_{number:03}")
        await hands.pass_by(RENEW_SECONDS + LOOK_SECONDS)
        accounts = lease_in(store.read(lease_path("mine")).data, "mine").accounts
    assert accounts[:2] == ("acct_a", "acct_000")
    assert len(accounts) == 100


async def test_the_store_tells_how_old_a_lease_is_whatever_the_machines_clocks_say(store, hands):
    lease = run_lease(store, hands)
    async with at_work(lease):
        await lease.begin()
        elsewhere(store, hands, renewed=hands.utc() + 10 * 365 * 86_400)
        assert others_at_work(store, "mine", utc=hands.utc).at_work("theirs")
        hands.passed += HOUR
        await hands.pass_by(RENEW_SECONDS)
        assert not others_at_work(store, "mine", utc=hands.utc).at_work("theirs")


def test_a_run_of_this_process_that_is_not_at_work_has_ended(tmp_path):
    store = LocalStore(tmp_path)
    write_lease(store, lease_of("died here", "sync", utc=NOW))
    assert others_at_work(store, "next").signs["died here"].ended
    AT_WORK.add("died here")
    try:
        assert others_at_work(store, "next").at_work("died here")
    finally:
        AT_WORK.discard("died here")


def test_thousands_of_old_leases_are_removed_without_being_read(tmp_path, hands, monkeypatch):
    store = Clocked(tmp_path, hands)
    for number in range(3_000):
        elsewhere(store, hands, f"old-{number}")
    hands.passed += 2 * HOUR
    for run in ("young", "mine"):
        elsewhere(store, hands, run)
    read = []
    monkeypatch.setattr(store, "read", lambda path: read.append(path) or store.files.get(path))
    clear_leases(store, others_at_work(store, "mine", utc=hands.utc))
    assert sorted(read) == [lease_path("mine"), lease_path("young")]
    assert sorted(store.files) == [lease_path("mine"), lease_path("young")]


def test_files_of_a_live_run_stay_and_those_of_a_killed_one_go_at_once(tmp_path):
    lake = LocalStore(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", AT_WORK_UNTIL_KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "at work\n"
        clear_leavings(lake, others_at_work(lake).may_take)
        assert others_at_work(lake).at_work("killed")
        assert [one.parent.name for one in tmp_path.rglob("*.staged")] == ["killed"]
        child.send_signal(signal.SIGKILL)
        child.wait(ENDLESS_SECONDS)
    finally:
        child.kill()
        child.communicate(timeout=ENDLESS_SECONDS)
    clear_leavings(lake, others_at_work(lake).may_take)
    assert not list(tmp_path.rglob("*.staged"))
    assert not others_at_work(lake).live


@pytest.mark.parametrize("run", ["gone", ""])
def test_files_of_a_run_without_a_lease_go_when_they_are_an_hour_old(tmp_path, monkeypatch, run):
    lake = LocalStore(tmp_path).of_run(run)
    staged = lake.staging("a/b")
    staged.write_bytes(b"x")
    clear_leavings(lake, others_at_work(lake).may_take)
    assert staged.exists()
    backdated(staged.parent if run else staged, lake, monkeypatch, HOUR + 60)
    clear_leavings(lake, others_at_work(lake).may_take)
    assert not staged.exists()


def test_what_was_staged_and_is_gone_ends_with_an_error_that_another_run_mends(tmp_path):
    store = LocalStore(tmp_path).of_run("slept")
    staged = store.staging("a/b")
    staged.write_bytes(b"x")
    staged.unlink()
    with pytest.raises(ClearedAwayError, match="stood still") as caught:
        store.publish(staged, "a/b")
    assert caught.value.retryable
    assert store.read("a/b") is None


def test_a_folder_that_cannot_be_cleared_stays_and_is_no_error(tmp_path, monkeypatch):
    lake = LocalStore(tmp_path).of_run("died")
    lake.staging("a/b").write_bytes(b"x")
    write_lease(lake, lease_of("died", "sync", utc=NOW))

    def refuse(*_args, **_named):
        raise OSError(errno.EACCES, "not permitted")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)
        clear_leavings(lake, others_at_work(lake).may_take)
    assert list(tmp_path.rglob("*.staged"))
    clear_leavings(lake, others_at_work(lake).may_take)
    assert not list(tmp_path.rglob("*.staged"))


# Processes ------------------------------------------------------------------------------------------------------------


def test_this_process_runs_and_one_that_was_waited_for_has_ended():
    here = this_process()
    assert not has_ended(here, here)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(ENDLESS_SECONDS)
    assert has_ended(Holder(host=here.host, boot=here.boot, pid=child.pid, started="1"), here)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not say when a process began")
def test_another_process_of_the_same_number_is_another_and_one_nobody_waited_for_has_ended():
    here = this_process()
    assert has_ended(Holder(host=here.host, boot=here.boot, pid=here.pid, started="1"), here)
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.stdout.read()
    try:
        while (state := Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]) not in "ZX":
            assert state
        assert has_ended(Holder(host=here.host, boot=here.boot, pid=child.pid, started="1"), here)
    finally:
        child.communicate(timeout=ENDLESS_SECONDS)


LOCKS = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not say who has a lock")
def test_who_has_a_lock_on_a_file_is_told(tmp_path):
    file = tmp_path / "a.db"
    file.write_bytes(b"")
    assert lock_holders(file) == []
    child = subprocess.Popen([sys.executable, "-c", LOCKS, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"locked\n"
        there = file.stat()
        if (
            f"{os.major(there.st_dev):02x}:{os.minor(there.st_dev):02x}:{there.st_ino} "
            not in Path("/proc/locks").read_text()
        ):
            pytest.skip("the file system has locks under another name than its files")
        (told,) = lock_holders(file)
        assert told.startswith(f"process {child.pid} (python")
    finally:
        child.communicate(timeout=ENDLESS_SECONDS)
    assert lock_holders(file) == []
    assert lock_holders(tmp_path / "none") == []


@pytest.mark.parametrize("change", [{"host": "far"}, {"boot": "another"}, {"boot": None}])
def test_of_a_process_elsewhere_it_is_not_known_that_it_ended(change):
    here = this_process()
    there = {"host": here.host, "boot": here.boot, "pid": 2**22 + 1, "started": "1"} | change
    assert not has_ended(Holder(**there), here)
    if "boot" in change:
        assert not has_ended(Holder(**there), Holder(host=here.host, boot=None, pid=1))
