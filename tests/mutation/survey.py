"""Which test runs which function: a pytest plugin that looks at calls, not at lines, and writes down what it saw."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import FrameType

ROOT = Path(__file__).parents[2]
MOST_CALLS = 200_000
"""Calls that are looked at in one test: what comes after so many has as a rule been seen before."""


@dataclass
class Seen:
    """What one test did.

    Attributes:
        seconds: CPU time that it took, traced, with what it started: a busy machine makes no test dearer.
        passed: whether it did in every phase.
        calls: functions it ran, by file from the project's folder, as the first line of each.
    """

    seconds: float = 0.0
    passed: bool = True
    calls: dict[str, list[int]] = field(default_factory=dict)


class Survey:
    """Looks at every test of a session; what modules do when they are imported belongs to none."""

    def __init__(self, out: Path) -> None:
        self._out, self._prefix = out, f"{ROOT}/connector/"
        self._seen: dict[str, Seen] = {}
        self._calls: set[tuple[str, int]] = set()
        self._left = MOST_CALLS

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self._calls, self._left, began = set(), MOST_CALLS, _cpu_seconds()
        self._seen[item.nodeid] = Seen()
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self._note(item.nodeid, _cpu_seconds() - began)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seen[report.nodeid].passed &= report.passed

    def pytest_sessionfinish(self) -> None:
        self._out.write_text(json.dumps({name: vars(seen) for name, seen in self._seen.items()}))

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        self._left -= 1
        if not self._left:
            sys.settrace(None)
        if event == "call" and code.co_filename.startswith(self._prefix):
            self._calls.add((code.co_filename, code.co_firstlineno))

    def _note(self, name: str, seconds: float) -> None:
        seen = self._seen[name]
        seen.seconds = seconds
        for file, line in sorted(self._calls):
            seen.calls.setdefault(file.removeprefix(f"{ROOT}/"), []).append(line)


def _cpu_seconds() -> float:
    """CPU time of this process, and of those that it started and that have ended."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + started.ru_utime + started.ru_stime
