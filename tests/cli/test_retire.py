"""What the command line says of an account that is gone, and what it does once the account is retired."""

from __future__ import annotations

import pytest

from connector.sandbox import Limits, Sandbox, World
from tests.support.fitting import fits

NOW, DAY = 1_790_000_000, 86_400
WHY = "left the platform in March"


@pytest.fixture
def platform(environment, tmp_path):
    """A lake of a platform with three accounts, of which one took its access back after it was read."""
    world = World(transactions=60, connected=3, start=NOW - 9 * DAY, end=NOW - DAY, now=NOW)
    with Sandbox(world, limits=Limits.none()) as served:
        environment.setenv("STRIPE_API_BASE", served.url)
        environment.setenv("STRIPE_API_KEY", served.key)
        environment.chdir(tmp_path)
        yield served


@pytest.fixture
def gone(run, platform):
    assert run("sync", "lake", "--all-accounts", "--rate", 0).status == 0
    account = platform.world.accounts[2]
    platform.faults.add(f"revoked:account={account}")
    platform.advance(2 * DAY)
    return account


def of(document, account):
    return next(one for one in document["accounts"] if one["account"] == account)


def test_help_says_that_one_of_reason_and_undo_is_needed(run):
    assert "this or --undo is needed" in " ".join(run("retire", "--help").out.split())


def test_an_account_that_is_no_longer_listed_is_stale_since_it_was_read_last(run, gone):
    assert all(one["stale_since"] is None for one in run("status", "lake", "--json").json["accounts"])
    assert run("sync", "lake", "--all-accounts", "--rate", 0).status == 0  # it is not listed any more: no refusal
    done = run("status", "lake")
    assert done.status == 0
    assert done.out.count("  stale     since 2026-09-21 14:13:20 UTC") == 1
    assert f"`stripe-balance retire lake --account {gone} --reason TEXT` takes note" in done.err
    found = run("status", "lake", "--json").json
    assert (of(found, gone)["stale_since"], of(found, gone)["refused"]) == (NOW, None)
    assert sum(one["stale_since"] is not None for one in found["accounts"]) == 1
    assert run("status", "lake", "-q").err.count("not read any more") == 1


def test_one_that_is_refused_is_stale_at_once_and_status_says_what_stripe_said(run, platform, gone):
    platform.advance(-2 * DAY + 3_600)
    done = run("sync", "lake", "--account", gone, "--rate", 0)
    assert done.status == 77
    assert "use a key" not in done.err
    assert "stripe-balance retire" in done.err
    text = run("status", "lake").out
    assert "refused since 2026-09-21 15:13:20 UTC: The provided key" in text
    assert "Application access may have been revoked" in text


def test_a_retired_account_holds_nothing_up(run, gone):
    assert run("verify", "lake", "--strict", "--rate", 0).status == 65
    done = run("retire", "lake", "--account", gone, "--reason", WHY)
    assert done.status == 0
    assert f"{gone} is retired as of" in done.err
    assert run("sync", "lake", "--all-accounts", "--rate", 0).status == 0
    assert run("payouts", "lake", "--all-accounts", "--rate", 0).status == 0
    done = run("verify", "lake", "--strict", "--rate", 0)
    assert done.status == 0
    assert done.out.startswith("lake: all agrees (proved) (test mode")
    assert f"  {gone}  retired 20" in done.out
    assert done.out.count(WHY) == 1
    assert of(run("verify", "lake", "--rate", 0, "--json").json, gone)["retired"]["reason"] == WHY
    text = run("status", "lake").out
    assert f"UTC: {WHY}" in text
    assert "stale" not in text
    assert of(run("status", "lake", "--json").json, gone)["retired"]["reason"] == WHY
    refused = run("sync", "lake", "--account", gone, "--rate", 0)
    assert (refused.status, "--undo" in refused.err) == (78, True)


def test_its_statements_say_that_it_is_retired(run, gone):
    asked = ("statement", "lake", "--since", "2026-09-13", "--until", "2026-09-20")
    assert not any(one["retired"] for one in run(*asked, "--json").json["accounts"])
    run("retire", "lake", "--account", gone, "--reason", WHY)
    document = run(*asked, "--json").json
    fits(document, "statement")
    assert of(document, gone)["retired"]["reason"] == WHY
    assert [one["account"] for one in document["accounts"] if one["retired"]] == [gone]
    assert run(*asked).out.count(f": {WHY}\n") == 1
    assert run(*asked, "--format", "html").out.count(f": {WHY}") == 1


def test_taking_it_back_and_json(run, platform, gone):
    shown = run("retire", "lake", "--account", gone, "--reason", WHY, "--json").json
    assert (shown["account"], shown["retired"]["reason"]) == (gone, WHY)
    assert run("retire", "lake", "--account", gone, "--undo", "--json").json["retired"] is None
    platform.faults.clear()
    assert run("sync", "lake", "--all-accounts", "--rate", 0).status == 0
    assert run("verify", "lake", "--strict", "--rate", 0).status == 0
    assert run("retire", "lake", "--account", gone).status == 2
    assert run("retire", "lake", "--account", gone, "--reason", WHY, "--undo").status == 2
    assert run("retire", "elsewhere", "--account", gone, "--reason", WHY).status == 78
