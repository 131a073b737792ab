"""`payouts`, and `balance` of several accounts or into a lake."""

from __future__ import annotations

import pyarrow as pa
import pytest

import connector
from connector.core.ledger import money
from tests.support.fitting import fits


def test_payouts_are_brought_and_said_on_stderr(run, sandbox, tmp_path):
    done = run("payouts", tmp_path / "lake", "--rate", 0)
    assert (done.status, done.out) == (0, "")
    assert sandbox.account in done.err
    payouts = pa.table(connector.read(tmp_path / "lake", table="payouts"))
    assert f"{payouts.num_rows:,} new" in done.err
    assert "nothing new" in run("payouts", tmp_path / "lake", "--rate", 0).err


def test_with_json_stdout_is_the_report_and_stderr_is_empty(run, tmp_path):
    done = run("payouts", tmp_path / "lake", "--rate", 0, "--json")
    assert (done.status, done.err) == (0, "")
    fits(done.json, "payouts_report")
    again = run("payouts", tmp_path / "lake", "--json").json
    assert again["requests"]["total"] <= 3
    assert again["accounts"][0]["files_written"] == 0


def test_manual_payouts_and_those_not_reconciled_are_named(run, tmp_path):
    report = run("payouts", tmp_path / "lake", "--rate", 0, "--json").json["accounts"][0]
    err = run("payouts", tmp_path / "lake", "--rate", 0).err
    assert report["waiting"]
    assert report["waiting"][-1] in err
    assert ("assigns them no transactions" in err) == bool(report["manual"])


def test_an_interval_and_a_refresh_are_as_asked_for(run, sandbox, tmp_path):
    middle = (sandbox.world.start + sandbox.world.end) // 2
    half = run("payouts", tmp_path / "lake", "--since", middle, "--rate", 0, "--json").json["accounts"][0]
    assert half["asked"][0] == half["covered"][0][0] == middle
    full = run("payouts", tmp_path / "lake", "--since", middle, "--rate", 0, "--full-refresh", "--json").json
    assert full["accounts"][0]["payouts_listed"] == half["payouts_listed"]


@pytest.mark.parametrize("words", [(), ("-q",), ("--json",)])
def test_what_was_lost_and_mended_is_said_in_any_case(run, tmp_path, words):
    run("payouts", tmp_path / "lake", "--rate", 0)
    for table in ("payouts", "payout_transactions"):
        min((tmp_path / "lake" / table).rglob("part-0.*")).unlink()
    done = run("payouts", tmp_path / "lake", "--rate", 0, *words)
    assert done.status == 0
    assert "2 files of payouts gone or not as written: read again" in done.err
    if "--json" in words:
        assert done.json["accounts"][0]["healed"]["files"] == 2


def test_what_was_lost_and_could_not_be_mended_ends_with_66(run, sandbox, tmp_path, monkeypatch):
    run("payouts", tmp_path / "lake", "--rate", 0)
    min((tmp_path / "lake" / "payouts").rglob("part-0.*")).unlink()
    # No fault of the sandbox takes payouts from its list, so that what is asked again seems to be gone for good.
    monkeypatch.setattr("connector.payouts.account.fetch_payouts", nothing_listed)
    done = run("payouts", tmp_path / "lake", "--rate", 0)
    assert done.status == 66
    assert "have lost something that could not be mended" in done.err
    assert "look for them in a backup" in done.err.splitlines()[-1]


async def nothing_listed(*_, **__):
    return [], frozenset()


def test_every_account_is_brought_and_a_refused_one_is_named_last(run, sandbox, tmp_path):
    done = run("payouts", tmp_path / "lake", "--all-accounts", "--rate", 0, "--json")
    assert done.json["accounts"][0]["account"] == sandbox.account
    assert {one["account"] for one in done.json["accounts"]} == set(sandbox.world.accounts)
    words = ["--account", sandbox.world.accounts[1], "--account", "acct_nope"]
    refused = run("payouts", tmp_path / "lake", *words, "--rate", 0)
    assert refused.status == 77
    assert "payouts of 1 account failed" in refused.err
    assert "acct_nope" in refused.err.splitlines()[-1]
    assert run("payouts", tmp_path / "lake", *words, "--rate", 0, "--json").json["outcome"] == "failed"
    many = run("payouts", tmp_path / "lake", *words, *[w for a in sandbox.world.accounts for w in ("--account", a)])
    assert "4 accounts" in many.err


def test_wrong_arguments_are_refused_in_a_line(run, tmp_path):
    for words in (
        [],
        ["lake", "--since", "soon"],
        ["lake", "--account", "ch_1"],
        ["lake", "--since", "2026-01-02", "--until", "2026-01-01"],
    ):
        done = run("payouts", *words)
        said = [line for line in done.err.splitlines() if ": new lake in " not in line]
        assert (done.status, len(said)) == (2, 1)


def test_a_balance_is_added_to_a_lake_and_shown_as_ever(run, sandbox, tmp_path):
    plain, done = run("balance"), run("balance", tmp_path / "lake")
    assert (done.status, done.out) == (0, plain.out)
    assert "recorded in balances/account=" in done.err
    run("balance", tmp_path / "lake", "--account-id", sandbox.account, "-q")
    rows = pa.table(connector.read(tmp_path / "lake", table="balances"))
    assert set(rows.column("account").to_pylist()) == {sandbox.account}
    assert run("balance", tmp_path / "lake", "--json").json["object"] == "balance"


def test_balances_of_several_accounts_are_tables_with_headings(run, sandbox, tmp_path):
    first, second = sandbox.world.accounts[1:3]
    done = run("balance", "--account", first, "--account", second)
    lines = done.out.splitlines()
    assert lines[0] == first
    assert lines[lines.index(second) - 1] == ""
    every = run("balance", "--all-accounts", "--json").json
    assert list(every) == ["accounts"]
    assert set(every["accounts"]) == set(sandbox.world.accounts)
    assert every["accounts"][first]["object"] == "balance"
    assert run("balance", "--account", first, "--json").json["object"] == "balance"
    recorded = run("balance", tmp_path / "lake", "--all-accounts", "--json").json["accounts"]
    assert recorded == every["accounts"]
    for one in every["accounts"][second]["available"]:
        assert money.to_text(one["amount"], one["currency"]) in done.out


def test_a_refused_account_does_not_keep_the_others_from_the_lake(run, sandbox, tmp_path):
    words = ["--account", "acct_nope", "--account", sandbox.world.accounts[1]]
    done = run("balance", tmp_path / "lake", *words)
    assert done.status == 77
    assert sandbox.world.accounts[1] in done.out
    assert "acct_nope" in done.err
