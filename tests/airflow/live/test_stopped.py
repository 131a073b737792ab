"""A task that is stopped loses nothing, in a whole Airflow 3 with its scheduler and servers: the next try goes on.

Airflow 2 ends a task by an exception out of its signal handler; what becomes of a call then is tested without it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

import connector
from connector.errors import ConnectorError
from connector.sandbox import Limits, Sandbox, World
from tests.airflow.live.airflow_here import EXAMPLES, THREE, airflow
from tests.support.lakes import objects, truth

START = 1_767_225_600
ROWS = 4_000
LEAST_REQUESTS = ROWS // 100
PATIENCE = 240.0

pytestmark = [
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(not THREE, reason="Airflow 2 stops tasks by a signal handler that raises"),
]


@pytest.fixture(scope="module")
def stripe_():
    end = START + 40 * 86_400
    world = World(transactions=ROWS, start=START, end=end, now=end + 3 * 86_400, connected=0, seed=6)
    with Sandbox(world, limits=Limits.none()) as served:
        yield served


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    return str(tmp_path_factory.mktemp("stopped") / "lake")


@pytest.fixture(scope="module")
def here(tmp_path_factory, stripe_, lakes, migrated):
    dags = tmp_path_factory.mktemp("dags")
    for file in (Path(__file__).parent / "dags" / "stopped.py", EXAMPLES / "stripe_backfill.py"):
        shutil.copy(file, dags)
    with airflow(tmp_path_factory.mktemp("airflow"), dags, STRIPE_LAKE=lakes) as one:
        one.begin(key=stripe_.key, api_base=stripe_.url, migrated=migrated)
        one.start()
        one.wait_for(lambda: len(one.rows("select dag_id from dag")) == 4, seconds=PATIENCE)
        yield one


class Task:
    """The one task of a run, from outside."""

    def __init__(self, here, name):
        self.here, self.dag = here, f"stopped_{name}"
        here.api("PATCH", f"/dags/{self.dag}", {"is_paused": False})
        self.run = here.api("POST", f"/dags/{self.dag}/dagRuns", {"logical_date": None})["dag_run_id"]
        self.path = f"/dags/{self.dag}/dagRuns/{self.run}/taskInstances/sync"

    def seen(self):
        return self.here.api("GET", self.path)

    def wait_for(self, *states):
        return self.here.wait_for(lambda: (one := self.seen())["state"] in states and one, seconds=PATIENCE)


def begun(here, stripe_):
    """Wait until a task is well under way."""
    stripe_.reset_stats()
    here.wait_for(lambda: stripe_.stats()["requests"] >= LEAST_REQUESTS // 3, seconds=PATIENCE)


def last_run(lake):
    with suppress(ConnectorError):
        return connector.run_status(lake)["last_run"] or {}
    return {}


def kept(lake):
    (account,) = connector.run_status(lake)["accounts"]
    return account["rows"] + account["parked"]


def test_a_task_that_is_marked_failed_keeps_what_it_has_and_goes_on_when_it_is_cleared(here, stripe_, lakes):
    lake, task = f"{lakes}-marked", Task(here, "marked")
    begun(here, stripe_)
    here.api("PATCH", task.path, {"new_state": "failed"})
    here.wait_for(lambda: last_run(lake).get("outcome") == "interrupted", seconds=PATIENCE)
    before = kept(lake)
    assert 0 < before < ROWS
    assert task.wait_for("failed")["try_number"] == 1
    stripe_.reset_stats()
    cleared = {"dry_run": False, "task_ids": ["sync"], "dag_run_id": task.run, "only_failed": True}
    here.api("POST", f"/dags/{task.dag}/clearTaskInstances", cleared)
    task.wait_for("success")
    assert stripe_.stats()["requests"] < LEAST_REQUESTS
    assert objects(lake) == truth(stripe_)


def test_a_task_that_takes_too_long_stops_before_its_timeout_and_each_try_goes_on(here, stripe_, lakes):
    lake, task = f"{lakes}-timed", Task(here, "timed")
    done = task.wait_for("success")
    assert done["try_number"] > 1
    assert objects(lake) == truth(stripe_)
    reports = [json.loads(one.read_bytes()) for one in sorted((Path(lake) / "_stripe_balance" / "runs").glob("*.json"))]
    outcomes = [one["outcome"] for one in reports]
    assert outcomes[-1] == "complete"
    assert set(outcomes[:-1]) == {"interrupted"}
    received = sum(account["rows_received"] for one in reports for account in one["accounts"])
    assert received < 1.5 * ROWS


def test_a_worker_that_is_killed_loses_nothing_and_the_next_try_goes_on(here, stripe_, lakes):
    lake, task = f"{lakes}-killed", Task(here, "killed")
    begun(here, stripe_)
    (pid,) = here.wait_for(lambda: here.rows("select pid from task_instance where dag_id = ? and pid > 0", task.dag))[0]
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    for one in (parent, pid):
        os.kill(one, signal.SIGKILL)
    done = task.wait_for("success")
    assert done["try_number"] > 1
    assert objects(lake) == truth(stripe_)


def test_mapped_windows_are_at_work_on_one_lake_at_once_and_the_asset_is_told_once(here, stripe_, lakes):
    stripe_.faults.add("slow:endpoint=balance_transactions,seconds=3")  # a window takes longer than a worker to start
    here.api("PATCH", "/dags/stripe_backfill", {"is_paused": False})
    run = here.api("POST", "/dags/stripe_backfill/dagRuns", {"logical_date": None})["dag_run_id"]
    path = f"/dags/stripe_backfill/dagRuns/{run}"
    ended = here.wait_for(
        lambda: (one := here.api("GET", path)["state"]) in {"success", "failed"} and one, seconds=2 * PATIENCE
    )
    stripe_.faults.clear()
    assert ended == "success", here.states("stripe_backfill")
    planned = here.api("GET", f"{path}/taskInstances/plan/xcomEntries/return_value?deserialize=true")["value"]
    assert 2 <= len(planned) <= ROWS // 1_000  # by rows that are expected from a few pages, of 1,000 at least
    assert here.states("stripe_backfill")["window"] == ["success"] * len(planned)
    assert objects(lakes) == truth(stripe_)
    times = here.rows("select start_date, end_date from task_instance where task_id = 'window' order by start_date")
    assert any(later[0] < earlier[1] for earlier, later in pairwise(times)), times
    assert len(here.rows("select id from asset_event")) == 1


def test_the_key_is_nowhere_in_what_airflow_keeps_or_shows(here, stripe_, secret):
    said = here.api("POST", "/connections/test", {"connection_id": "stripe_default", "conn_type": "stripe",
        "password": stripe_.key, "extra": json.dumps({"api_base": stripe_.url})})  # fmt: skip
    assert said["status"] is True, said
    refused = here.api("POST", "/connections/test", {"connection_id": "stripe_default", "conn_type": "stripe",
        "password": f"{stripe_.key}x", "extra": json.dumps({"api_base": stripe_.url})})  # fmt: skip
    assert refused["status"] is False
    shown = [said, refused, here.api("GET", "/connections/stripe_default")]
    for dag in ("stopped_marked", "stopped_timed", "stopped_killed"):
        for run in here.api("GET", f"/dags/{dag}/dagRuns")["dag_runs"]:
            task = f"/dags/{dag}/dagRuns/{run['dag_run_id']}/taskInstances/sync"
            one = here.api("GET", task)
            shown += [one, here.api("GET", f"{task}/xcomEntries"), here.api("GET", f"{task}/xcomEntries/return_value")]
            shown += [here.api("GET", f"{task}/logs/{number}") for number in range(1, one["try_number"] + 1)]
    assert "sync_payouts" not in str(shown)
    assert "complete" in str(shown)
    assert stripe_.key not in str(shown)
    assert stripe_.key[-12:] not in str(shown)
    assert secret(here, stripe_.key) == []
