"""`init` writes a settings file and checks what it says: the key, what it may read, and the place of the lake."""

from __future__ import annotations

import io
import os
import signal
import stat
import tomllib

import anyio
import pytest

from connector.cli.settings.kept import NAME
from connector.cli.settings.write import create
from connector.errors import ConfigError
from connector.sandbox import Limits, Sandbox
from tests.support.fitting import fits


@pytest.fixture
def folder(environment, tmp_path):
    environment.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answers(environment):
    """Answer the questions of a terminal."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def give(*lines: str):
        environment.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in lines)))
        environment.setattr("sys.stderr.isatty", lambda: True, raising=False)

    return give


def checks(done):
    fits(done.json, "settings_check")
    return {one["name"]: one["well"] for one in done.json["checks"]}


def test_a_file_is_written_and_the_first_commands_work_as_they_are_said(run, folder):
    done = run("init", "lake", "--since", "2026-10-01", "--rate", 0)
    assert done.status == 0
    said = [line.split()[1:] for line in done.err.split("\n") if line.startswith("  stripe-balance ")]
    assert said == [["sync", "lake"], ["sync"], ["status"]]
    assert [run(*words).status for words in said] == [0, 0, 0]
    again = run("init", "--check")
    assert (again.status, "makes the lake" in again.err) == (0, False)
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o644


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_there_is_left_alone(run):
    assert run("init", "lake", "-q").err == ""
    done = run("init", "other")
    assert (done.status, "is there already" in done.err) == (78, True)


def test_a_new_file_can_be_written_by_its_owner_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        create(tmp_path / NAME, "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o644
    with pytest.raises(ConfigError):
        create(tmp_path / NAME, "")


def test_on_a_terminal_it_asks_and_a_word_that_makes_no_sense_is_asked_for_again(run, folder, answers):
    answers("lake", "", "soon", "last-month", "own", "month", "parket", "")
    done = run("init")
    assert done.status == 0, done.err
    assert "did you mean parquet?" in " ".join(done.err.split())  # however wide the terminal is
    text = (folder / NAME).read_text()
    assert 'partition = "month"' in text
    assert "last-month" not in text.replace("yesterday, last-month", "")  # the day that it is now, not next month's
    answers("again")
    assert run("init").status == 78  # before anything is asked


def test_answers_are_taken_as_they_are_usually_typed(run, folder, answers):
    answers('"my lake"', "'env:STRIPE_API_KEY'", "Everything", "acct_1One, acct_2Two acct_3Three,", "Month", "PARQUET")
    run("init")
    written = tomllib.loads((folder / NAME).read_text())
    assert (written["destination"], written["key"]) == ("my lake", "env:STRIPE_API_KEY")
    assert written["accounts"] == ["acct_1One", "acct_2Two", "acct_3Three"]
    assert (written["partition"], written["format"]) == ("month", "parquet")


def test_what_is_wrong_with_an_answer_is_not_said_of_a_file_that_is_not_there_yet(run, folder, answers):
    answers("lake", "my-key", "", "", *[","] * 3)
    done = run("init")
    assert done.status == 2
    assert 'key: write "env:NAME"' in " ".join(done.err.split())
    assert f"{NAME}:" not in done.err
    assert not (folder / NAME).exists()


def test_a_key_that_is_pasted_is_not_written(run, folder, answers):
    answers("lake", *["sk_live_PastedPasted1"] * 3)
    done = run("init")
    assert (done.status, (folder / NAME).exists()) == (2, False)
    assert "PastedPasted1" not in done.err


@pytest.mark.parametrize("given", [[], ["lake"]])
def test_answers_that_end_leave_nothing(run, folder, answers, given):
    answers(*given)
    done = run("init")
    assert (done.status, (folder / NAME).exists()) == (2, False)


@pytest.mark.usefixtures("folder")
def test_without_a_terminal_the_lake_has_to_be_said(run):
    assert run("init").status == 2
    assert run("init", "--check").status == 78


@pytest.mark.usefixtures("folder")
def test_other_settings_beside_a_check_are_refused(run):
    run("init", "lake", "-q")
    for words in (["other"], ["--rate", 3], ["--key", "env:X"], ["--all-accounts"]):
        assert run("init", "--check", *words).status == 2


@pytest.mark.parametrize(
    ("scope", "name", "status"), [("payout_read", "payouts", 0), ("rak_balance_transaction_source_read", "rows", 77)]
)
@pytest.mark.usefixtures("folder")
def test_what_the_key_may_not_read_is_told_and_ends_it_only_where_nothing_works_without(
    run, sandbox, environment, scope, name, status
):
    with Sandbox(sandbox.world, limits=Limits.none(), missing_scopes=[scope]) as other:
        environment.setenv("STRIPE_API_BASE", other.url)
        environment.setenv("STRIPE_API_KEY", other.restricted_key)
        done = run("init", "lake", "--json")
        assert (done.status, done.json["well"], checks(done)[name]) == (status, status == 0, False)
        assert scope in run("init", "lake", "--config", "b.toml").err


def test_each_thing_that_is_not_as_it_has_to_be_has_its_status(run, folder, environment):
    run("init", "lake", "-q")
    environment.setenv("STRIPE_API_KEY", "sk_test_another12345678")
    assert run("init", "--check").status == 77
    environment.delenv("STRIPE_API_KEY")
    done = run("init", "--check", "--json")
    assert (done.status, checks(done)) == (78, {"lake": True, "key": False})
    (folder / "lake").write_text("a file")
    assert run("init", "--check").status == 78


@pytest.mark.usefixtures("folder")
def test_accounts_that_are_named_are_asked_about(run, sandbox):
    own, one, *_ = sandbox.world.accounts
    assert run("init", "lake", "--account", one, "-q").status == 0
    assert checks(run("init", "--check", "--json"))[one]
    done = run("init", "lake", "--config", "b.toml", "--account", "acct_1AAAAAAAAAAAAAAA")
    assert (done.status, own in done.err) == (77, True)
    assert run("init", "lake", "--config", "c.toml", "--all-accounts", "-q").status == 0


def test_a_place_that_cannot_be_written_is_told(run, folder, environment):
    environment.setattr("os.access", lambda *_: False)
    done = run("init", "lake", "--json")
    assert (done.status, checks(done)["lake"], (folder / "lake").exists()) == (74, False, False)


# Ctrl-C ---------------------------------------------------------------------------------------------------------------


class Interrupted(io.StringIO):
    def isatty(self):
        return True

    def readline(self, *_):
        raise KeyboardInterrupt


def test_ctrl_c_while_it_asks_says_that_nothing_was_written(run, folder, environment):
    environment.setattr("sys.stdin", Interrupted())
    environment.setattr("sys.stderr.isatty", lambda: True, raising=False)
    before = signal.getsignal(signal.SIGINT)
    done = run("init")
    assert (done.status, "interrupted: nothing was written" in done.err) == (130, True)
    assert not (folder / NAME).exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_it_checks_says_that_the_file_is_written(run, folder, environment):
    async def interrupted(*_, **__):
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    environment.setattr("aiohttp.ClientSession._request", interrupted)
    done = run("init", "lake")
    assert (done.status, f"interrupted: {NAME} is written, and not checked yet" in done.err) == (130, True)
    assert "init --check" in done.err
    assert (folder / NAME).exists()
    assert "not all was checked" in run("init", "--check").err
