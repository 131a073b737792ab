"""`--quiet`: nothing where all is well, everything where it is not; data that was asked for stays."""

from __future__ import annotations

import json
import sys
from itertools import count

import pytest

from connector.cli.display.console import Console
from connector.cli.options.accounts import MOST_TOLD, complain_of
from connector.cli.options.commands import COMMANDS
from connector.errors import AccountsError, ServerError

REPORTS = {
    "demo": [],
    "init": ["--check", "--config", "settings"],
    "sync": ["lake"],
    "payouts": ["lake"],
    "balance lake": ["balance", "lake"],
    "status": ["lake"],
    "verify": ["lake"],
    "report": ["lake", "-o", "page"],
    "maintain": ["lake"],
    "convert": ["lake", "new"],
    "retire": ["lake", "--account", "account", "--reason", "gone"],
}
"""Commands that say how things are, and what they are tried with."""

DATA = {
    "stream": ["--limit-rows", "2"],
    "get": ["row"],
    "fees": ["charge"],
    "balance": [],
    "plan": ["lake"],
    "statement": ["lake", "--since", "2026-01-01", "--until", "2026-11-01"],
    "views": ["lake", "--for", "duckdb"],
    "schema": ["payouts"],
    "completion": ["bash"],
    "manual": [],
    "sandbox": ["--list-faults"],
}
"""Commands that write what was asked for."""


@pytest.fixture
def words(run, lake, tmp_path):
    """Put real names into words."""
    rows = run("stream", "--limit-rows", "60").lines
    charge = next(row for row in rows if row["type"] == "charge")
    account = run("status", lake, "--json").json["accounts"][0]["account"]
    names = {"lake": lake, "row": charge["id"], "charge": charge["source"], "account": account}
    names |= {"page": tmp_path / "page.html", "settings": tmp_path / "settings.toml"}
    run("init", lake, "--config", names["settings"])
    made = count()

    def put(some):
        return [str(tmp_path / f"new{next(made)}") if word == "new" else names.get(word, word) for word in some]

    return put


def test_every_command_says_how_things_are_or_writes_data():
    assert {name.partition(" ")[0] for name in (*REPORTS, *DATA)} == COMMANDS.keys()


@pytest.mark.parametrize("command", [name for name in REPORTS if name != "demo"])  # which has tests of its own
def test_where_all_is_well_nothing_is_said(run, words, command):
    given = REPORTS[command] if " " in command else [command, *REPORTS[command]]
    for quiet in ("-q", "--quiet"):
        done = run(*words(given), quiet)
        assert (done.status, done.out, done.err) == (0, "", "")
    told = run(*words(given))
    assert told.out + told.err
    assert isinstance(run(*words(given), "-q", "--json").json, dict)


@pytest.mark.parametrize("command", [name for name in (*REPORTS, *DATA) if name not in {"demo", "completion"}])
def test_where_stdout_is_closed_what_was_to_be_written_there_is_the_error(run, words, command, monkeypatch):
    given = words(REPORTS[command] if " " in command else [command, *{**REPORTS, **DATA}[command]])
    with monkeypatch.context() as closed:
        closed.setattr(sys, "stdout", None)  # as Python has it where whoever started us closed it
        done = run(*given)
    said = "cannot write to stdout: it is closed" in done.err
    assert (done.status, said) in {(0, False), (74, True)}
    if command in DATA or command in {"status", "verify"}:
        assert said


def test_a_statement_for_another_program_stays(run):
    loud, quiet = (run("schema", "balances", "--for", "duckdb", *more) for more in ([], ["-q"]))
    assert (quiet.status, quiet.out, quiet.err) == (0, loud.out, "")
    assert quiet.out.count("\n") > 2


@pytest.mark.parametrize("command", DATA)
def test_data_stays(run, words, command):
    if command == "completion":
        pytest.importorskip("shtab", reason="an extra")
    given = words([command, *DATA[command]])
    loud, quiet = run(*given), run(*given, *(["-q"] if command != "sandbox" else []))
    assert (quiet.status, quiet.err) == (0, "")
    if command == "balance":
        assert quiet.out.split("\n")[0] == loud.out.split("\n")[0]
    elif command == "plan":
        assert len(json.loads(quiet.out)) == len(json.loads(loud.out))
    else:
        assert quiet.out == loud.out


@pytest.mark.parametrize("table", ["balance_transactions", "payouts", "balances"])
def test_status_says_what_is_not_as_it_was_written_and_what_to_do(run, lake, table):
    run("payouts", lake, "-q")
    run("balance", lake, "-q")
    before = run("status", lake, "-q")
    file = next((lake / table).rglob("part-0.parquet"))
    file.write_bytes(file.read_bytes() + b"more")
    after = run("status", lake, "-q")
    assert (before.out, before.err) == ("", "")
    assert "1 not as they were written" in after.out
    assert f"{file.relative_to(lake).as_posix()} (changed)" in after.err
    assert after.err.startswith("stripe-balance: warning: ")


def test_verify_says_what_does_not_agree(run, lake):
    file = next((lake / "balance_transactions").rglob("part-0.parquet"))
    file.write_bytes(file.read_bytes() + b"more")
    done = run("verify", lake, "--offline", "-q")
    assert done.status == 65
    assert "something differs (residual)" in done.out


def test_what_could_not_be_checked_is_said_where_it_is_asked_for(run, lake):
    assert "not checkable" in run("verify", lake, "--offline").out
    done = run("verify", lake, "--offline", "-q")
    assert (done.status, done.out, done.err) == (0, "", "")
    done = run("verify", lake, "--offline", "-q", "--strict")
    assert (done.status, "not checkable" in done.out) == (65, True)


def test_errors_are_said(run, lake, environment):
    environment.setenv("STRIPE_API_KEY", "sk_test_thisIsNotTheSandboxesKey1234")
    for words in (["balance", lake], ["verify", lake], ["sync", lake], ["payouts", lake]):
        done = run(*words, "-q")
        assert (done.status, done.err.count("\n")) == (77, 1)


def test_accounts_that_fail_are_said_and_only_they(run, sandbox, lake):
    other = sandbox.world.accounts[1]
    done = run("balance", lake, "-q", "--account", other, "--account", "acct_unknown")
    assert done.status == 77
    first, second = done.err.splitlines()
    assert (done.out, first) == ("", "stripe-balance: 1 of 2 accounts failed")
    assert "acct_unknown" in second


def test_of_an_outage_of_very_many_accounts_the_first_are_told_one_by_one(capsys):
    failure = AccountsError({f"acct_{place}": ServerError("down", status=500) for place in range(150)}, of=200)
    assert complain_of(failure, Console(quiet=True)) == 75
    first, *told, last = capsys.readouterr().err.splitlines()
    assert first == "stripe-balance: 150 of 200 accounts failed"
    assert len(told) == MOST_TOLD
    assert "and 130 more accounts" in last
