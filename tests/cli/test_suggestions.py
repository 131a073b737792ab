"""What was meant by a command or an option that there is not."""

from __future__ import annotations

import argparse

import pytest

from connector.cli.options.arguments import Parser
from connector.core.suggestions import MOST_NAMED, among_accounts, did_you_mean
from connector.errors import UsageError


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["snyc", "lake"], "invalid choice: 'snyc' (did you mean sync?), choose from demo, init, sync, "),
        (["syn", "lake"], "(did you mean sync?)"),
        (["varify", "lake"], "(did you mean verify?)"),
        (
            ["sync", "lake", "--sicne", "2026-01-01"],
            "--sicne (did you mean --since?) 2026-01-01; see `stripe-balance sync",
        ),
        (["sync", "lake", "--untill=2026-01-01"], "--untill=2026-01-01 (did you mean --until?)"),
        (["sync", "lake", "--all"], "--all (did you mean --all-accounts?)"),
        (["sync", "lake", "--dryrun"], "--dryrun (did you mean --dry-run?)"),
        (["sync", "lake", "-dry-run"], "-dry-run (did you mean --dry-run?)"),
        (["sync", "lake", "--dry_run"], "--dry_run (did you mean --dry-run?)"),
        (["sync", "lake", "--DRY-RUN"], "--DRY-RUN (did you mean --dry-run?)"),
        (["sync", "lake", "--allAccounts"], "--allAccounts (did you mean --all-accounts?)"),
        (["sync", "lake", "\u2013since", "2026-01-01"], "\u2013since (did you mean --since?)"),
        (["sync", "\u2013dry-run"], "\u2013dry-run (did you mean --dry-run?)"),
        (["sync", "\u2014existing", "lake"], "\u2014existing (did you mean --existing?)"),
        (["schema", "BalanceTransactions"], "(did you mean balance_transactions?)"),
        (["balance", "--jsno"], "--jsno (did you mean --json?); see `stripe-balance balance --help`"),
        (["--jsno", "balance"], "--jsno (did you mean --json?); see `stripe-balance balance --help`"),
        (["--verbose", "balance"], "--verbose (which goes after the command: `stripe-balance balance --verbose`)"),
        (["-q", "status", "lake"], "-q (which goes after the command: `stripe-balance status -q`)"),
        (["lake", "sync"], "COMMAND: 'lake' is none, and the command comes first: `stripe-balance sync …`"),
        (["--rate", "5", "sync", "lake"], "'5' is none, and the command comes first: `stripe-balance sync …`"),
        (["stream", "-follow"], "-follow (did you mean --follow?)"),
        (["sync", "lake", "--format", "parqet"], "--format: invalid choice: 'parqet' (did you mean parquet?), choose"),
        (["schema", "balance_transaction"], "(did you mean balance_transactions?)"),
        (["schema", "payout", "--arrow"], "(did you mean payouts?)"),
        (["schema", "balances", "--for", "duckbd"], "no engine is called 'duckbd' (did you mean duckdb?)"),
        (["sync", "lake", "--omit", "descripton"], "--omit descripton (did you mean description?)"),
    ],
)
def test_what_was_meant_is_said(run, words, said):
    done = run(*words)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err


@pytest.mark.parametrize(
    "words", [["xyzzy"], ["status", "lake", "--sync-all"], ["balance", "--qqqqq"], ["get", "txn_1", "-"]]
)
def test_nothing_is_made_up(run, words):
    assert "did you mean" not in run(*words).err


def test_an_option_is_never_taken_for_one_that_it_only_begins(run, lake):
    done = run("sync", lake, "--full")
    assert (done.status, "(did you mean --full-refresh?)" in done.err) == (2, True)


def test_words_do_not_depend_on_what_argparse_itself_would_say(monkeypatch):
    parser = Parser(prog="x")
    parser.suggest_on_error = True  # Python 3.14 knows it, and 3.15 turns it on
    parser.add_argument("--kind", choices=("parquet", "jsonl"))
    monkeypatch.setattr(argparse.ArgumentParser, "_check_value", lambda *_: pytest.fail("argparse's own words"))
    with pytest.raises(UsageError) as caught:
        parser.parse_args(["--kind", "parqet"])
    assert str(caught.value) == (
        "argument --kind: invalid choice: 'parqet' (did you mean parquet?), choose from parquet, jsonl; see `x --help`"
    )


def test_the_shortest_of_those_that_begin_so_comes_first():
    assert did_you_mean("--account", ["--account-id", "--all-accounts"]) == " (did you mean --account-id?)"
    assert did_you_mean("--acc", ["--account-id", "--account"]) == " (did you mean --account?)"
    assert did_you_mean("-", ["--account"]) == ""
    assert did_you_mean("", ["sync"]) == ""
    assert did_you_mean("--sql", ["--rate", "--all"]) == ""  # two dashes make no word like another


def test_an_option_without_its_value_says_what_is_to_be_given():
    parser = Parser(prog="x")
    parser.add_argument("--report", metavar="FILE", help="a workpaper of 100%%: FILE.html")
    parser.add_argument("--kind", choices=("parquet", "jsonl"), default="jsonl", help="of files (%(default)s)")
    parser.add_argument("--pair", nargs=2)
    for words, said in (
        (["--report"], "argument --report: lacks its value, --report FILE: a workpaper of 100%: FILE.html"),
        (["--report", "--kind", "jsonl"], "argument --report: lacks its value, --report FILE"),
        (["--kind"], "argument --kind: lacks its value, --kind parquet|jsonl: of files (jsonl)"),
        (["--pair", "1"], "argument --pair: expected 2 arguments"),
    ):
        with pytest.raises(UsageError) as caught:
            parser.parse_args(words)
        assert str(caught.value).startswith(said)


ASKING = [["sync", "lake"], ["plan", "lake"], ["stream"], ["payouts", "lake"], ["verify", "lake"]]


@pytest.mark.parametrize("words", ASKING)
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_time_that_counts_back_or_is_in_milliseconds_says_what_to_write(run, words, option):
    for value in (["-7d"], ["-1w", "--json"], ["7 days ago"]):
        done = run(*words, option, *value)
        said = f"stripe-balance: {option} {value[0]!r} is not a time: times are not relative, 7 days ago is 20"
        assert (done.status, said in done.err) == (2, True)
    done = run(*words, option, 1_700_000_000_000)
    assert (done.status, "it looks like milliseconds, and as seconds it is 1700000000" in done.err) == (2, True)


def test_a_statements_time_that_counts_back_says_how_to_give_it_and_then_what_to_write(run, lake):
    assert "write `--since=-7d`" in run("statement", lake, "--since", "-7d").err
    done = run("statement", lake, "--since=-7d", "--until", "2026-10-01")
    assert (done.status, "times are not relative, 7 days ago is 20" in done.err) == (2, True)


def test_a_value_that_begins_with_a_dash_is_told_with_how_to_give_it():
    parser = Parser(prog="x")
    parser.add_argument("--report")
    parser.add_argument("-q", action="store_true")
    for words, said in (
        (["--report", "-o.html"], "argument --report: '-o.html' is taken for an option: write `--report=-o.html`"),
        (["--report", "-q"], "argument --report: lacks its value"),
        (["--report", "--repot"], "argument --report: lacks its value"),
    ):
        with pytest.raises(UsageError) as caught:
            parser.parse_args(words)
        assert str(caught.value).startswith(said)
    assert parser.parse_args(["--report=-o.html"]).report == "-o.html"


def test_an_account_that_a_lake_does_not_have_is_told_with_the_one_that_was_meant_and_the_first_of_very_many():
    names = [f"acct_{place:03}Abc" for place in range(200)]
    said = among_accounts("acct_007Abd", names)
    assert said.startswith("acct_007Abd (did you mean acct_007Abc?); accounts here: acct_000Abc, acct_001Abc, ")
    assert said.endswith(f", {names[MOST_NAMED - 1]} and 188 more")
    assert among_accounts("x", ["acct_1", "acct_2"]) == "x; accounts here: acct_1, acct_2"
