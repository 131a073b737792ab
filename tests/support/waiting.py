"""Waiting for what comes true, rather than for as long as it takes on one machine."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

from tests.support.fakes import ENDLESS_SECONDS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from connector.sandbox import Sandbox

LOOK_SECONDS = 0.01


def wait_until(true: Callable[[], object], seconds: float = ENDLESS_SECONDS) -> None:
    """Wait until something is true; fail where it never comes to be."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(LOOK_SECONDS)


def hold_answers(served: Sandbox, number: int, *, seconds: float = ENDLESS_SECONDS) -> None:
    """Have a sandbox answer no more from a request on, the so-manieth from now: who needs it cannot come to an end.

    Args:
        served: the sandbox.
        number: of the request, from 1.
        seconds: after which the connection is reset instead of an answer.
    """
    served.faults.add(f"hang:k={number},times=100000,seconds={seconds}")


def is_holding(served: Sandbox) -> bool:
    """Whether somebody waits for an answer that is held back."""
    return any(fault["fired"] for fault in served.stats()["faults"] if fault["kind"] == "hang")


def killed_at_request(
    served: Sandbox, number: int, start: Callable[[], subprocess.Popen[Any]], *, later: float = 0.0
) -> int:
    """Start a process, kill it with -9 as it waits for the answer to a request, and return the status it ended with.

    The moment is one of progress, and the same on any machine. Who asks less often ends as it likes.

    Args:
        served: whom it asks, without faults of its own.
        number: of the request, from 1.
        start: starts the process.
        later: seconds that it has then for what needs no answer: they draw a moment, and nothing depends on them.
    """
    hold_answers(served, number)
    try:
        process = start()
        wait_until(lambda: is_holding(served) or process.poll() is not None)
        time.sleep(later)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    finally:
        served.faults.clear()
    return process.returncode
