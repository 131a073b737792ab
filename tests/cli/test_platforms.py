"""Where the operating system has no locks: which one it is for is said, rather than that somebody should report it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS

HIDDEN = "import sys; sys.modules['fcntl'] = None; from connector.cli import main; sys.exit(main(sys.argv[1:]))"
IN_PYTHON = "import sys; sys.modules['fcntl'] = None; import connector; connector.{}"


NEEDING = [
    ["sync", "lake"],
    ["payouts", "lake"],
    ["balance", "lake"],
    ["plan", "lake"],
    ["status", "lake"],
    ["verify", "lake"],
    ["verify", "lake", "--offline", "--json"],
    ["stream", "--follow"],
    ["demo"],
]
CALLS = ["read('lake')", "run_sync('lake')", "run_verify('lake')", "run_plan('lake')"]
NEEDING_NONE = [["--help"], ["schema"], ["balance"], ["stream", "--limit-rows", "1"]]


@pytest.mark.parametrize("words", slow_but([NEEDING[0], NEEDING[6]], NEEDING), ids=" ".join)
def test_a_command_that_needs_locks_says_what_it_runs_on(environment, tmp_path, words):
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, *words],
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "Linux and macOS only" in done.stderr
    assert "report it" not in done.stderr
    assert bool(done.stdout) is ("--json" in words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", slow_but(CALLS[:1], CALLS))
def test_so_does_the_library(environment, tmp_path, call):
    done = subprocess.run(
        [sys.executable, "-c", IN_PYTHON.format(call)],
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
        cwd=tmp_path,
    )
    assert done.stderr.splitlines()[-1].startswith("connector.errors.ConfigError: lakes are for Linux and macOS only")


@pytest.mark.parametrize("words", slow_but([["balance"]], NEEDING_NONE), ids=" ".join)
def test_what_needs_none_works(environment, words):
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, *words], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=False
    )
    assert (done.returncode, "macOS" in done.stderr) == (0, False)
