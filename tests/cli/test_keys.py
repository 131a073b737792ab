"""Which key is used is never a secret, and neither is the mode of what it reads; the key itself always is."""

from __future__ import annotations

import pytest

from connector.sandbox import Limits, Sandbox, World
from tests.support.fitting import fits

NOW = 1_790_000_000
COMMANDS = [["sync", "lake"], ["verify", "lake"], ["payouts", "lake"], ["balance"], ["stream"], ["plan", "lake"]]


@pytest.fixture
def here(environment, tmp_path):
    environment.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def logged_in(here, environment, sandbox):
    """The Stripe CLI is logged in, and nobody names a key."""
    profile = here / "config" / "stripe" / "config.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text(f"[default]\ntest_mode_api_key = '{sandbox.key}'\n")
    environment.delenv("STRIPE_API_KEY")
    return profile


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_variable_set_to_nothing_takes_no_other_key(run, environment, logged_in, here, words):
    environment.setenv("STRIPE_API_KEY", "")
    done = run(*words)
    assert done.status == 78
    assert "STRIPE_API_KEY is set to nothing" in done.err
    assert not (here / "lake").exists()


def test_the_stripe_clis_key_is_said_to_be_used(run, environment, logged_in, sandbox):
    environment.setenv("STRIPE_SECRET_KEY", "sk_live_nobodyreadsthis")
    done = run("sync", "lake", "--rate", 0, "--json")
    assert done.status == 0
    (warning,) = (line for line in done.err.splitlines() if "warning" in line)
    assert f"the test key sk_test_…{sandbox.key[-4:]} that the Stripe CLI keeps in {logged_in}" in warning
    assert "STRIPE_SECRET_KEY is set, and not read here" in warning
    assert "nobodyreadsthis" not in done.err
    assert done.json["livemode"] is False


def test_a_key_file_that_others_can_read_is_said_and_read(run, here, sandbox):
    path = here / "key"
    path.write_text(f'\ufeffSTRIPE_API_KEY="{sandbox.key}"\n')
    path.chmod(0o644)
    done = run("sync", "lake", "--rate", 0, "--api-key-file", path)
    assert done.status == 0
    assert f"chmod 600 {path}" in done.err
    path.chmod(0o600)
    assert "warning" not in run("sync", "lake", "--rate", 0, "--api-key-file", path).err


def test_with_q_a_key_that_nobody_named_is_told_and_so_is_one_that_others_can_read(
    run, environment, here, sandbox, logged_in
):
    environment.setenv("STRIPE_API_KEY", sandbox.key)
    assert run("sync", "lake", "--rate", 0, "-q").err == ""
    path = here / "key"
    path.write_text(sandbox.key)
    path.chmod(0o644)
    assert f"chmod 600 {path}" in run("balance", "-q", "--api-key-file", path).err
    environment.delenv("STRIPE_API_KEY")
    for words in (
        ["sync", "lake", "--rate", 0],
        ["balance", "lake"],
        ["verify", "lake"],
        ["stream", "--limit-rows", 1],
    ):
        done = run(*words, "-q")
        assert (done.status, done.err.count("\n")) == (0, 1)
        assert f"that the Stripe CLI keeps in {logged_in}" in done.err


@pytest.mark.parametrize("live", [True, False])
def test_everything_says_of_which_mode_it_is(run, environment, here, live):
    world = World(transactions=60, connected=0, start=NOW - 86_400 * 9, end=NOW - 86_400, now=NOW)
    with Sandbox(world, limits=Limits.none(), live=live) as served:
        environment.setenv("STRIPE_API_BASE", served.url)
        environment.setenv("STRIPE_API_KEY", served.key)
        words, mode = ("live mode", "test mode") if live else ("test mode", "live mode")
        for command, schema in (
            (["sync", "lake", "--rate", 0], "run_report"),
            (["payouts", "lake", "--rate", 0], "payouts_report"),
            (["verify", "lake", "--rate", 0], "verdict"),
            (["verify", "lake", "--offline", "--layer", "rows"], "verdict"),
            (["status", "lake"], None),
        ):
            document = run(*command, "--json").json
            assert document["livemode"] is live, command
            if schema is not None:
                fits(document, schema)
            said = run(*command)
            assert words in said.out + said.err, command
            assert mode not in said.out + said.err
        assert run("status", "lake", "--json").json["accounts"][0]["livemode"] is live
