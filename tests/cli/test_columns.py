"""`sync --omit`, `--hash`, `--source-columns`, `--strict-schema`, and what `status` says of them."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

import connector
from connector.sandbox import Limits, Sandbox, World

SALT = "a salt of more than sixteen characters"
CHOICE = (
    *("--expand", "source", "--source-columns"),
    *("--omit", "description", "--omit", "source.billing_details", "--hash", "source.customer"),
)


@pytest.fixture
def odd(environment):
    """A sandbox of rows that differ from the schema."""
    now = 1_790_000_000
    world = World(transactions=120, connected=0, start=now - 86_400 * 9, end=now - 86_400, now=now)
    with Sandbox(world, limits=Limits.none(), faults=["unknown-field", "unknown-enum"]) as running:
        environment.setenv("STRIPE_API_BASE", running.url)
        environment.setenv("STRIPE_API_KEY", running.key)
        yield running


def test_what_is_kept_is_said_by_the_status_and_the_salt_by_nobody(run, environment, tmp_path):
    environment.setenv("STRIPE_BALANCE_SALT", SALT)
    lake = tmp_path / "lake"
    done = run("sync", lake, "--rate", 0, *CHOICE, "-v")
    assert done.status == 0
    shown = run("status", lake)
    assert "expanded  source, with columns for charges, refunds, disputes and payouts" in shown.out
    assert "left out  description, source.billing_details" in shown.out
    assert "hashed    source.customer (salt " in shown.out
    assert SALT not in done.out + done.err + shown.out
    options = run("status", lake, "--json").json["accounts"][0]["options"]
    assert options["omit"] == ["description", "source.billing_details"]
    assert pa.table(connector.read(lake, columns=["charge_amount"]))["charge_amount"].null_count < 700


def test_a_plan_for_such_a_lake_asks_for_the_same(run, environment, sandbox, tmp_path):
    environment.setenv("STRIPE_BALANCE_SALT", SALT)
    run("sync", tmp_path / "lake", "--rate", 0, "-q", *CHOICE, "--until", sandbox.world.start + 86_400 * 5)
    windows = run("plan", tmp_path / "lake", "--windows", 2).json
    assert {tuple(window["omit"]) for window in windows} == {("description", "source.billing_details")}
    for window in windows:
        connector.run_sync(tmp_path / "lake", rate=float("inf"), **window)
    assert run("status", tmp_path / "lake", "--json").json["accounts"][0]["rows"] == 700


def test_a_misspelt_path_is_told_of(run, tmp_path):
    words = ("--rate", 0, "--expand", "source", "--omit", "source.biling_details", "--omit", "source.billing_details")
    done = run("sync", tmp_path / "lake", *words)
    assert "no such   source.biling_details: in no row" in done.err
    again = run("sync", tmp_path / "lake", *words, "--full-refresh", "--json")
    assert again.json["not_found"] == ["source.biling_details"]


def test_another_salt_ends_with_78_and_says_what_to_do(run, environment, tmp_path):
    environment.setenv("STRIPE_BALANCE_SALT", SALT)
    assert run("sync", tmp_path / "lake", "--rate", 0, "--hash", "description", "-q").status == 0
    (tmp_path / "salt").write_text(f"{SALT}, another")
    done = run("sync", tmp_path / "lake", "--hash", "description", "--hash-salt-file", tmp_path / "salt")
    assert (done.status, done.out) == (78, "")
    assert "use the salt it was made with" in done.err
    assert SALT not in done.err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--hash", "description"), 78, "set STRIPE_BALANCE_SALT"),
        (("--hash", "amount"), 2, "cannot do without amount"),
        (("--hash", "exchange_rate"), 2, "--hash exchange_rate"),
        (("--omit", "description", "--hash", "description"), 2, "keep one of them"),
        (("--omit", "net"), 2, "cannot do without net"),
        (("--omit", "descriptoin"), 2, "did you mean description?"),
        (("--source-columns",), 2, "add --expand source"),
        (("--expand", "source", "--source-columns", "--format", "jsonl"), 78, "for parquet and arrow"),
    ],
)
def test_a_choice_that_cannot_be_carried_out_ends_before_anything_is_written(
    run, environment, tmp_path, words, status, says
):
    environment.delenv("STRIPE_BALANCE_SALT", raising=False)
    done = run("sync", tmp_path / "lake", *words)
    assert done.status == status
    assert says in done.err
    assert len([line for line in done.err.splitlines() if ": new lake in " not in line]) == 1
    assert not (tmp_path / "lake").exists()


def test_what_differs_is_told_with_an_example_in_this_run_and_in_later_ones(run, odd, tmp_path):
    lake = tmp_path / "lake"
    first = run("sync", lake, "--rate", 0)
    assert "differs   unknown" in first.err
    odd.faults.clear()
    run("sync", lake, "-q")
    shown = run("status", lake)
    assert "such as in txn_" in shown.out
    (account,) = run("status", lake, "--json").json["accounts"]
    assert {one["kind"] for one in account["drift"]} == {"unknown_field", "unknown_value"}
    assert all(one["example"].startswith("txn_") for one in account["drift"])


def test_a_strict_schema_ends_with_65(run, odd, tmp_path):
    done = run("sync", tmp_path / "lake", "--rate", 0, "--strict-schema", "--json")
    assert done.status == 65
    assert "rows differ from the schema" in done.json["error"]["message"]


def test_a_lake_of_two_versions_says_so_in_words_and_as_json(run, odd, tmp_path):
    lake = tmp_path / "lake"
    odd.faults.clear()
    run("sync", lake, "--rate", 0, "-q", "--until", odd.world.end - 86_400 * 4, "--api-version", "2024-04-10")
    assert run("status", lake, "--json").json["accounts"][0]["mixed_versions"] is False
    done = run("sync", lake, "--rate", 0)
    assert "versions  2024-04-10, 2026-" in done.err
    assert "rows of older ones may lack" in run("status", lake).out
    assert run("status", lake, "--json").json["accounts"][0]["mixed_versions"] is True


def test_a_missing_permission_is_named_to_people_and_to_programs(run, environment, tmp_path):
    now = 1_790_000_000
    world = World(transactions=50, connected=0, start=now - 86_400 * 9, end=now - 86_400, now=now)
    with Sandbox(world, limits=Limits.none(), missing_scopes=["rak_balance_transaction_source_read"]) as running:
        environment.setenv("STRIPE_API_BASE", running.url)
        environment.setenv("STRIPE_API_KEY", running.restricted_key)
        done = run("sync", tmp_path / "lake", "--json")
        assert done.status == 77
        assert done.json["error"]["permission"] == "rak_balance_transaction_source_read"
        assert "enable read access to Balance transaction sources" in done.err
        assert json.dumps(done.json).count("https://dashboard.stripe.com/apikeys") == 1
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("why", ["permission", "address", "application"])
def test_what_stripe_says_itself_is_not_said_again(run, environment, tmp_path, why):
    now = 1_790_000_000
    world = World(transactions=50, connected=0, start=now - 86_400 * 9, end=now - 86_400, now=now)
    missing = ["balance_transaction_source_read"] if why == "permission" else []
    with Sandbox(world, limits=Limits.none(), missing_scopes=missing) as running:
        if why != "permission":
            running.faults.add(f"403:why={why},endpoint=balance_transactions")
        environment.setenv("STRIPE_API_BASE", running.url)
        environment.setenv("STRIPE_API_KEY", running.restricted_key)
        done = run("sync", tmp_path / "lake", "--json")
        error = done.json["error"]
    assert (done.status, error.get("permission")) == (77, missing[0] if missing else None)
    assert done.err.count("https://dashboard.stripe.com") == len(missing)
    assert "enable read access" not in done.err
    assert "use a key" not in done.err
    assert not (tmp_path / "lake").exists()
