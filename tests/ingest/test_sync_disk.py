"""A disk that is full, read-only or pulled away, a wrong clock, a network that hangs: the right end, nothing false."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import pytest

from connector.config.config import ApiKey, Config
from connector.core.api.retry import RetryPolicy, Timeouts
from connector.core.tuning import RunTuning
from connector.errors import ConnectorError, StorageError, TransportError
from connector.ingest.calls import sync
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import START, data_files, honest, objects, run, sandbox, strays, truth
from tests.support.seams import ClockAt

PROGRAM = [sys.executable, "-m", "connector.cli"]
ROOT = Path(__file__).parents[2]


@contextmanager
def small_disk(folder: Path, options: str):
    """A file system of its own, in memory, where this user may make one."""
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield lambda other: subprocess.run([mount, "-o", f"remount,{other}", str(folder)], check=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - as mount


def command(stripe_, *words, **environ):
    """Run the command line; its exit code and its one line of complaint."""
    env = {**os.environ, "STRIPE_API_BASE": stripe_.url, "STRIPE_API_KEY": stripe_.key, **environ}
    done = subprocess.run(
        [*PROGRAM, *map(str, words)],
        env=env,
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
        cwd=ROOT,
    )
    assert stripe_.key not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The files of a run that nothing disturbs."""
    lake = tmp_path_factory.mktemp("expected") / "lake"
    with sandbox() as stripe_:
        run(lake, stripe_)
    return data_files(lake)


@pytest.mark.parametrize("options", slow_but(["size=130k"], ["size=64k", "size=130k", "size=20m,nr_inodes=22"]))
def test_a_full_disk_ends_with_74_one_line_and_an_honest_lake_and_room_heals_it(tmp_path, expected, options):
    with sandbox() as stripe_, small_disk(tmp_path / "disk", options) as remount:
        lake = tmp_path / "disk" / "lake"
        done = command(stripe_, "sync", lake, "--rate", "0", "--progress", "none")
        assert done.returncode == 74
        assert len([line for line in done.stderr.splitlines() if ": new lake in " not in line]) == 1
        assert "no space left" in done.stderr
        if (lake / "_stripe_balance" / "state").exists():
            honest(lake, truth(stripe_), recorded=False)
        assert not strays(lake), "what takes space on a full disk should not stay"
        remount("size=50m,nr_inodes=9999")
        assert command(stripe_, "sync", lake, "--rate", "0", "-q").returncode == 0
        assert data_files(lake) == expected
        assert strays(lake) == []


@pytest.mark.slow
def test_a_read_only_destination_ends_with_74_and_stays_as_it_was(tmp_path, expected):
    with sandbox() as stripe_, small_disk(tmp_path / "disk", "size=20m") as remount:
        remount("ro")
        done = command(stripe_, "sync", tmp_path / "disk" / "lake", "--rate", "0", "--json")
        assert done.returncode == json.loads(done.stdout)["error"]["exit_code"] == 74
        assert "read-only" in json.loads(done.stdout)["error"]["message"]
        remount("rw")
        assert command(stripe_, "sync", tmp_path / "disk" / "lake", "--rate", "0", "-q").returncode == 0
        remount("ro")
        assert command(stripe_, "sync", tmp_path / "disk" / "lake", "--rate", "0").returncode == 74
        assert data_files(tmp_path / "disk" / "lake") == expected


@contextmanager
def swept_away(folder: Path):
    """Remove a folder again and again."""
    over = threading.Event()

    def sweep() -> None:
        while not over.wait(0.004):
            shutil.rmtree(folder, ignore_errors=True)

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.slow
def test_a_temporary_folder_that_vanishes_again_and_again_leaves_an_honest_lake(tmp_path, expected):
    codes = set()
    with sandbox(latency=0.004) as stripe_:
        for attempt in range(3):
            with swept_away(tmp_path / "_stripe_balance" / "staging"):
                try:
                    run(tmp_path, stripe_, full_refresh=attempt > 0, settings={"max_in_flight": 4})
                except ConnectorError as error:
                    codes.add(error.exit_code)
            if (tmp_path / "_stripe_balance" / "state").exists():
                honest(tmp_path, truth(stripe_))
        assert codes <= {74, 75}, "75 where a file was written in it already: what another run mends"
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
    assert data_files(tmp_path) == expected
    assert strays(tmp_path) == []


class NothingAside(LocalStore):
    """A destination beside which nothing can be set aside: a file stands where its temporary folder would be."""

    @property
    def scratch(self) -> Path:
        return Path(__file__) / "scratch"


def test_a_disk_that_takes_no_rows_set_aside_ends_with_74(tmp_path, expected):
    given = {"store": NothingAside(tmp_path), "tuning": RunTuning(memory_bytes=20_000)}
    with sandbox() as stripe_:
        with pytest.raises(StorageError, match="setting rows aside in "):
            run(tmp_path, stripe_, services=given)
        if (tmp_path / "_stripe_balance").exists():
            honest(tmp_path, truth(stripe_))
        run(tmp_path, stripe_)
    assert data_files(tmp_path) == expected


@pytest.mark.slow
@pytest.mark.parametrize("zone", slow_but(["nonsense"], ["Pacific/Kiritimati", "America/St_Johns", "nonsense"]))
def test_the_time_zone_of_the_machine_does_not_matter(tmp_path, expected, zone):
    with sandbox() as stripe_:
        day = time.strftime("%Y-%m-%d", time.gmtime(START))
        done = command(stripe_, "sync", tmp_path / "lake", "--since", day, "--rate", "0", "-q", TZ=zone)
        assert (done.returncode, done.stderr) == (0, "")
    assert data_files(tmp_path / "lake") == expected


@pytest.mark.parametrize("hours", [-9, 14])
def test_the_clock_of_the_machine_does_not_matter(tmp_path, expected, hours):
    given = {"clock": ClockAt(lambda: int(time.time()) + hours * 3_600)}
    with sandbox() as stripe_:
        run(tmp_path, stripe_, services=given)
        stripe_.advance(20 * 86_400)
        report = run(tmp_path, stripe_, services=given)
        assert report.accounts[0].rows_changed > 0
        assert report.accounts[0].late.rows == 0
        assert objects(tmp_path) == truth(stripe_)
    assert data_files(tmp_path).keys() == expected.keys()


@pytest.mark.parametrize("backlog", ["never connects", "never answers"])
def test_a_server_that_hangs_is_given_up(tmp_path, backlog):
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0 if backlog == "never connects" else 50)
        if backlog == "never connects":
            for _ in range(4):  # once its queue is full, the kernel drops who knocks
                knocking = stack.enter_context(socket.socket())
                knocking.setblocking(False)  # noqa: FBT003 - as the module has it
                knocking.connect_ex(server.getsockname())
        config = Config(
            ApiKey("sk_test_nobody"),
            api_base=f"http://127.0.0.1:{server.getsockname()[1]}",
            timeouts=Timeouts(total=0.5, connect=0.2, read=0.3),
            retry=RetryPolicy(attempts=3, first=0.01, longest=0.02, least=0.0),
        )
        began = time.monotonic()
        with pytest.raises(TransportError):
            anyio.run(lambda: sync(tmp_path / "lake", config=config))
        assert time.monotonic() - began < ENDLESS_SECONDS
    assert not (tmp_path / "lake").exists()
