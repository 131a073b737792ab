"""The library as its users meet it: plain calls in, plain values out."""

from __future__ import annotations

import gc
import inspect
import json
import subprocess
import sys
from pathlib import Path

import anyio
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import connector
from connector.errors import ConfigError, UsageError
from connector.stripe.api import client_of
from connector.stripe.client import BALANCE
from connector.stripe.follow.options import FollowOptions
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import START, config_for, data_files, in_order, objects, run, sandbox, truth, world

FORMATS = ["parquet", "jsonl", "arrow"]


@pytest.fixture
def environment(monkeypatch):
    """A sandbox that the environment points to."""
    with sandbox(world(600)) as stripe_:
        monkeypatch.setenv("STRIPE_API_KEY", stripe_.key)
        monkeypatch.setenv("STRIPE_API_BASE", stripe_.url)
        yield stripe_


def test_the_public_names_stay_what_they_are():
    before = {name: getattr(connector, name) for name in connector.__all__}
    for name, value in before.items():
        assert getattr(connector, name) is value
        assert callable(value) or name in {"Event", "Time"}, f"connector.{name} is {value}"
    assert set(connector.__all__) <= set(dir(connector))
    with pytest.raises(AttributeError):
        _ = connector.no_such_name


def test_calling_twice_is_as_good_as_calling_once(environment, tmp_path):
    for _ in range(2):
        report = connector.run_sync(tmp_path / "lake", rate=500.0)
        assert report["outcome"] == "complete"
    assert objects(tmp_path / "lake") == truth(environment)


def test_run_sync_takes_and_gives_plain_json(environment, tmp_path):
    arguments = {"since": "2026-01-02", "until": "2026-01-06", "format": "jsonl", "partition": "month", "rate": 900}
    report = connector.run_sync(str(tmp_path / "lake"), **json.loads(json.dumps(arguments)))
    assert json.loads(json.dumps(report)) == report
    expected = [row for row in truth(environment) if START + 86_400 <= row["created"] < START + 5 * 86_400]
    assert report["accounts"][0]["lake_rows"] == len(expected)
    assert objects(tmp_path / "lake") == expected


def test_run_sync_names_its_parameters_so_that_task_runners_pass_no_others():
    for call in (connector.run_sync, connector.run_plan):
        kinds = {parameter.kind for parameter in inspect.signature(call).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds


@pytest.mark.parametrize("arguments", [{"colour": "red"}, {"since": "soon"}, {"partition": "week"}, {"rate": 0}])
def test_a_wrong_argument_is_refused_before_anything_is_asked(environment, tmp_path, arguments):
    environment.reset_stats()
    with pytest.raises((ConfigError, TypeError)):
        connector.run_sync(tmp_path / "lake", **arguments)
    assert environment.stats()["requests"] == 0
    assert not (tmp_path / "lake").exists()


NO_IDS = ["", " ", "acct_", "1234", "acct_1\r\nX-Evil: 1", "acct_1\x00", "acct_1 ", "../../etc", "acct_é", "default", 5]


def calls_with(lake, account):
    """Every call of ordinary code that takes the id of an account."""
    return {
        "sync": lambda: connector.run_sync(lake, accounts=[account]),
        "sync among others": lambda: connector.run_sync(lake, accounts=[None, "acct_1", account]),
        "sync of one": lambda: connector.run_sync(lake, accounts=account),
        "plan": lambda: connector.run_plan(lake, accounts=[account]),
        "record_balance": lambda: connector.run_record_balance(lake, accounts=[account]),
        "sync_payouts": lambda: connector.run_sync_payouts(lake, accounts=[account, "acct_1"]),
        "fees": lambda: connector.run_fees("po_1", account=account),
    }


def calls_naming(lake, account_id):
    """Every call of ordinary code that takes a name of the key's own account."""
    return {
        "sync": lambda: connector.run_sync(lake, account_id=account_id),
        "plan": lambda: connector.run_plan(lake, account_id=account_id),
        "record_balance": lambda: connector.run_record_balance(lake, account_id=account_id),
        "sync_payouts": lambda: connector.run_sync_payouts(lake, account_id=account_id),
        "verify": lambda: connector.run_verify(lake, account_id=account_id),
    }


@pytest.mark.parametrize("call", calls_with("", ""))
def test_what_cannot_be_an_account_is_refused_before_anything_is_asked(environment, tmp_path, call):
    environment.reset_stats()
    for account in NO_IDS:
        if (call, account) == ("sync of one", 5):
            continue  # neither an id nor a list of them
        with pytest.raises(UsageError, match=r"`account` .*acct_"):
            calls_with(tmp_path / "lake", account)[call]()
    assert environment.stats()["requests"] == 0
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("call", calls_naming("", ""))
def test_what_cannot_name_the_keys_own_account_is_refused_before_anything_is_asked(environment, tmp_path, call):
    environment.reset_stats()
    for account_id in NO_IDS:
        if account_id != "default":
            with pytest.raises(UsageError, match=r"`account_id` .*acct_"):
                calls_naming(tmp_path / "lake", account_id)[call]()
    assert environment.stats()["requests"] == 0
    assert not (tmp_path / "lake").exists()


@pytest.mark.anyio
@pytest.mark.parametrize("account", NO_IDS)
async def test_the_client_asks_for_no_account_that_cannot_be_one(environment, account):
    environment.reset_stats()
    async with connector.Stripe(config_for(environment)) as stripe_:
        asked = [
            lambda: stripe_.account(account=account),
            lambda: stripe_.balance(account=account),
            lambda: stripe_.balance_transaction("txn_1", account=account),
            lambda: stripe_.fees("pi_1", account=account),
            lambda: client_of(stripe_).get(BALANCE, account=account),
            lambda: stripe_.balance_transactions(account=account).__aenter__(),
            lambda: stripe_.balance_transactions_of([None, "acct_1", account]).__aenter__(),
        ]
        for ask in asked:
            with pytest.raises(UsageError, match=r"`account` .*acct_"):
                await ask()
        with pytest.raises(UsageError, match=r"`account` .*acct_"):
            FollowOptions(accounts=(None, account))
    assert environment.stats()["requests"] == 0


def test_windows_of_a_plan_are_arguments_for_run_sync_and_together_are_everything(environment, tmp_path):
    windows = connector.run_plan(tmp_path / "lake", windows=3)
    assert json.loads(json.dumps(windows)) == windows
    assert len(windows) >= 3
    for window in windows:
        connector.run_sync(tmp_path / "lake", rate=900.0, **window)
    assert objects(tmp_path / "lake") == truth(environment)
    run(tmp_path / "whole", environment)
    assert data_files(tmp_path / "lake") == data_files(tmp_path / "whole")


def test_windows_of_a_plan_carry_what_every_task_must_be_told(environment, tmp_path):
    told = {"settle": 0, "strict_schema": True, "expand": ["source"], "omit": ["description"], "format": "jsonl"}
    for window in connector.run_plan(tmp_path / "lake", windows=2, **told):
        assert told.items() <= window.items()
        connector.run_sync(tmp_path / "lake", rate=900.0, **window)
    (window,) = connector.run_plan(tmp_path / "lake", windows=1, full_refresh=True)
    assert window["expand"] == ["source"]  # as the lake was made


def test_a_task_that_does_not_see_the_lake_of_the_plan_ends_before_it_asks_for_anything(environment, tmp_path):
    window, *_ = connector.run_plan(tmp_path / "lake", windows=2)
    environment.reset_stats()
    with pytest.raises(ConfigError, match="does not see the lake that the plan was made for") as caught:
        connector.run_sync(tmp_path / "another machine's disk", rate=900.0, **window)
    assert caught.value.exit_code == 78
    assert environment.stats()["requests"] == 0
    assert not (tmp_path / "another machine's disk").exists()


@pytest.mark.parametrize("option", ["balance", "dry_run", "fail_fast", "repair"])
def test_a_plan_refuses_what_is_of_a_whole_run(environment, tmp_path, option):
    with pytest.raises(UsageError, match=option):
        anyio.run(lambda: connector.plan(tmp_path, config=config_for(environment), **{option: True}))


def test_a_plan_for_a_destination_there_is_no_store_of_leaves_no_connection(environment):
    with pytest.raises(ConfigError, match="s3a"):
        connector.run_plan("s3a://bucket/lake")
    gc.collect()  # a session left open would warn here


@pytest.mark.parametrize("form", FORMATS)
def test_a_lake_is_read_by_duckdb_polars_pandas_and_arrow_as_it_is(tmp_path, form):
    with sandbox(world(700)) as stripe_:
        run(tmp_path, stripe_, format=form)
        expected = truth(stripe_)
        sums = {
            currency: sum(row["net"] for row in expected if row["currency"] == currency)
            for currency in {row["currency"] for row in expected}
        }
        account = stripe_.account
    rows = connector.read(tmp_path)
    found = duckdb.sql("select currency, sum(net)::bigint from rows group by 1").fetchall()
    assert dict(found) == sums
    frame = pl.DataFrame(rows)
    assert dict(frame.group_by("currency").agg(pl.col("net").sum()).iter_rows()) == sums
    table = pa.table(rows)
    assert set(table.column("account").to_pylist()) == {account}
    pandas = table.to_pandas()
    assert pandas.groupby("currency", observed=True)["net"].sum().to_dict() == sums
    assert str(pandas["created"].dt.tz) == "UTC"
    assert pd.api.types.is_integer_dtype(pandas["amount"])
    few = pa.table(connector.read(tmp_path, account, columns=["id", "created_date"]))
    assert few.column_names == ["id", "created_date"]
    assert few.column("id").to_pylist() == [row["id"] for row in expected]


def test_reading_what_is_no_lake_says_so(tmp_path):
    with pytest.raises(ConfigError, match="no lake"):
        connector.read(tmp_path)


@pytest.mark.anyio
async def test_the_client_reads_the_balance_a_row_and_all_of_them(environment):
    config = config_for(environment)
    everything = truth(environment)
    async with connector.Stripe(config) as stripe_:
        balance = await stripe_.balance()
        row = await stripe_.balance_transaction(everything[5]["id"], expand=["source"])
        async with stripe_.balance_transactions(ordered=True) as pages:
            newest_first = [one async for page in pages for one in page]
        async with stripe_.balance_transactions(currency="eur", created_gte="2026-01-03") as pages:
            euros = [one async for page in pages for one in page]
        assert (await stripe_.account()).account == environment.account
    pending = {entry.currency: entry.amount for entry in balance.pending}
    assert pending == environment.world.net_by_currency(status="pending")
    assert row["id"] == everything[5]["id"]
    assert row["source"] is None or row["source"]["object"]
    assert newest_first == list(environment.world.rows())
    expected = [one for one in everything if one["currency"] == "eur" and one["created"] >= START + 2 * 86_400]
    assert in_order(euros) == expected


@pytest.mark.anyio
async def test_an_unknown_row_is_an_error_that_names_it(environment):
    async with connector.Stripe(config_for(environment)) as stripe_:
        with pytest.raises(connector.InvalidRequestError, match="txn_nope") as caught:
            await stripe_.balance_transaction("txn_nope")
    assert (caught.value.status, caught.value.code) == (404, "resource_missing")
    assert caught.value.request_id


def open_sockets() -> int:
    return sum(name.is_socket() for name in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be counted here")
@pytest.mark.anyio
async def test_leaving_early_leaves_no_open_socket(environment):
    before = open_sockets()
    async with connector.Stripe(config_for(environment)) as stripe_, stripe_.balance_transactions() as pages:
        async for _ in pages:
            break
    with anyio.move_on_after(ENDLESS_SECONDS):
        while open_sockets() > before:  # noqa: ASYNC110 - the system tells nobody
            await anyio.sleep(0.02)
    assert open_sockets() <= before


def test_importing_the_package_imports_neither_the_network_nor_arrow():
    code = (
        "import sys, connector; connector.Config;"
        "sys.exit(int(bool({'aiohttp', 'pyarrow', 'duckdb', 'stripe'} & sys.modules.keys())))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == 0


def test_no_key_at_all_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="STRIPE_API_KEY"):
        connector.run_sync(tmp_path / "lake")
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_any")
    with pytest.raises(UsageError, match="windows"):
        connector.run_plan(tmp_path / "lake", windows=0)
