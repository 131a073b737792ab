"""Every call has a twin for ordinary code, and the twin says what the command line says."""

from __future__ import annotations

import json

import pytest

import connector
from connector.errors import ConfigError, InvalidRequestError, UsageError
from tests.support.lakes import sandbox, world


@pytest.fixture
def served(monkeypatch):
    with sandbox(world(300, connected=2)) as stripe_:
        monkeypatch.setenv("STRIPE_API_BASE", stripe_.url)
        monkeypatch.setenv("STRIPE_API_KEY", stripe_.key)
        yield stripe_


def test_the_balance_is_as_received_of_the_account_that_is_asked_for(served):
    own, other = connector.run_balance(), connector.run_balance(account=served.world.accounts[1])
    assert own["object"] == other["object"] == "balance"
    assert own["available"] != other["available"]
    json.dumps([own, other])


def test_a_transaction_is_as_received_and_what_there_is_not_is_an_error(served, tmp_path):
    connector.run_sync(tmp_path, rate=1_000)
    one = connector.read(tmp_path, columns=["id", "net", "source"]).to_table().to_pylist()[0]
    found = connector.run_get(one["id"])
    assert (found["id"], found["net"], found["source"]) == (one["id"], one["net"], one["source"])
    assert connector.run_get(one["id"], expand=["source"])["source"]["id"] == one["source"]
    with pytest.raises(InvalidRequestError):
        connector.run_get("txn_none")
    with pytest.raises(UsageError, match="begins with txn_"):
        connector.run_get("ch_1")


def test_the_status_of_a_lake_asks_nobody_and_says_what_it_holds(served, tmp_path, monkeypatch):
    report = connector.run_sync(tmp_path, rate=1_000)
    monkeypatch.delenv("STRIPE_API_KEY")
    found = connector.run_status(tmp_path)
    account = found["accounts"][0]
    assert (account["rows"], account["net"]) == (report["accounts"][0]["lake_rows"], report["accounts"][0]["net"])
    assert found["last_run"]["run_id"] == report["run_id"]
    json.dumps(found)
    with pytest.raises(ConfigError, match="no lake"):
        connector.run_status(tmp_path / "nowhere")
