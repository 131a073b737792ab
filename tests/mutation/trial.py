"""One mutant and the tests that may notice it, in a forked process that nothing on the disk knows about.

The parent has imported the libraries, but nothing of ours: a child imports the package with one module's code changed,
runs the tests and ends. No file is changed, nothing is copied, and a child starts in a few milliseconds.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.mutation.mutants import Mutant, mutated

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
MEMORY = 4 << 30
"""Bytes of data a child may have: a loop that collects without end is stopped by it."""

START_SECONDS = 20.0
"""CPU seconds a child may take to import and to collect."""

WALL_PER_CPU = 10
"""Wall seconds allowed for each CPU second: a loaded machine kills no mutant, a wait without end does."""

CANNOT = 71
"""Status of a fork that cannot take a mutant over."""

QUIET = ["-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]


@dataclass
class Child:
    """A process under way.

    Attributes:
        pid: its id, and that of its group.
        ends: when it is ended, by the monotonic clock.
        log: where its output goes.
    """

    pid: int
    ends: float
    log: Path


class Collection:
    """Notices that a file of tests cannot even be imported; pytest's status is then that of a test that is not there.

    Attributes:
        failed: whether there was one.
    """

    def __init__(self) -> None:
        self.failed = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.failed |= report.failed


def begin(mutant: Mutant, tests: Sequence[str], seconds: float) -> Child:
    """Begin to run tests against a mutant.

    Args:
        mutant: what is changed.
        tests: ids of tests, the nearest first.
        seconds: how long they take when nothing is changed.
    """
    path = ROOT / mutant.path
    tree = mutated(path.read_text("utf-8"), mutant.number)
    return fork(lambda: _serve(path, tree), tests, START_SECONDS + 5 * seconds)


def fork(prepare: Callable[[], None], tests: Sequence[str], cpu: float, *plugins: object) -> Child:
    """Run tests in a child after it prepared itself."""

    def run() -> int:
        with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
            prepare()
            collection = Collection()
            words = [*QUIET, *tests, f"--basetemp={scratch}/tests"]
            status = int(pytest.main(words, plugins=[*plugins, collection]))
            return int(pytest.ExitCode.TESTS_FAILED) if collection.failed else status

    return forked(run, cpu)


def forked(run: Callable[[], int], cpu: float) -> Child:
    """Do something in a child, which ends with the status that this returns."""
    handle, name = tempfile.mkstemp(prefix="mutant-", suffix=".log")
    pid = os.fork()
    if not pid:
        _child(handle, run, cpu)
    os.close(handle)
    return Child(pid, time.monotonic() + WALL_PER_CPU * cpu, Path(name))


def finished(child: Child) -> str | None:
    """How a child ended, or None while it runs.

    Returns:
        `survived`, `killed` (a test failed, or could not even be collected), `timeout`; `none` if no test was found;
        `cold` if only `begin` can run it.
    """
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    late = time.monotonic() > child.ends
    if not pid and not late:
        return None
    _kill(child, reap=not pid)
    if not pid or os.WIFSIGNALED(status):
        return "timeout"
    code = os.waitstatus_to_exitcode(status)
    return {0: "survived", 5: "none", 4: "none", CANNOT: "cold"}.get(code, "killed")


def end(child: Child) -> None:
    """End a child that runs."""
    _kill(child, reap=True)


def ask_to_end(child: Child) -> None:
    """Let a child that has children of its own end them, and wait for it."""
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGTERM)
    with suppress(ChildProcessError):
        os.waitpid(child.pid, 0)
    child.log.unlink()


def _kill(child: Child, *, reap: bool) -> None:
    """End what is left of a child's group."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    if reap:
        os.waitpid(child.pid, 0)
    child.log.unlink()


def _child(log: int, run: Callable[[], int], cpu: float) -> None:
    """Be the child; never returns."""
    code = 70
    try:
        os.setsid()
        os.dup2(log, 1)
        os.dup2(log, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        code = run()
    except BaseException:  # noqa: BLE001 - whatever it is, the log has to say so
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _serve(path: Path, tree: ast.Module) -> None:
    """From now on the module in that file is the changed one."""
    code, given = compile(tree, str(path), "exec"), SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, fullname: str) -> Any:
        return code if loader.path == str(path) else given(loader, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
