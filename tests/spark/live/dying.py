"""Tasks whose executor dies as they commit, at their first attempt: before the record is written, or right after it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pyspark import TaskContext

from connector.lake.stores.local import LocalStore
from connector.spark.task import Ended, Tasks

BEFORE, AFTER = 0, 1
"""Numbers of the tasks that die."""


class DyingTasks(Tasks):
    """Tasks of which two take their executor with them."""

    def carried_out(self, number: int) -> Ended:
        """Carry out one; where it is its turn to die, it dies at the first record that it writes."""
        context = TaskContext.get()
        first = context is None or context.attemptNumber() == 0
        write = LocalStore.write
        if first and number in {BEFORE, AFTER}:

            def dies(self, path, *given, **named):
                record = path.startswith("_stripe_balance/state/balance_transactions/")
                if record and number == BEFORE:
                    die()
                done = write(self, path, *given, **named)
                if record:
                    die()
                return done

            LocalStore.write = dies  # pyright: ignore[reportAttributeAccessIssue]
        try:
            return super().carried_out(number)
        finally:
            LocalStore.write = write


def die() -> None:
    """Kill the executor, and the process of Python that it started."""
    daemon = os.getppid()
    executor = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
    for process in (executor, daemon, os.getpid()):
        os.kill(process, signal.SIGKILL)
