"""Views say what the rows say: in DuckDB always, in ClickHouse and Spark where they are installed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

import connector
from connector.errors import ConfigError, UsageError
from connector.readers.described import described
from connector.readers.dialects import DIALECTS
from connector.readers.views import ENGINE_NAMES, views_for
from tests.readers.running import clickhouse, need, spark
from tests.support.lakes import run, sandbox
from tests.support.statements import fill, world

PARIS = ZoneInfo("Europe/Paris")
RUN = ("duckdb", "clickhouse", "spark")
FORMATS = ("parquet", "jsonl.zst")


@pytest.fixture(scope="module")
def served():
    with sandbox(world(700, days=60, connected=1)) as running:
        yield running


@pytest.fixture(scope="module", params=FORMATS)
def lake(request, served, tmp_path_factory):
    made = tmp_path_factory.mktemp("views") / "lake"
    fill(made, served, format=request.param, expand=["source"])
    return made


def viewed(engine, lake, view, **options):
    """Run the statements, and return a view's rows."""
    need(engine)
    statement = views_for(engine, lake, **options)
    if engine == "duckdb":
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'America/New_York'")
            connection.execute(statement.text)
            return connection.table(view).to_arrow_table().to_pylist()
    if engine == "clickhouse":
        for one in statement.text.split(";\n"):
            clickhouse().query(one)
        return clickhouse().query(f"select * from {view}", "ArrowTable").to_pylist()  # noqa: S608 - a name of ours
    exec(compile(statement.text, "<spark>", "exec"), {"spark": spark()})  # noqa: S102 - this is what users do with it
    return spark().table(view).toArrow().to_pylist()


@pytest.mark.parametrize("engine", RUN)
def test_each_row_is_there_once_as_money_with_its_local_day_and_payout(engine, lake, served):
    truth = {(one["account"], one["id"]): one for one in pa.table(connector.read(lake, decimals=True)).to_pylist()}
    pairs = pa.table(connector.read(lake, table="payout_transactions")).to_pylist()
    paid = {}
    for pair in sorted(pairs, key=lambda pair: (pair["arrival_date"], pair["payout_id"])):
        paid[pair["account"], pair["balance_transaction_id"]] = pair["payout_id"]
    status = {one["id"]: one["status"] for one in pa.table(connector.read(lake, table="payouts")).to_pylist()}
    rows = viewed(engine, lake, "stripe_transactions", zone="Europe/Paris")
    assert sorted((row["account"], row["id"]) for row in rows) == sorted(truth)
    received = {row["id"]: row for account in served.world.accounts for row in served.world.rows(account)}
    for row in rows:
        one, plain = truth[row["account"], row["id"]], received[row["id"]]
        local = datetime.fromtimestamp(plain["created"], UTC).astimezone(PARIS)
        for name in ("amount", "fee", "net"):
            assert row[name] == one[name]
            assert row[f"{name}_minor"] == plain[name]
        assert row["created_day"] == local.date()
        assert row["created_local"].replace(tzinfo=None) == local.replace(tzinfo=None)
        assert row["available_day"] == datetime.fromtimestamp(plain["available_on"], UTC).date()
        assert row["payout_id"] == paid.get((row["account"], row["id"]))
        assert row["payout_status"] == status.get(row["payout_id"])


@pytest.mark.parametrize("engine", RUN)
def test_refunds_have_their_charge_and_disputes_their_reason(engine, lake):
    rows = viewed(engine, lake, "stripe_transactions")
    refunds = [row for row in rows if row["reporting_category"] == "refund"]
    disputes = [row for row in rows if row["reporting_category"] == "dispute"]
    assert refunds
    assert disputes
    assert all(row["charge"].startswith(("ch_", "py_")) for row in (*refunds, *disputes))
    assert all(row["dispute_reason"] for row in disputes)
    assert not any(row["dispute_reason"] for row in rows if "dispute" not in row["reporting_category"])
    charges = {row["source"] for row in rows if row["reporting_category"] == "charge"}
    assert {row["charge"] for row in (*refunds, *disputes)} <= charges


@pytest.mark.parametrize("engine", RUN)
def test_fees_of_both_places_add_up_to_the_fees_of_the_rows_and_the_rows_that_are_fees(engine, lake):
    rows = pa.table(connector.read(lake, decimals=True)).to_pylist()
    fees = viewed(engine, lake, "stripe_fees", zone="Europe/Paris")
    for currency in {row["currency"] for row in rows}:
        of_it = [row for row in rows if row["currency"] == currency]
        found = dict.fromkeys(("part of a row", "row of its own"), 0)
        for fee in fees:
            if fee["currency"] == currency:
                found[fee["place"]] += fee["amount"]
        assert found["part of a row"] == sum(row["fee"] for row in of_it)
        own = [row for row in of_it if row["reporting_category"] in {"fee", "tax"}]
        assert found["row of its own"] == -sum(row["amount"] for row in own)
    assert {fee["place"] for fee in fees} == {"part of a row", "row of its own"}


@pytest.mark.parametrize("engine", RUN)
def test_payouts_are_money_with_their_days(engine, lake):
    truth = {one["id"]: one for one in pa.table(connector.read(lake, table="payouts", decimals=True)).to_pylist()}
    rows = viewed(engine, lake, "stripe_payouts", zone="Europe/Paris")
    assert sorted(row["id"] for row in rows) == sorted(truth)
    for row in rows:
        one = truth[row["id"]]
        assert row["amount"] == one["amount"]
        assert row["arrival_day"] == one["arrival_date"].astimezone(UTC).date()
        assert row["created_day"] == one["created"].astimezone(PARIS).date()
        if "trace_id_value" in row:
            assert row["trace_id_value"] == one["trace_id_value"]


@pytest.mark.parametrize("engine", RUN)
def test_a_lake_without_payouts_or_sources_has_nulls_in_their_place(engine, served, tmp_path):
    run(tmp_path / "lake", served, accounts=[None])
    statement = views_for("duckdb", tmp_path / "lake")
    assert "stripe_payouts" not in statement.columns
    assert any("make the views again" in note for note in statement.notes)
    rows = viewed(engine, tmp_path / "lake", "stripe_transactions")
    assert len(rows) == served.world.transactions
    assert {(row["payout_id"], row["charge"], row["dispute_reason"]) for row in rows} == {(None, None, None)}


@pytest.mark.parametrize("engine", ENGINE_NAMES)
def test_each_engine_has_every_view_and_those_not_run_say_so(engine, lake):
    if engine == "bigquery" and described("payouts", lake).is_lines:
        with pytest.raises(ConfigError, match="BigQuery"):
            views_for(engine, lake)
        return
    statement = views_for(engine, lake, zone="Europe/Paris")
    assert statement.columns == ("stripe_transactions", "stripe_fees", "stripe_payouts")
    for view in statement.columns:
        assert f"{view} as select" in statement.text
    assert any("not run here" in note for note in statement.notes) == (engine not in RUN)
    assert set(DIALECTS) == set(ENGINE_NAMES)


def test_other_engines_and_places_without_a_lake_are_refused(lake):
    with pytest.raises(UsageError, match="no views for 'excel'"):
        views_for("excel", lake)
    with pytest.raises(ConfigError, match="no lake"):
        views_for("duckdb", lake / "nothing")
