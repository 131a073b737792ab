"""The examples run as they stand, in a real Airflow, with both of its versions: `airflow dags test`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

import connector
from connector import schemas
from connector.sandbox import Limits, Sandbox, World
from tests.airflow.live.airflow_here import EXAMPLES, THREE, airflow

START = 1_767_225_600
ROWS = 3_000
SCHEMA = jsonschema.Draft202012Validator(schemas.load("task_result"))

ASKED = """
import json, os
from airflow.models import DagBag
from airflow.providers_manager import ProvidersManager
from connector.airflow import StripeHook

manager = ProvidersManager()
manager.initialize_providers_hooks()
widgets = {name: one for name, one in manager.connection_form_widgets.items() if "__stripe__" in name}
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
print("FOUND " + json.dumps({
    "provider": manager.providers["stripe-balance-connector"].version,
    "hook": manager.hooks["stripe"].hook_class_name,
    "fields": list(widgets),
    "sensitive": [name for name, one in widgets.items() if one.is_sensitive],
    "hidden": manager.field_behaviours["stripe"]["hidden_fields"],
    "errors": bag.import_errors,
    "tested": StripeHook("stripe_tried").test_connection(),
}))
"""
"""What Airflow knows of the provider, asked in a process of its own."""

pytestmark = pytest.mark.timeout(1_200)


@pytest.fixture(scope="module")
def stripe_():
    end = START + 40 * 86_400
    world = World(transactions=ROWS, start=START, end=end, now=end + 3 * 86_400, connected=3, seed=5)
    with Sandbox(world, limits=Limits.none()) as served:
        yield served


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return tmp_path_factory.mktemp("examples") / "lake"


@pytest.fixture(scope="module")
def here(tmp_path_factory, stripe_, lake, migrated):
    dags = tmp_path_factory.mktemp("dags")
    own = Path(__file__).parent / "dags"
    for file in (*EXAMPLES.glob("stripe_*.py"), own / "interval.py", own / "paid.py"):
        shutil.copy(file, dags)
    with airflow(tmp_path_factory.mktemp("airflow"), dags, STRIPE_LAKE=str(lake)) as one:
        one.begin(key=stripe_.key, api_base=stripe_.url, migrated=migrated)
        yield one


def test_airflow_knows_the_provider_its_connection_type_and_form_and_every_example(here, stripe_, tmp_path):
    file = tmp_path / "asked.py"
    file.write_text(ASKED)
    connection = {"conn_type": "stripe", "password": stripe_.key, "extra": {"api_base": stripe_.url}}
    found = here.python(file, AIRFLOW_CONN_STRIPE_TRIED=json.dumps(connection))
    assert found["provider"] == connector.__version__
    assert found["hook"] == "connector.airflow.hook.StripeHook"
    fields = {f"extra__stripe__{name}" for name in ("account", "context", "api_version", "api_base", "rate")}
    assert set(found["fields"]) == fields
    assert not found["sensitive"]
    assert "extra" in found["hidden"]
    assert "password" not in found["hidden"]
    assert found["errors"] == {}
    assert found["tested"] == [True, f"{stripe_.account}, test mode: its balance transactions can be read"]


def test_every_day_brings_rows_payouts_and_the_balance(here, lake, stripe_):
    here.cli("dags", "test", "stripe_daily", "2026-02-03")
    assert {state for states in here.states("stripe_daily").values() for state in states} == {"success"}
    (synced,) = here.xcoms("stripe_daily", "balance_transactions")
    SCHEMA.validate(synced)
    assert synced["outcome"] == "complete"
    assert synced["rows_new"] > 0
    (payouts,) = here.xcoms("stripe_daily", "payouts")
    SCHEMA.validate(payouts)
    assert payouts["rows_new"] > 0
    (balance,) = here.xcoms("stripe_daily", "balance")
    SCHEMA.validate(balance)
    status = connector.run_status(lake)
    assert status["accounts"][0]["rows"] == synced["lake_rows"]
    if THREE:  # its @daily has an empty interval: a run reads all that the lake lacks
        assert synced["lake_rows"] == ROWS


def test_a_run_with_an_interval_brings_its_day(here, lake):
    here.cli("dags", "test", "interval", "2026-01-05T00:00:00+00:00")
    (result,) = here.xcoms("interval", "day")
    assert 0 < result["rows_new"] < ROWS / 10
    ((start, stop),) = connector.run_status(f"{lake}-interval")["accounts"][0]["covered"]
    assert (start, stop) == (START + 3 * 86_400, START + 4 * 86_400)


def test_a_destination_whose_template_finds_nothing_fails_and_makes_no_lake(here):
    said = here.cli("dags", "test", "interval", "2026-01-06T00:00:00+00:00", "-c", '{"lake": "None"}', check=False)
    assert "the destination came to 'None'" in said
    assert "failed" in here.states("interval")["day"]
    assert not Path("None").exists()


def test_templates_of_every_argument_and_calls_without_a_run(here, stripe_, tmp_path):
    accounts = json.dumps(list(stripe_.world.accounts))
    program = Path(__file__).parent / "by_hand.py"
    connection = json.dumps({"conn_type": "stripe", "password": stripe_.key, "extra": {"api_base": stripe_.url}})
    given = {"STRIPE_LAKES": str(tmp_path), "STRIPE_ACCOUNTS": accounts, "AIRFLOW_CONN_STRIPE_TRIED": connection}
    found = here.python(program, **given)
    for how in ("text", "native"):
        SCHEMA.validate(found[how])
        (own,) = [one for one in found[how]["accounts"] if one["account"] == stripe_.account]
        assert 0 < own["rows_new"] < ROWS / 5, how  # three days of forty
        assert found[how]["accounts_total"] == 4
    assert found["nobody"].startswith("AirflowFailException: UsageError: `account` 'None' is not an account id")
    assert found["cell"]["outcome"] == "complete", found["cell"]
    for how in ("verified", "unkept"):  # what is wrong with the lake, and not with the run
        assert found[how].startswith("AirflowFailException: ")
        assert "does not agree" in found[how]
    assert found["folders"] == ["cell", "native-False", "native-True"]


@pytest.fixture
def history(here, lake, monkeypatch):
    """A lake of its own, in which nothing is yet."""
    monkeypatch.setitem(here.extra, "STRIPE_LAKE", f"{lake}-history")
    return f"{lake}-history"


def test_a_backfill_is_planned_mapped_and_checked(here, history):
    here.cli("dags", "test", "stripe_backfill")
    states = here.states("stripe_backfill")
    assert set(states) == {"plan", "window", "check"}
    assert {state for found in states.values() for state in found} == {"success"}
    (windows,) = here.xcoms("stripe_backfill", "plan")
    assert len(states["window"]) == len(windows) > 1
    (checked,) = here.xcoms("stripe_backfill", "check")
    SCHEMA.validate(checked)
    assert checked["lake_rows"] == ROWS
    (event,) = events(here, "stripe_backfill")
    assert (event["lake_rows"], event["covered_until"]) == (ROWS, checked["covered_until"])
    assert event["lake_records"] == {one["account"]: one["lake_record"] for one in checked["accounts"]}


def events(here, dag):
    """What the assets were told by a DAG."""
    name = "asset_event" if THREE else "dataset_event"
    return [json.loads(extra) for (extra,) in here.rows(f"select extra from {name} where source_dag_id = ?", dag)]  # noqa: S608 - one of two names


def test_openlineage_knows_what_was_read_and_written(here, lake):
    told = (here.home / "lineage.json").read_text("utf-8")
    for table in ("balance_transactions", "payouts", "payout_transactions", "balances"):
        assert f'"{lake}/{table}"' in told
    assert "/v1/balance_transactions" in told


def test_a_sensor_sees_that_a_payout_is_reconciled_and_that_another_never_will_be(here, lake):
    payouts = [row for batch in connector.read(lake, table="payouts").reader() for row in batch.to_pylist()]
    done = next(row["id"] for row in payouts if row["reconciliation_status"] == "completed")
    here.cli("dags", "test", "paid", "-c", json.dumps({"payout": done}))
    assert here.states("paid") == {"payout": ["success"]}
    said = here.cli("dags", "test", "paid", "-c", json.dumps({"payout": "txn_1"}), check=False)
    assert "is not the id of a payout" in said
    assert here.states("paid") == {"payout": ["success", "failed"]}


def test_a_backfill_with_nothing_left_to_do_is_checked_all_the_same(here, history):
    before = connector.run_status(history)
    here.cli("dags", "test", "stripe_backfill", "-c", json.dumps({"until": "2026-01-20"}))
    states = here.states("stripe_backfill")
    assert states["check"] == ["success", "success"]
    assert "skipped" in states["window"]
    assert connector.run_status(history)["accounts"][0]["rows"] == before["accounts"][0]["rows"]


def test_connected_accounts_are_read_in_groups(here, lake, stripe_):
    here.cli("dags", "test", "stripe_connect", "2026-02-03")
    states = here.states("stripe_connect")
    assert {state for found in states.values() for state in found} == {"success"}
    assert len(connector.run_status(lake)["accounts"]) == 4
    (groups,) = here.xcoms("stripe_connect", "groups")
    assert sorted(len(group["accounts"]) for group in groups) == [1, 1, 1, 1]


def test_a_check_that_agrees_alerts_nobody_and_one_that_does_not_does(here, lake, stripe_):
    here.cli("dags", "test", "stripe_verify", "2026-02-08")
    assert here.states("stripe_verify") == {"verify": ["success"], "alert": ["skipped"]}
    file = max((lake / "balance_transactions").rglob("part-0.parquet"), key=lambda one: one.stat().st_size)
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    try:
        here.cli("dags", "test", "stripe_verify", "2026-02-15", check=False)
    finally:
        file.write_bytes(whole)
    states = here.states("stripe_verify")
    assert sorted(states["verify"]) == ["failed", "success"]
    assert sorted(states["alert"]) == ["skipped", "success"]
    (report,) = here.xcoms("stripe_verify", "verify", key="report")
    SCHEMA.validate(report)
    assert report["outcome"] == "residual"


def test_the_key_is_in_nothing_that_airflow_keeps(here, stripe_, secret):
    assert secret(here, stripe_.key) == []
