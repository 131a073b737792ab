"""What people try first: `help` and `version` as words, the package as a module, a filter written as they see it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import connector
from connector.cli.options.commands import COMMANDS
from tests.support.fakes import ENDLESS_SECONDS


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_is_a_word_too(run, command):
    asked, told = run("help", *command), run(*command, "--help")
    assert (asked.status, asked.out, asked.err) == (0, told.out, "")


def test_help_of_what_there_is_not_says_what_there_is(run):
    done = run("help", "synk")
    assert (done.status, "did you mean sync?" in done.err) == (2, True)


def test_the_version_is_a_word_too(run):
    done = run("version")
    assert (done.status, done.out) == (0, run("--version").out)
    assert connector.__version__ in done.out


def test_a_lake_may_be_called_help(run, tmp_path, environment):
    environment.chdir(tmp_path)
    assert run("sync", "help", "--rate", 0, "-q").status == 0
    assert run("status", "help").status == 0


@pytest.mark.parametrize("words", [["--version"], ["help", "sync"], ["syncc"]])
def test_the_package_is_a_program(words):
    done = subprocess.run(
        [sys.executable, "-m", "connector", *words],
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
    )
    other = subprocess.run(
        [sys.executable, "-m", "connector.cli", *words],
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (other.returncode, other.stdout, other.stderr)
    assert done.returncode in {0, 2}


@pytest.mark.parametrize(
    "words",
    [
        ["sync"],
        ["sync", "lake", "--since", "soon"],
        ["stream", "--currency", "dollars"],
        ["get", "ch_1"],
        ["statement", "lake", "--month", "October"],
        ["nothing"],
        ["sync", "lake", "--rate"],
        [],
    ],
)
@pytest.mark.parametrize("more", [[], ["-v"]])
def test_a_usage_error_is_one_line_and_never_a_traceback(run, words, more):
    done = run(*words, *more)
    assert done.status == 2
    assert "Traceback" not in done.err
    assert done.err.splitlines()[-1].startswith("stripe-balance: ")


def test_a_currency_is_found_however_it_is_written(run):
    found = [run("stream", "--currency", code, "--limit-rows", 5) for code in ("usd", "USD", " Usd ")]
    assert [len(one.lines) for one in found] == [5, 5, 5]
    assert {line["currency"] for one in found for line in one.lines} == {"usd"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--currency", "CHF"], "no rows of currency chf"),
        (["--type", "Charge"], "no rows of type Charge (did you mean charge?)"),
        (["--type", "zzz"], "no rows of type zzz (which Stripe's documents do not know)"),
        (["--until", "2020", "--currency", "usd"], "no rows in that time of currency usd"),
        (["--until", "2020"], "no rows in that time"),
    ],
)
def test_where_there_is_nothing_it_says_of_what(run, words, said):
    done = run("stream", *words)
    assert (done.status, done.out, done.err) == (0, "", f"stripe-balance: {said}\n")
    assert run("stream", *words, "-q").err == ""
    assert run("stream", *words, "--json").json == {"data": [], "rows": 0}
