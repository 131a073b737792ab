"""How a process ends when somebody ends it, or nobody listens any more."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import connector
from connector.lake.state import table_states
from connector.lake.stores.base import open_store
from connector.sandbox import Limits, Sandbox, World
from tests.support.dating import present
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.terminal import AT_A_TERMINAL
from tests.support.waiting import wait_until

PROGRAM = [sys.executable, "-m", "connector.cli"]
UNHURRIED = [sys.executable, "-m", "tests.support.unhurried"]
ROOT = Path(__file__).parents[2]


def started(sandbox, *words, **options):
    asking = {"STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key, "PYTHONPATH": str(ROOT)}
    words = [*UNHURRIED, *map(str, words)]
    return subprocess.Popen(words, env=os.environ | asking, stdout=-1, stderr=-1, text=True, **options)


@pytest.fixture
def stuck_sandbox():
    """A sandbox that answers no request from the thirtieth on: most windows come to their end, and the rest to none.

    One request alone would be asked again in time, however slow the machine is, and the run be complete.
    """
    now = present()
    world = World(transactions=3_000, start=now - 61 * 86_400, end=now - 3_600, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none(), faults=["hang:k=30,times=100000"]) as running:
        yield running


@pytest.mark.parametrize("number", slow_but([signal.SIGINT], [signal.SIGINT, signal.SIGTERM]))
def test_a_signal_ends_a_sync_in_order_and_keeps_what_is_complete(stuck_sandbox, tmp_path, number):
    lake = tmp_path / "lake"
    with started(stuck_sandbox, "sync", lake, "--rate", 0, "--progress", "none") as process:
        wait_until(lambda: any(lake.glob("balance_transactions/*/*/part-*")))
        process.send_signal(number)
        out, err = process.communicate(timeout=ENDLESS_SECONDS)
    assert process.returncode == 128 + number
    assert out == ""
    assert err.splitlines()[1].startswith("stripe-balance: interrupted: what was complete is kept")
    assert err.count("\n") == 2  # the first says that a new lake was begun
    store = open_store(lake)
    (state,) = table_states.states(store)
    assert 0 < state.rows < 3_000
    assert table_states.compare(store, state) == []
    (report,) = (json.loads(path.read_text()) for path in (lake / "_stripe_balance" / "runs").iterdir())
    assert report["outcome"] == "interrupted"


@pytest.mark.slow
def test_an_interrupted_sync_with_json_is_one_object(slow_sandbox, tmp_path):
    with started(slow_sandbox, "sync", tmp_path / "lake", "--json") as process:
        wait_until((tmp_path / "lake" / "_stripe_balance").exists)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=ENDLESS_SECONDS)
    assert json.loads(out)["error"]["type"] == "Interrupted"
    assert json.loads(out)["error"]["exit_code"] == process.returncode == 130


def test_a_second_ctrl_c_ends_at_once():
    code = """
        import anyio
        from connector.running.blocking import SignalHandling, run_with_signals
        from connector.cli.process.process_setup import end_at_once

        async def stubborn():
            with anyio.CancelScope(shield=True):
                print("ready", flush=True)
                await anyio.sleep(600)

        def again(number):
            print("at once", flush=True)
            end_at_once(number)

        run_with_signals(stubborn, SignalHandling(first=lambda: print("stopping", flush=True), again=again))
    """
    code = f"{AT_A_TERMINAL}\n{textwrap.dedent(code)}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=-1, text=True) as process:
        lines = [process.stdout.readline()]
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            lines.append(process.stdout.readline())
        assert process.wait(ENDLESS_SECONDS) == 130
    assert lines == ["ready\n", "stopping\n", "at once\n"]


@pytest.mark.parametrize("words", slow_but([[]], [[], ["--json"], ["--unordered"]]))
def test_a_reader_that_goes_away_ends_a_stream_quietly(slow_sandbox, words):
    with started(slow_sandbox, "stream", "--rate", 0, *words) as process:
        assert process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=ENDLESS_SECONDS)
    assert (process.returncode, err) == (141, "")


WRITING = [
    ["--help"],
    ["--version"],
    ["sync", "--help"],
    ["schema"],
    ["schema", "balance_transactions"],
    ["balance"],
    ["balance", "--json"],
    ["sync", "lake", "-q", "--json"],
    ["plan", "lake"],
    ["stream", "--limit-rows", "1"],
    ["stream", "--limit-rows", "1", "--json"],
    ["get", "txn_nope", "--json"],
    ["sandbox", "--list-faults"],
    ["sandbox"],
]
QUICK = [WRITING[0], WRITING[7], WRITING[9], WRITING[13]]
"""Each way of writing: help, a run's report, rows, lines of a server."""


@pytest.mark.parametrize("words", slow_but(QUICK, WRITING), ids=" ".join)
def test_a_full_disk_behind_stdout_is_an_error(sandbox, tmp_path, words):
    done = to_full_disk(sandbox, *words, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (74, 1)
    assert "stdout" in done.stderr


@pytest.mark.parametrize(
    "words", slow_but([["balance", "--json"]], [["--help"], ["--version"], ["balance", "--json"]]), ids=" ".join
)
def test_a_full_disk_is_an_error_as_well_where_nothing_is_held_back(sandbox, words):
    done = to_full_disk(sandbox, *words, buffered=False)
    assert (done.returncode, done.stderr.count("\n")) == (74, 1)


@pytest.mark.parametrize("words", slow_but([["--json"]], [[], ["--json"]]))
def test_the_status_of_a_lake_that_cannot_be_written_down_is_an_error(sandbox, lake, words):
    done = to_full_disk(sandbox, "status", lake, *words)
    assert (done.returncode, done.stderr.count("\n")) == (74, 1)


def test_what_is_wrong_anyway_keeps_its_status_and_its_line_on_a_full_disk(sandbox, tmp_path):
    done = to_full_disk(sandbox, "status", tmp_path / "nowhere", "--json")
    assert (done.returncode, done.stderr.count("\n")) == (78, 1)
    assert "no lake" in done.stderr


def to_full_disk(sandbox, *words, cwd=None, buffered=True):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to offer")
    environ = {**os.environ, "STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key}
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "" if buffered else "1"}
    with Path("/dev/full").open("w") as full:
        return subprocess.run(
            [*PROGRAM, *map(str, words)],
            cwd=cwd,
            env=environ,
            stdout=full,
            stderr=-1,
            text=True,
            timeout=ENDLESS_SECONDS,
            check=False,
        )


@contextmanager
def a_full_disk():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to offer")
    with Path("/dev/full").open("w") as full:
        yield full.fileno()


@contextmanager
def a_terminal_that_is_gone():
    ours, theirs = os.openpty()
    os.close(ours)
    yield theirs
    os.close(theirs)


@pytest.mark.parametrize(
    ("words", "status", "where"),
    slow_but(
        [(["sync", "lake", "--progress", "rich"], 0, a_full_disk), (["nonsense"], 2, a_terminal_that_is_gone)],
        [
            (words, status, where)
            for words, status in (
                (["sync", "lake", "-v", "--progress", "plain"], 0),
                (["sync", "lake", "--progress", "rich"], 0),
                (["status", "nowhere"], 78),
                (["nonsense"], 2),
            )
            for where in (a_full_disk, a_terminal_that_is_gone)
        ],
    ),
)
def test_what_is_said_to_people_and_finds_no_room_is_no_reason_to_fail(sandbox, tmp_path, words, status, where):
    environ = {**os.environ, "STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key, "PYTHONPATH": str(ROOT)}
    with where() as stderr:
        done = subprocess.run(
            [*PROGRAM, *words], cwd=tmp_path, env=environ, stderr=stderr, timeout=ENDLESS_SECONDS, check=False
        )
    assert done.returncode == status
    if status == 0:
        assert connector.read(tmp_path / "lake").to_table().num_rows == sandbox.world.transactions


@pytest.mark.parametrize(
    "words", slow_but([["balance"]], [["--help"], ["schema", "balance_transactions"], ["balance"]])
)
def test_a_reader_that_is_gone_before_anything_is_written_is_no_error(sandbox, words):
    read, write = os.pipe()
    os.close(read)
    environ = {**os.environ, "STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key}
    done = subprocess.run(
        [*PROGRAM, *words], env=environ, stdout=write, stderr=-1, text=True, timeout=ENDLESS_SECONDS, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr.replace("Test mode: no real money.\n", "")) == (141, "")


@pytest.mark.parametrize(
    "words", slow_but([["nonsense"]], [["nonsense"], [], ["init", "lake"], ["sync", "lake", "--progress", "plain"]])
)
def test_a_reader_of_stderr_that_went_away_ends_a_command_as_one_of_stdout_does(sandbox, tmp_path, words):
    read, write = os.pipe()
    os.close(read)
    environ = {**os.environ, "STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key, "PYTHONPATH": str(ROOT)}
    for out in (write, subprocess.PIPE):  # `2>&1 | head`, and stderr alone
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=tmp_path,
            env=environ,
            stdout=out,
            stderr=write,
            timeout=ENDLESS_SECONDS,
            check=False,
        )
        assert done.returncode == 141
    os.close(write)


@pytest.mark.parametrize(("words", "status"), [(["schema"], 74), (["sync", "lake", "-q"], 0)])
def test_a_closed_stdout_matters_only_where_there_is_something_to_write(sandbox, tmp_path, words, status):
    environ = {**os.environ, "STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key}
    environ["PYTHONPATH"] = str(ROOT)  # where it is not installed
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM]
    done = subprocess.run(
        [*command, *words], cwd=tmp_path, env=environ, stderr=-1, text=True, timeout=ENDLESS_SECONDS, check=False
    )
    assert (done.returncode, "unexpected" in done.stderr) == (status, False)


def test_the_demos_stand_in_ends_with_who_started_it_even_by_kill():
    code = """
        import time
        from connector.cli.process.sandbox_process import World, stand_in

        with stand_in(World(start=1_700_000_000, end=1_710_000_000, transactions=10)) as (url, key):
            print(url, flush=True)
            time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=-1, text=True) as process:
        address = urlsplit(process.stdout.readline().strip())
        assert answers(address)
        process.kill()
    wait_until(lambda: not answers(address))


def answers(address):
    try:
        with socket.create_connection((address.hostname, address.port), timeout=1):
            return True
    except OSError:
        return False


def test_what_is_not_installed_is_looked_for_once_however_often_arrow_guesses_a_type():
    program = textwrap.dedent("""
        from importlib.machinery import PathFinder
        looked, ordinary = [], PathFinder.find_spec
        def find_spec(name, path=None, target=None):
            looked.append(name)
            return None if name.startswith("dateutil") else ordinary(name, path, target)
        PathFinder.find_spec = find_spec
        from connector.cli.process.process_setup import make_lean
        make_lean()
        import pyarrow as pa
        for _ in range(3):
            pa.array([1])
        print(sum(name.startswith("dateutil") for name in looked))
    """)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
