"""The settings file: what is not said on the command line is taken from it; it holds no key, nobody else writes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.options.commands import COMMANDS
from connector.cli.settings.file import parse
from connector.cli.settings.kept import DESTINATION, ELSEWHERE, KEY, NAME, SETTINGS
from connector.cli.settings.write import chosen, render
from connector.errors import ConfigError
from connector.options.calls import RunSyncOptions
from connector.options.option import table_of
from tests.options.test_table import parser_of

PAGE = Path(__file__).parents[2] / "docs" / "settings-file.md"


@pytest.fixture
def folder(environment, tmp_path):
    """A folder of its own that commands are run in."""
    environment.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def says(folder):
    """Write the settings file of the folder."""

    def write(text: str, mode: int = 0o644) -> Path:
        (folder / NAME).write_text(text)
        (folder / NAME).chmod(mode)
        return folder / NAME

    return write


def test_a_command_takes_what_it_is_not_told_from_the_file_and_says_so_in_its_first_line(run, says, lake):
    says('destination = "lake"\nrate = 5\n')
    done = run("status")
    assert (done.status, lake.name in done.out) == (0, True)
    assert done.err.split("\n")[0] == f"stripe-balance: settings from {NAME}: destination lake"
    assert run("balance").err.split("\n")[0] == f"stripe-balance: settings from {NAME}: rate"
    assert run("status", "-q").err == ""


def test_the_command_line_counts_before_the_file(run, says, lake):
    says('destination = "elsewhere"\nrate = 5\npartition = "month"\n')
    assert run("status", lake).status == 0
    done = run("sync", "new", "--partition", "year", "--since", "2026-10-01", "--dry-run", "--rate", 7)
    assert done.err.split("\n")[0].startswith("stripe-balance: new lake in new")
    assert "7 requests/s" in done.err
    assert run("plan", "new", "--since", "2026-10-01", "--rate", 7).err.split("\n")[0].endswith(": partition")


def test_the_file_is_looked_for_in_this_folder_alone_and_can_be_named_or_left_aside(run, says, lake, environment):
    file = says('destination = "lake"\n')
    below = file.parent / "below"
    below.mkdir()
    environment.chdir(below)
    assert run("status").status == 2
    named = run("status", "--config", file)
    assert named.status == 0
    assert named.err.split("\n")[0].endswith(f"destination {lake}")  # a folder counts from where the file is
    environment.chdir(file.parent)
    assert run("status", "--no-config").status == 2
    assert run("status", "--config", "gone.toml").status == 78


@pytest.mark.parametrize("command", ["sync", "payouts"])
def test_a_lake_that_only_the_file_names_is_not_made_anew(run, says, command):
    file = says('destination = "mount/lake"\n')
    done = run(command)
    assert done.status == 78
    assert f"`stripe-balance {command} mount/lake`" in done.err
    assert not (file.parent / "mount").exists()
    assert run(command, "mount/lake").status == 0
    assert run(command).status == 0


def test_what_a_file_says_of_a_lake_counts_for_commands_that_bring_data_into_one(run, says):
    says('since = "2026-11-01"\naccounts = ["acct_1AAAAAAAAAAAAAAA"]\nrate = 9\n')
    told = {"stream": ["--limit-rows", 1], "balance": [], "sync": ["lake"]}
    first = {name: run(name, *words).err.split("\n")[0].rpartition(": ")[2] for name, words in told.items()}
    assert first == {"stream": "rate", "balance": "accounts, rate", "sync": "since, accounts, rate"}


def test_whose_rows_are_read_is_said_by_one_of_both(run, says, sandbox):
    says("all_accounts = true\n")
    own = sandbox.world.accounts[0]
    assert run("balance", "--account", own, "--json").json.get("object") == "balance"
    assert run("balance", "--json").json.get("object") != "balance"  # one object of them all
    says(f'all_accounts = true\naccounts = ["{own}"]\n')
    assert "accounts and all_accounts" in run("balance").err


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o622])
def test_a_file_that_others_can_write_is_refused(run, says, mode):
    file = says('destination = "lake"\n', mode)
    done = run("status")
    assert (done.status, f"chmod go-w {file.name}" in done.err) == (78, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(run, says):
    os.chown(says('destination = "lake"\n'), 4711, -1)
    done = run("status")
    assert (done.status, "belongs to another user" in done.err) == (78, True)


def test_what_is_no_ordinary_file_is_refused_without_waiting_for_it(run, folder):
    os.mkfifo(folder / NAME)
    assert run("status").status == 78
    (folder / NAME).unlink()
    (folder / NAME).mkdir()
    assert run("status").status == 78


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_file_does_not_hold_what_is_said_elsewhere_and_says_where(run, says, name):
    says(f'{name} = "https://127.0.0.1"\n')
    done = run("status", "lake")
    assert done.status == 78
    assert f"{NAME} has {name}, which is not taken from a file" in done.err


def test_no_way_to_whom_the_key_is_sent_or_to_a_path_that_is_run_is_a_setting():
    names = set(table_of(RunSyncOptions)) - set(SETTINGS)
    assert {"api_base", "context", "api_key_file", "hash_salt_file", "storage_options", "existing", "catalog"} <= names
    assert not [name for name in SETTINGS if name.endswith(("file", "base", "proxy", "context"))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rat = 3", "did you mean rate?"),
        ("max-in-flight = 3", "did you mean max_in_flight?"),
        ("[lake]\nrate = 3", "which is no setting"),
        ("rate = -1", "rate: '-1' is not a number"),
        ("rate = true", "rate: this is not the value"),
        ("all_accounts = 1", "write true or false"),
        ('format = "parket"', "did you mean parquet?"),
        ('since = "soon"', "is not a time"),
        ('accounts = ["cus_1"]', "is not the id of an account"),
        ("accounts = [[]]", "accounts: this is not the value"),
        ("rate = 3\nrate = 4", "is no TOML"),
        ("destination = 3", "destination: write a folder"),
        ('key = "STRIPE_API_KEY"', 'key: write "env:NAME"'),
        ('key = "exec:pass stripe"', 'key: write "env:NAME"'),
    ],
)
def test_what_makes_no_sense_is_an_error_that_names_it(run, says, text, said):
    says(f"{text}\n")
    done = run("status", "lake")
    assert (done.status, said in done.err) == (78, True), done.err


@pytest.mark.parametrize("where", ["key", "since", "api_key", "# a comment"])
def test_a_key_in_the_file_is_refused_and_not_shown(run, says, where):
    secret = "sk_live_" + "SettingsSecret99"
    says(f'{where} = "{secret}"\n')
    done = run("status", "lake")
    assert (done.status, "holds a key" in done.err) == (78, True)
    assert "SettingsSecret99" not in done.out + done.err


def test_the_key_comes_from_where_the_file_says_where_nobody_else_does(run, says, environment, sandbox, folder):
    environment.delenv("STRIPE_API_KEY")
    says('key = "env:OUR_KEY"\n')
    assert "the variable OUR_KEY, which is not set" in run("balance").err
    environment.setenv("OUR_KEY", sandbox.key)
    assert run("balance").status == 0
    (folder / "k").write_text(sandbox.key)
    (folder / "k").chmod(0o600)
    says('key = "file:k"\n')
    assert run("balance").status == 0
    environment.setenv("STRIPE_API_KEY", "sk_test_another12345678")
    assert run("balance").status == 77
    assert run("balance", "--api-key-file", "k").status == 0


@pytest.mark.parametrize("text", ["AKIAIOSFODNN7EXAMPLE", "root:x:0:0"])
def test_another_secret_of_this_machine_is_sent_to_nobody(run, says, environment, text, sandbox):
    environment.delenv("STRIPE_API_KEY")
    environment.setenv("OTHER", text)
    says('key = "env:OTHER"\n')
    asked = len(sandbox.requests())
    done = run("balance")
    assert (done.status, text in done.out + done.err, len(sandbox.requests()) - asked) == (78, False, 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_file_but_those_that_have_a_stripe_of_their_own_or_print_what_is_fixed(command):
    named = {action.dest for action in parser_of(command)._actions}
    assert ("config" in named) is (command not in WITHOUT)


WITHOUT = {"demo", "sandbox", "schema", "init", "completion", "manual"}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "since": st.integers(0, 2_000_000_000),
            "accounts": st.lists(st.sampled_from(["acct_1A", "acct_2B"]), min_size=1, max_size=2),
            "format": st.sampled_from(["jsonl", "arrow"]),
            "partition": st.sampled_from(["month", "year"]),
            "audit": st.floats(2, 100),
            "rate": st.one_of(st.floats(0.5, 100), st.just(float("inf"))),
            "omit": st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=2),
            "balance": st.sampled_from([True]),
        },
    )
)
def test_what_is_written_is_read_as_what_was_chosen(values):
    if any("\ud800" <= char <= "\udfff" or char == "\x7f" for text in values.get("omit", []) for char in text):
        return
    text = render(chosen(values) | {DESTINATION: "lake", KEY: "env:STRIPE_API_KEY"})
    assert dict(parse(text, Path(NAME)).values) == values


def test_the_page_on_the_file_has_every_setting_there_is():
    text = PAGE.read_text("utf-8")
    rows = [line.split("`")[1] for line in text.split("\n") if line.startswith("| `")]
    assert rows == [DESTINATION, KEY, *SETTINGS]
    assert parse("", Path(NAME)).destination is None
    with pytest.raises(ConfigError):
        parse("x = 1", Path(NAME))
