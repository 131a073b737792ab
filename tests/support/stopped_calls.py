"""Calls that are stopped while they wait: in a script, at a moment when one waits, within a bound of time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager

from tests.support.fakes import ENDLESS_SECONDS
from tests.support.terminal import AT_A_TERMINAL
from tests.support.waiting import is_holding, wait_until

BOUND = float(ENDLESS_SECONDS)
"""Seconds that nothing here may take, however busy the machine: what is stopped lets go after three."""


@contextmanager
def within(seconds: float):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@contextmanager
def when_held(served, act):
    """Do something, in another thread, once a request waits for an answer that does not come."""

    def wait() -> None:
        wait_until(lambda: is_holding(served))
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def script(code: str, *words: object) -> subprocess.Popen[str]:
    whole = f"{AT_A_TERMINAL}\n{textwrap.dedent(code)}"
    return subprocess.Popen([sys.executable, "-c", whole, *map(str, words)], stdout=-1, stderr=-1, text=True)
