"""A process that has collected the tests once, and forks for each mutant: the fork runs the changed function instead.

That is the same as importing the changed module, as long as the function has not run before the fork: a function that
runs while modules are imported is left to a process that imports them anew (`trial.begin`).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from collections import defaultdict
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import pytest

from tests.mutation.mutants import Mutant, mutated
from tests.mutation.trial import CANNOT, ROOT, Child, forked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import FrameType

Key = tuple[str, int]
"""Qualified name of a function and the line that it begins at."""

SPARE_SECONDS = 5.0
"""CPU seconds a fork may take besides its tests."""


class Warm:
    """A pytest plugin that has a loop of its own in the place of running what was collected."""

    def __init__(self, serve: Callable[[Warm], None]) -> None:
        """Take what to do with the collected tests; from now on it is seen which functions run."""
        self._serve, self._prefix = serve, f"{ROOT}/connector/"
        self._early: set[tuple[str, int]] = set()
        self._items: dict[str, pytest.Item] = {}
        self._noticed = False
        self._live: defaultdict[str, list[FunctionType]] = defaultdict(list)
        sys.setprofile(self._look)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        self._items = {item.nodeid: item for item in session.items}
        gc.unfreeze()
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename.startswith(self._prefix):
                self._live[one.__code__.co_filename].append(one)
        gc.freeze()
        self._serve(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._noticed |= report.failed

    def can(self, mutant: Mutant) -> bool:
        """Say whether what a mutant changes has not run yet, so that it may be changed."""
        return bool(mutant.begins) and (f"{ROOT}/{mutant.path}", mutant.begins) not in self._early

    def begin(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> Child:
        """Begin to run tests against a mutant, as `trial.begin` does."""
        return forked(lambda: self._run(mutant, tests), SPARE_SECONDS + 5 * seconds)

    def _look(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._prefix):
            self._early.add((code.co_filename, code.co_firstlineno))

    def _run(self, mutant: Mutant, tests: Sequence[str]) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            put_in_place(mutant, self._live[f"{ROOT}/{mutant.path}"])
        except ValueError:
            return CANNOT
        items = [self._items[name] for name in tests if name in self._items]
        with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
            os.environ["PYTEST_DEBUG_TEMPROOT"] = scratch
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
                if self._noticed:
                    return int(pytest.ExitCode.TESTS_FAILED)
        return int(pytest.ExitCode.OK if items else pytest.ExitCode.NO_TESTS_COLLECTED)


def collected(words: Sequence[str], serve: Callable[[Warm], None]) -> int:
    """Collect tests, then do something with them; returns pytest's status."""
    return int(pytest.main(list(words), plugins=[Warm(serve)]))


def put_in_place(mutant: Mutant, live: Sequence[FunctionType]) -> None:
    """Have the functions of a module run as a mutant of it does.

    Raises:
        ValueError: none of them is what it changes, it cannot be told which, or the mutant needs other variables.
    """
    path = ROOT / mutant.path
    source = path.read_text("utf-8")
    was, now = codes_of(compile(source, str(path), "exec")), codes_of(_compiled(source, mutant, path))
    changed = {key: now[key] for key in was if key in now and was[key] != now[key]}
    found = [one for one in live if (one.__code__.co_qualname, one.__code__.co_firstlineno) in changed]
    if not found:
        raise ValueError(f"nothing runs {mutant}")
    for one in found:
        (one.__code__,) = changed[one.__code__.co_qualname, one.__code__.co_firstlineno]


def codes_of(module: CodeType) -> dict[Key, list[CodeType]]:
    """Return the code of each function of a module, by where it is; of several lambdas in one line, all of theirs."""
    found: defaultdict[Key, list[CodeType]] = defaultdict(list)
    waiting = [module]
    while waiting:
        inner = [one for one in waiting.pop().co_consts if isinstance(one, CodeType)]
        waiting += inner
        for one in inner:
            found[one.co_qualname, one.co_firstlineno].append(one)
    return dict(found)


def _compiled(source: str, mutant: Mutant, path: Path) -> CodeType:
    return compile(mutated(source, mutant.number), str(path), "exec")
