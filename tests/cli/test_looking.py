"""`balance`, `plan`, `status` and `schema`."""

from __future__ import annotations

import hashlib
import json

import pytest

import connector
from connector import schemas
from connector.cli.commands.balance import table
from connector.core.ledger import money
from connector.core.ledger.balance import to_balance
from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Intervals
from connector.lake.state.run_reports import report_paths
from connector.lake.state.table_states import commit, states
from connector.lake.stores.local import LocalStore
from connector.sandbox import Limits, Sandbox
from tests.support.states import with_files


def test_the_balance_shows_amounts_with_their_currencys_decimals(run):
    received = run("balance", "--json").json
    out = run("balance").out
    assert received["object"] == "balance"
    for one in received["available"]:
        assert money.to_text(one["amount"], one["currency"]) in out
    assert all(bucket in out for bucket in ("available", "pending"))


def test_the_table_shows_new_buckets_and_what_instant_payouts_would_bring():
    usd, eur = {"currency": "usd"}, {"currency": "eur"}
    nets = [{"amount": 985, "destination": "ba_1", "source_types": {"card": 985}}, {"amount": "?"}, "ba_2"]
    received = {
        "object": "balance",
        "livemode": False,
        "available": [{"amount": 1_000, **usd, "source_types": {"card": 1_000, "odd": "x"}}],
        "pending": [],
        "instant_available": [{"amount": 1_000, **usd, "net_available": nets}, {"amount": 200, **eur}],
        "new_bucket": [{"amount": 5, **usd}],
    }
    assert [line.split() for line in table(to_balance(received))[1:]] == [
        ["available", "10.00", "USD", "card", "10.00"],
        ["instant_available", "10.00", "USD"],
        ["2.00", "EUR"],
        ["instant_available.net_available", "9.85", "USD", "to", "ba_1,", "card", "9.85"],
        ["new_bucket", "0.05", "USD"],
    ]


@pytest.mark.parametrize("destination", [[], ["balances-lake"]])
def test_an_account_whose_balance_is_refused_is_named_and_the_others_are_shown(
    run, sandbox, monkeypatch, tmp_path, destination
):
    monkeypatch.chdir(tmp_path)
    own, refused, other = sandbox.world.accounts
    with Sandbox(sandbox.world, limits=Limits.none(), faults=[f"403:account={refused}"]) as refusing:
        monkeypatch.setenv("STRIPE_API_BASE", refusing.url)
        shown = run("balance", *destination, "--all-accounts")
        told = run("balance", *destination, "--all-accounts", "--json")
        ended = run("balance", *destination, "--all-accounts", "--fail-fast")
    assert (shown.status, told.status, ended.status) == (77, 77, 77)
    assert ended.out == ""
    assert [line for line in shown.out.splitlines() if line.startswith("acct_")] == [own, other]
    assert f"stripe-balance: {refused}: " in shown.err
    assert set(told.json["accounts"]) == {own, other}
    assert refused in told.json["error"]["message"]


def test_the_balance_of_a_connected_account_is_its_own(run, sandbox):
    assert run("balance", "--account", sandbox.world.accounts[1]).out != run("balance").out


def test_test_mode_is_said_beside_the_data(run):
    done = run("balance")
    assert "Test mode" in done.err
    assert "Test mode" not in done.out


def test_a_plan_is_an_array_of_arguments_that_together_make_the_lake(run, tmp_path):
    windows = run("plan", tmp_path / "lake", "--windows", 3).json
    assert len(windows) == 3
    for window in windows:
        connector.run_sync(tmp_path / "lake", rate=float("inf"), **window)
    assert run("status", tmp_path / "lake", "--json").json["accounts"][0]["rows"] == 700


def test_with_json_a_plan_is_one_object(run, tmp_path):
    windows = run("plan", tmp_path / "lake", "--since", "2026-01-01", "--windows", 1, "--json").json["windows"]
    assert len(windows) == 1
    begun = [path.relative_to(tmp_path) for path in (tmp_path / "lake").rglob("*") if path.is_file()]
    assert [path.as_posix() for path in begun] == ["lake/_stripe_balance/lake.json"]  # tasks look for its id


def test_a_plan_of_nothing_is_an_empty_array(run, lake):
    assert run("plan", lake, "--since", "1990-01-01", "--until", "1990-02-01").json == []


def test_the_status_needs_no_key_and_asks_nobody(run, environment, sandbox, lake):
    environment.delenv("STRIPE_API_KEY")
    environment.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
    done = run("status", lake)
    assert (done.status, done.err) == (0, "")
    assert sandbox.account in done.out
    assert "700" in done.out
    assert "as they were written" in done.out


def test_the_status_as_json_has_what_the_state_has(run, lake):
    done = run("status", lake, "--json")
    (account,) = done.json["accounts"]
    (state,) = states(LocalStore(lake))
    assert account["rows"] == sum(file.rows for file in state.files.values()) == 700
    assert account["covered"] == [[part.start, part.stop] for part in state.covered]
    assert account["differences"] == []
    assert done.json["last_run"]["outcome"] == "complete"


def test_a_file_that_changed_went_or_came_is_named(run, lake):
    files = sorted((lake / "balance_transactions").rglob("*.parquet"))
    files[0].unlink()
    files[1].write_bytes(b"short")
    (files[2].parent / "part-9.parquet").write_bytes(b"extra")
    done = run("status", lake)
    assert done.status == 0
    assert done.err.count("\n") == 1
    assert all(kind in done.err for kind in ("(missing)", "(changed)", "(extra)"))
    assert run("status", lake, "--strict").status == 65
    strict = run("status", lake, "--strict", "--json")
    assert {one["kind"] for one in strict.json["accounts"][0]["differences"]} == {"missing", "changed", "extra"}


def test_a_folder_without_a_lake_has_no_status(run, tmp_path):
    done = run("status", tmp_path)
    assert (done.status, done.out) == (78, "")
    assert "stripe-balance sync" in done.err


def test_a_run_report_that_cannot_be_read_does_not_hide_the_lake(run, lake):
    (lake / "_stripe_balance" / "runs" / "99999999T000000Z-00000000.json").write_text("{")
    assert run("status", lake).status == 0
    assert run("status", lake, "--json").json["last_run"] is None


def test_schemas_are_listed_and_printed(run):
    names = run("schema").out.split()
    assert names[0] == "balance_transactions"
    assert run("schema", "--json").json == {"schemas": names}
    for name in names:
        assert run("schema", name).json["$schema"].startswith("https://json-schema.org/")
    assert run("schema", "balances").json == schemas.load("tables/balances")


@pytest.mark.parametrize("table", ["balance_transactions", "balances", "payouts", "payout_transactions"])
def test_the_arrow_schema_is_that_of_the_files(run, table):
    lines = run("schema", table, "--arrow").out.splitlines()
    fields = run("schema", table, "--arrow", "--json").json["fields"]
    assert [line.split(":")[0] for line in lines] == [field["name"] for field in fields]
    assert table in run("schema", "--arrow").out


@pytest.mark.parametrize("words", [["nothing"], ["nothing", "--arrow"], ["state", "--arrow"]])
def test_an_unknown_schema_is_a_usage_error_that_names_those_there_are(run, words):
    done = run("schema", *words)
    assert done.status == 2
    assert "balance_transactions" in done.err


def test_a_status_beside_a_run_takes_nothing_that_the_run_does_for_damage(run, environment, lake):
    """The run replaces the newest day, records that, and writes its report, after the state was read."""
    from connector.cli import lake_status  # noqa: PLC0415 - takes Arrow a while

    look = lake_status.look_for_unnamed

    def while_a_run_goes_on(store):
        (state,) = states(store)
        newest = max(state.files)
        store.write(newest, replaced := b"as a run would")
        file = with_changes(state.files[newest], bytes=len(replaced), sha256=hashlib.sha256(replaced).hexdigest())
        done = commit(store, with_files(state, [file], Intervals()))
        (path,) = report_paths(store)
        said = json.loads(store.read(path).data)
        said["accounts"][0]["lake_record"] = done.number
        store.write(path, json.dumps(said).encode())
        return look(store)

    environment.setattr(lake_status, "look_for_unnamed", while_a_run_goes_on)
    done = run("status", lake, "--strict")
    assert (done.status, done.err) == (0, "")
