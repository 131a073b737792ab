"""Where Spark is installed (`make spark`), these tests run it; elsewhere they are skipped."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec

BEGAN = time.monotonic()


def pytest_ignore_collect(collection_path):
    """Leave the tests out where there is no Spark; where there is to be one, they fail by themselves."""
    del collection_path
    return True if find_spec("pyspark") is None and not os.environ.get("STRIPE_BALANCE_SPARK") else None


def pytest_terminal_summary(terminalreporter):
    """Say what was shown, with which versions, and how long it took."""
    passed = [one for one in terminalreporter.stats.get("passed", ()) if "/spark/live/" in one.nodeid]
    if passed:
        import pyspark  # noqa: PLC0415 - where it is

        for one in passed:
            terminalreporter.write_line(
                f"{one.duration:5.1f} s  {one.nodeid.rpartition('::')[2][5:].replace('_', ' ')}"
            )
        seconds = time.monotonic() - BEGAN
        terminalreporter.write_line(f"Spark {pyspark.__version__}, Python {sys.version.split()[0]}: {seconds:.0f} s")
