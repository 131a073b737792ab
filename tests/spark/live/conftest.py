"""Where Spark is installed (`make spark`), these tests run it; elsewhere they are skipped."""

from __future__ import annotations

import os
from importlib.util import find_spec

from tests.support.shown import Shown

SHOWN = Shown(
    folder="tests/spark/live/",
    command="make spark FULL=1",
    libraries=("obstore", "pyarrow"),
    components={"": "Spark"},
    heading="## Spark",
)


def pytest_ignore_collect(collection_path):
    """Leave the tests out where there is no Spark; where there is to be one, they fail by themselves."""
    del collection_path
    return True if find_spec("pyspark") is None and not os.environ.get("STRIPE_BALANCE_SPARK") else None


def pytest_runtest_logreport(report):
    """Take note of what was shown."""
    SHOWN.add(report)


def pytest_terminal_summary(terminalreporter):
    """Say what was shown, with which versions, and how long it took."""
    SHOWN.tell(terminalreporter, variable="STRIPE_BALANCE_SPARK")
