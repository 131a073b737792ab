"""Operators take the options of the calls they stand for, each by name; none of them needs Airflow to say so."""

from __future__ import annotations

import subprocess
import sys
from inspect import Parameter, signature

import pytest

from connector.airflow.arguments import NOT_TAKEN, options_of, takes_options
from connector.airflow.lineage import place_of
from connector.airflow.provider_info import get_provider_info
from connector.options import calls
from connector.options.option import table_of


class Task:
    @takes_options(calls.RunSyncOptions)
    def __init__(self, *, destination, wait=5.0, **given):
        """Make the task."""
        self.given = {"destination": destination, "wait": wait, **given}


def test_the_signature_names_every_option_and_still_takes_airflows_own():
    parameters = signature(Task.__init__).parameters
    named = table_of(calls.RunSyncOptions).keys() - NOT_TAKEN
    assert named <= parameters.keys()
    assert next(iter(parameters)) == "self"
    assert list(parameters)[1] == "destination"
    assert parameters["settle"].default == table_of(calls.RunSyncOptions)["settle"].default
    assert parameters["wait"].default == 5.0
    assert list(parameters.values())[-1].kind is Parameter.VAR_KEYWORD
    assert Task(destination="lake", rate=3, task_id="t").given == {
        "destination": "lake", "wait": 5.0, "rate": 3, "task_id": "t",
    }  # fmt: skip


def test_help_says_what_each_option_does():
    assert all(
        option.says in Task.__init__.__doc__
        for name, option in options_of(calls.RunSyncOptions).items()
        if name != "wait"
    )


@pytest.mark.parametrize("name", ["retries", "canceller", "api_key_file"])
def test_what_is_airflows_or_the_connections_to_say_is_not_taken(name):
    assert name not in signature(Task.__init__).parameters


def test_the_provider_is_told_without_airflow():
    told = "import sys, connector.airflow.provider_info as p; p.get_provider_info()"
    heavy = "sys.exit('airflow' in sys.modules or 'pyarrow' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", f"{told}; {heavy}"], check=False)
    assert loaded.returncode == 0
    info = get_provider_info()
    assert info["connection-types"][0]["connection-type"] == "stripe"
    assert {"account", "context", "api_version", "api_base", "rate"} == set(info["connection-types"][0]["conn-fields"])


@pytest.mark.parametrize(
    ("destination", "place"),
    [
        ("/data/stripe", ("file", "/data/stripe/payouts")),
        ("file:///data/stripe", ("file", "/data/stripe/payouts")),
        ("s3://lake/stripe/live", ("s3://lake", "stripe/live/payouts")),
        ("gs://lake", ("gs://lake", "payouts")),
    ],
)
def test_a_table_of_a_lake_has_the_name_that_openlineage_gives_it(destination, place):
    assert place_of(destination, "payouts") == place
