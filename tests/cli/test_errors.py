from __future__ import annotations

import io
import sys

import pytest

from connector.cli.display.console import Console

WRONG_KEY = "sk_test_thisIsNotTheSandboxesKey1234"


def unreachable(environment):
    environment.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")


def wrong_key(environment):
    environment.setenv("STRIPE_API_KEY", WRONG_KEY)


def no_key(environment):
    environment.delenv("STRIPE_API_KEY")


def insecure(environment):
    environment.setenv("STRIPE_API_BASE", "http://example.com")


def nothing(environment):
    pass


CASES = {
    "a wrong key": (wrong_key, [], 77, "STRIPE_API_KEY"),
    "no key": (no_key, [], 78, "--api-key-file"),
    "a key file that is not there": (no_key, ["--api-key-file", "nowhere"], 78, "nowhere"),
    "nobody at the other end": (unreachable, ["--retries", "0"], 75, "--api-base"),
    "a foreign account": (nothing, ["--account", "acct_unknown"], 77, "key"),
    "a base that is not secure": (insecure, [], 78, "https"),
    "a date that is none": (nothing, ["--since", "the day before"], 2, "yesterday"),
    "an empty interval": (nothing, ["--since", "2026-02-01", "--until", "2026-01-01"], 2, "--until"),
    "an unknown format": (nothing, ["--format", "csv"], 2, "parquet"),
    "an unknown option": (nothing, ["--nonsense"], 2, "--help"),
    "a rate below nothing": (nothing, ["--rate", "-1"], 2, "--rate"),
    "no requests at all": (nothing, ["--max-in-flight", "0"], 2, "--max-in-flight"),
    "an account that is none": (nothing, ["--account", "../etc"], 2, "acct_"),
    "accounts named twice over": (nothing, ["--account", "acct_1", "--all-accounts"], 2, "--all-accounts"),
    "a version that is none": (nothing, ["--api-version", "latest"], 78, "--api-version"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("json", [False, True], ids=["text", "json"])
def test_an_error_is_one_line_one_object_and_one_status_and_writes_nothing(run, environment, tmp_path, case, json):
    prepare, words, status, remedy = CASES[case]
    prepare(environment)
    done = run("sync", tmp_path / "lake", *words, *(["--json"] if json else []))
    assert done.status == status
    assert done.err.startswith("stripe-balance: ")
    assert len([line for line in done.err.splitlines() if ": new lake in " not in line]) == 1
    assert remedy in done.err
    assert not (tmp_path / "lake").exists()
    if json:
        assert done.json["error"]["exit_code"] == status
        assert done.json["error"]["message"] in done.err
        assert done.json.keys() == {"error"}
    else:
        assert done.out == ""


def test_a_destination_below_a_file_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("here")
    done = run("sync", tmp_path / "file" / "lake", "--rate", 0)
    assert (done.status, done.out, done.err.count("\n")) == (74, "", 1)
    assert (tmp_path / "file").read_text() == "here"


@pytest.mark.parametrize("words", [["--format", "jsonl"], ["--partition", "month"], ["--expand", "source"]])
def test_a_lake_made_otherwise_is_refused_and_left_alone(run, lake, words):
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()}
    done = run("sync", lake, *words)
    assert (done.status, done.out, done.err.count("\n")) == (78, "", 1)
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("command", [["sync", "lake"], ["balance"], ["stream"], ["get", "txn_1"], ["plan", "lake"]])
@pytest.mark.parametrize("form", [["--api-key", WRONG_KEY], [f"--api-key={WRONG_KEY}"], ["--api-key-file", WRONG_KEY]])
def test_a_key_on_the_command_line_is_refused_and_not_repeated(run, command, form):
    for words in ([*command, *form], [*form, *command], [*command, *form, "--json", "-v"]):
        done = run(*words)
        assert done.status == 2
        assert WRONG_KEY not in done.out + done.err
        assert WRONG_KEY[-8:] not in done.out + done.err
        assert "STRIPE_API_KEY" in done.err


def test_a_name_that_only_resembles_a_key_is_none(run, lake):
    lake.rename(lake.parent / "desk_test_lake")
    assert run("status", lake.parent / "desk_test_lake").status == 0


def test_the_key_file_is_read_and_outranks_the_environment(run, environment, sandbox, tmp_path):
    wrong_key(environment)
    (tmp_path / "key").write_text(f"{sandbox.key}\n")
    assert run("balance", "--api-key-file", tmp_path / "key").status == 0


def test_a_profile_of_the_stripe_cli_will_do(run, environment, sandbox, tmp_path):
    no_key(environment)
    (tmp_path / "config" / "stripe").mkdir(parents=True)
    (tmp_path / "config" / "stripe" / "config.toml").write_text(f'[default]\ntest_mode_api_key = "{sandbox.key}"\n')
    assert run("balance").status == 0


def test_verbose_adds_the_traceback_and_still_no_key(run, environment, tmp_path):
    wrong_key(environment)
    done = run("sync", tmp_path / "lake", "-v")
    assert "Traceback" in done.err
    assert "AuthenticationError" in done.err


def test_an_unexpected_error_is_one_line_with_status_1(run, environment, monkeypatch):
    def broken():
        raise RuntimeError("two\nlines \x1b[31m")

    monkeypatch.setattr(sys, "stdin", type("Stdin", (io.StringIO,), {"read": lambda self, *_: broken()})())
    done = run("get", "-")
    assert done.status == 1
    assert len([line for line in done.err.splitlines() if ": new lake in " not in line]) == 1
    assert "\x1b" not in done.err
    assert "RuntimeError" in done.err


@pytest.mark.parametrize(
    "secret", ["sk_live_abcdefgh12", "rk_test_abcdefgh12", "sk_org_live_abcdefgh12", "whsec_abcdefgh12"]
)
def test_whatever_is_a_secret_by_its_form_is_neither_taken_as_an_argument_nor_repeated(run, secret):
    done = run("get", secret)
    assert (done.status, "abcdefgh12" in done.out + done.err) == (2, False)
    assert "abcdefgh12" not in Console().clean(f"as {secret}, it says")
