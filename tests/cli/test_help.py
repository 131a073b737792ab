from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module

import pytest

from connector.cli.options.commands import COMMANDS
from tests.support.fakes import ENDLESS_SECONDS

HEAVY = {"aiohttp", "pyarrow", "rich", "anyio", "asyncio", "orjson"}


def loaded_by(*words: str) -> set[str]:
    code = (
        "import sys, io; from connector.cli import main; out, sys.stdout = sys.stdout, io.StringIO();"
        f"status = main({list(words)!r}); print(status, *sys.modules, file=out)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    status, *modules = done.stdout.split()
    assert status == "0"
    return set(modules)


@pytest.mark.parametrize("words", [["--help"], ["sync", "--help"], ["sandbox", "--help"], ["--version"]])
def test_help_loads_nothing_that_takes_time(words):
    assert loaded_by(*words).isdisjoint(HEAVY)


def test_the_lake_status_loads_neither_the_network_nor_arrow_nor_rich():
    code = "import sys; import connector.cli.commands.status; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    assert set(done.stdout.split()).isdisjoint({"aiohttp", "pyarrow", "rich"})


def test_a_sync_sends_its_first_request_before_it_loads_what_other_commands_need():
    code = "import sys; import connector.cli.commands.sync; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    others = {"pyarrow", "connector.stripe.api", "connector.stripe.fees", "connector.stripe.follow.following"}
    assert set(done.stdout.split()).isdisjoint(others)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, command):
    done = run(command, "--help")
    assert done.status == 0
    assert f"usage: stripe-balance {command}" in done.out
    assert command in run("--help").out


def test_every_command_can_be_carried_out():
    assert all(callable(import_module(f"connector.cli.commands.{name}").run) for name in COMMANDS)


def test_no_command_is_wrong_and_shows_what_there_is(run):
    done = run()
    assert done.status == 2
    assert "demo" in done.err
    assert done.out == ""


@pytest.mark.parametrize("words", [["balance", "--nope"], ["--json", "balance"]])
def test_an_option_that_is_not_known_leads_to_the_help_of_the_command(run, words):
    done = run(*words)
    assert done.status == 2
    assert "see `stripe-balance balance --help`" in done.err


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_fits_a_terminal_of_eighty_columns_but_for_what_cannot_be_broken(run, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(*command, "--help").out.splitlines()
    long = [line for line in lines if len(line) > 80]
    assert all(line.lstrip().startswith(("[", "stripe-balance stream --since")) for line in long)


@pytest.mark.parametrize("command", COMMANDS)
def test_at_sixty_columns_only_a_command_is_longer_than_a_line(run, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "60")
    long = [line for line in run(command, "--help").out.splitlines() if len(line) > 60]
    assert all("stripe-balance" in line for line in long)


@pytest.mark.parametrize("columns", [44, 60, 80])
@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_can_be_copied_in_one_piece_however_narrow_it_is(run, monkeypatch, command, columns):
    def examples():
        shown = run(command, "--help").out.partition("\nexamples:\n")[2]
        joined = re.sub(r" \\\n +", " ", shown).partition("\n\n")[0]
        return [re.split(r"  +", line.strip())[0] for line in joined.split("\n") if "stripe-balance " in line]

    monkeypatch.setenv("COLUMNS", str(columns))
    narrow = examples()
    monkeypatch.setenv("COLUMNS", "400")
    assert narrow == examples()


def test_on_a_wide_terminal_an_example_and_what_it_is_for_share_a_line(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "130")
    out = run("sync", "--help").out
    assert "stripe-balance sync lake                       everything; the next run" in out
    monkeypatch.setenv("COLUMNS", "80")
    assert "  stripe-balance sync lake\n      everything; the next run" in run("sync", "--help").out


@pytest.mark.parametrize("columns", [44, 60, 80, 120])
def test_each_exit_status_has_a_line_of_its_own_and_goes_on_below_its_meaning(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    told = run("--help").out.partition("exit status:\n")[2].rstrip("\n").split("\n")
    assert max(map(len, told)) <= columns
    statuses = [line.split("  ")[1] for line in told if not line.startswith(" " * 4)]
    assert statuses == ["0", "1", "2", "65", "66", "74", "75", "77", "78", "130, 143, 129", "141"]


@pytest.mark.parametrize("columns", [60, 80])
def test_every_command_has_its_summary_beside_it(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    told = run("--help").out.partition("COMMAND\n")[2].partition("\n\n")[0].split("\n")
    named = [line.split() for line in told if line.startswith("    ") and line[4] != " "]
    assert [words[0] for words in named if len(words) > 1] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_how_a_command_is_written_takes_one_line(run, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    first, second, *_ = run(command, "--help").out.split("\n")
    assert first.startswith(f"usage: stripe-balance {command} [options]")
    assert (second, len(first) <= 80) == ("", True)
