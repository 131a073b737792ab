"""Where Airflow is installed (`make airflow`), these tests run it; elsewhere they are skipped."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from tests.support.shown import Shown, version_of

SHOWN = Shown(
    folder="tests/airflow/live/",
    command="make airflow FULL=1",
    libraries=("apache-airflow-providers-openlineage", "obstore", "pyarrow"),
    components={"": "Airflow"},
    heading=f"## Airflow {version_of('Airflow').partition('.')[0]}",
)


def pytest_ignore_collect(collection_path):
    """Leave the tests out where there is no Airflow; where there is to be one, they fail by themselves."""
    del collection_path
    return True if find_spec("airflow") is None and not os.environ.get("STRIPE_BALANCE_AIRFLOW") else None


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A database of Airflow's with all tables and nothing in them: made once, copied by each who needs one."""
    from tests.airflow.live.airflow_here import airflow  # noqa: PLC0415 - needs Airflow

    folder = tmp_path_factory.mktemp("migrated")
    (folder / "home").mkdir()
    with airflow(folder / "home", folder) as one:
        one.cli("db", "migrate")
        yield one.database


@pytest.fixture(scope="session")
def secret():
    """Return a function that says where a key is found in what Airflow keeps."""

    def places(here, key):
        forms = [key.encode(), key[:24].encode(), key[-12:].encode()]
        return [name for name, text in here.texts() if any(form in text for form in forms)]

    return places


def pytest_runtest_logreport(report):
    """Take note of what was shown."""
    SHOWN.add(report)


def pytest_terminal_summary(terminalreporter):
    """Say what was shown, with which version, and how long it took."""
    SHOWN.tell(terminalreporter, variable="STRIPE_BALANCE_AIRFLOW")
