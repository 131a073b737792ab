"""Real services, each started once for all tests that ask for it."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from tests.integrations import services
from tests.support.shown import STORES, Shown

SHOWN = Shown(
    folder="tests/integrations/",
    command="make stores FULL=1",
    libraries=("deltalake", "pyiceberg", "obstore", "pyarrow"),
    components=STORES,
)

NEEDS = {"seaweedfs": "boto3", "moto": "moto", "azurite": "azure.storage.blob", "gcs": "obstore"}


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def available(name):
    """Skip where a service is not installed; where all are to be there, fail."""
    if not _is_there("obstore") or not _is_there(NEEDS[name]):
        if os.environ.get("STRIPE_BALANCE_ALL_INTEGRATIONS"):
            pytest.fail(f"{name} is not installed: make integrations sets it up")
        pytest.skip(f"{name} is not installed; `make integrations` sets up what runs this")


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    """Return a function that starts a service at its first call, by name."""
    running = {}
    open_ones = []

    def start(name):
        available(name)
        if name not in running:
            service = getattr(services, name)(tmp_path_factory.mktemp(name))
            running[name] = service.__enter__()
            open_ones.append(service)
        return running[name]

    yield start
    for one in reversed(open_ones):
        one.__exit__(None, None, None)


def pytest_runtest_logreport(report):
    """Take note of what was shown."""
    SHOWN.add(report)


def pytest_terminal_summary(terminalreporter):
    """Print the table where services were started."""
    SHOWN.tell(terminalreporter, variable="STRIPE_BALANCE_ALL_INTEGRATIONS")
