"""Whose key it is: learnt from Stripe's answer or refusal, kept in the lake, and never mixed up with another's."""

from __future__ import annotations

import json
import shutil

import anyio
import pytest

import connector
from connector.config.config import ApiKey
from connector.core.units import DAY
from connector.errors import ConfigError
from connector.sandbox import World
from tests.support.fitting import fits
from tests.support.lakes import (
    START,
    config_for,
    data_files,
    objects,
    run,
    sandbox,
    touched_but_for_audits,
    truth,
    world,
)

NEWER, OLDER = "accounts_kyc_basic_read", "rak_accounts_kyc_basic_read"
NAMELESS = "403:endpoint=account"
"""A refusal that names no account."""


def shy(served):
    """Settings with a key that may not read its account."""
    return {"api_key": ApiKey(served.restricted_key)}


@pytest.fixture(scope="module", params=[NEWER, OLDER])
def mine(request):
    with sandbox(world(300), missing_scopes=[request.param]) as stripe_:
        yield stripe_


@pytest.fixture(scope="module")
def other():
    """Another account's world, under a key of its own."""
    with sandbox(world(200, seed=12), missing_scopes=[NEWER]) as stripe_:
        yield stripe_


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory):
    """A lake that was made before refusals were read."""
    lake = tmp_path_factory.mktemp("old") / "lake"
    with sandbox(world(300), faults=[NAMELESS]) as stripe_:
        run(lake, stripe_, settings=shy(stripe_))
    shutil.rmtree(lake / "_stripe_balance" / "accounts")
    return lake


@pytest.fixture
def lake(unnamed, tmp_path):
    shutil.copytree(unnamed, tmp_path / "lake")
    return tmp_path / "lake"


def known(lake, account="default"):
    document = json.loads((lake / "_stripe_balance" / "accounts" / f"{account}.json").read_text())
    fits(document, "account_record")
    return document


def test_a_new_lake_has_the_name_that_the_refusal_tells(tmp_path, mine):
    report = run(tmp_path, mine, settings=shy(mine))
    assert report.accounts[0].account == mine.account
    assert objects(tmp_path, mine.account) == truth(mine)
    assert not (tmp_path / "_stripe_balance" / "accounts").exists()
    before = data_files(tmp_path)
    run(tmp_path, mine)  # the secret key says the same
    assert data_files(tmp_path) == before


def test_a_refusal_that_names_another_than_the_user_does_is_heeded(tmp_path, mine):
    with pytest.raises(ConfigError, match=f"this key is of {mine.account}, not of acct_other"):
        run(tmp_path / "lake", mine, settings=shy(mine), account_id="acct_other")
    assert not (tmp_path / "lake").exists()


def test_an_old_lake_without_a_name_is_gone_on_with_and_learns_whose_it_is(lake, mine, other):
    before = data_files(lake)
    run(lake, mine, settings=shy(mine))
    assert data_files(lake) == before
    assert (known(lake)["owner"], known(lake)["key"]) == (mine.account, None)
    once = touched_but_for_audits(lake)
    requests = run(lake, mine, settings=shy(mine)).requests.by_endpoint
    assert "balance_transactions.retrieve" not in requests
    assert touched_but_for_audits(lake) == once
    with pytest.raises(ConfigError, match=f"is of {mine.account}, and this key is of {other.account}") as caught:
        run(lake, other, settings=shy(other))
    assert caught.value.exit_code == 78
    assert touched_but_for_audits(lake) == once


def test_another_accounts_key_is_refused_before_the_lake_has_learnt_anything(lake, other):
    before = touched_but_for_audits(lake)
    with pytest.raises(ConfigError, match="another account's"):
        run(lake, other, settings=shy(other))
    with pytest.raises(ConfigError, match="another account's"):
        run(lake, other, settings=shy(other), account_id="default")
    with pytest.raises(ConfigError, match="another account's"):
        run(lake, other, account_id="default")
    assert touched_but_for_audits(lake) == before


def test_every_door_refuses_another_accounts_key(lake, mine, other):
    run(lake, mine, settings=shy(mine))
    before = touched_but_for_audits(lake)
    config = config_for(other, **shy(other))
    for door in (
        lambda: connector.sync(lake, config=config, dry_run=True),
        lambda: connector.sync_payouts(lake, config=config),
        lambda: connector.record_balance(lake, config=config),
        lambda: connector.plan(lake, config=config),
        lambda: connector.verify(lake, config=config),
    ):
        with pytest.raises(ConfigError, match="another destination") as caught:
            anyio.run(door)
        assert caught.value.exit_code == 78
    assert touched_but_for_audits(lake) == before


def test_the_right_key_passes_every_door(lake, mine):
    config = config_for(mine, **shy(mine))
    proved = anyio.run(lambda: connector.verify(lake, config=config, layers=["rows", "windows"]))
    assert proved.verdict == "proved"
    assert anyio.run(lambda: connector.plan(lake, config=config))[0]["since"] > 0
    assert anyio.run(lambda: connector.sync_payouts(lake, config=config)).accounts[0].account == "default"
    assert anyio.run(lambda: connector.record_balance(lake, config=config))[0].account == "default"
    assert {one.name for one in lake.glob("*/account=*")} == {"account=default"}
    assert known(lake)["owner"] == mine.account


@pytest.fixture
def speechless(mine, other):
    """Both, and neither of their refusals names an account."""
    for served in (mine, other):
        served.faults.add(NAMELESS)
    yield mine, other
    for served in (mine, other):
        served.faults.clear()


def test_where_nobody_says_whose_a_key_is_one_request_tells(lake, speechless):
    mine, other = speechless
    before = data_files(lake)
    with pytest.raises(ConfigError, match="another account's"):
        run(lake, other)
    assert run(lake, mine).requests.by_endpoint["balance_transactions.retrieve"] == 2  # the newest and the oldest
    assert data_files(lake) == before
    assert known(lake)["owner"] is None
    assert "balance_transactions.retrieve" not in run(lake, mine).requests.by_endpoint
    assert mine.key not in (lake / "_stripe_balance" / "accounts" / "default.json").read_text()
    with pytest.raises(ConfigError, match="another account's"):
        run(lake, other, account_id="default")
    with pytest.raises(ConfigError, match="another account's"):
        verify(lake, other)


def verify(lake, served, **options):
    return anyio.run(lambda: connector.verify(lake, config=config_for(served), **options))


def test_a_name_that_only_the_user_gives_is_held_to_as_well(tmp_path, speechless):
    mine, other = speechless
    run(tmp_path, mine, account_id="acct_1Mine")
    before = touched_but_for_audits(tmp_path)
    with pytest.raises(ConfigError, match="another account's"):
        run(tmp_path, other, account_id="acct_1Mine")
    run(tmp_path, mine, account_id="acct_1Mine")
    assert touched_but_for_audits(tmp_path) == before


def test_where_even_that_does_not_tell_another_key_is_refused_until_told(tmp_path):
    with (
        sandbox(world(0), faults=[NAMELESS]) as mine,
        sandbox(world(0, seed=12), faults=[NAMELESS]) as other,
    ):
        run(tmp_path, mine)
        before = touched_but_for_audits(tmp_path)
        run(tmp_path, mine)
        assert touched_but_for_audits(tmp_path) == before
        with pytest.raises(ConfigError, match="say `account_id=default`"):
            run(tmp_path, other)
        assert touched_but_for_audits(tmp_path) == before
        run(tmp_path, other, account_id="default")
        run(tmp_path, other)  # told once is enough
        with pytest.raises(ConfigError, match="say `account_id=default`"):
            run(tmp_path, mine)


def test_a_lake_with_a_name_takes_no_second_copy_as_default(tmp_path, mine):
    run(tmp_path, mine)
    with pytest.raises(ConfigError, match="leave `account_id` out"):
        run(tmp_path, mine, account_id="default")


def test_an_account_address_that_is_not_there_is_like_a_refusal_once_we_are_told(tmp_path):
    with sandbox(world(200), faults=["404:endpoint=account"]) as stripe_:
        with pytest.raises(ConfigError, match="`account_id"):
            run(tmp_path / "lake", stripe_)
        assert not (tmp_path / "lake").exists()
        run(tmp_path / "lake", stripe_, account_id="acct_1Told")
        assert objects(tmp_path / "lake", "acct_1Told") == truth(stripe_)
        run(tmp_path / "lake", stripe_, account_id="acct_1Told")


def test_a_lake_that_got_the_rows_of_two_accounts_is_gone_on_with_by_neither(tmp_path):
    """As an earlier version would: one key's rows, then another's newer ones beside them."""
    lake, begin = tmp_path / "lake", START + 20 * DAY
    later = World(transactions=100, connected=0, seed=12, start=begin, end=begin + 9 * DAY, now=begin + 20 * DAY)
    with sandbox(world(100), faults=[NAMELESS]) as mine, sandbox(later, faults=[NAMELESS]) as other:
        run(lake, mine)
        shutil.rmtree(lake / "_stripe_balance" / "accounts")
        with pytest.MonkeyPatch.context() as blind:
            blind.setattr("connector.accounts.choice.known_ids", lambda *_: ())
            run(lake, other)
        shutil.rmtree(lake / "_stripe_balance" / "accounts")
        before = touched_but_for_audits(lake)
        for served in (mine, other):
            with pytest.raises(ConfigError, match="of more than one account"):
                run(lake, served)
        assert touched_but_for_audits(lake) == before


def test_a_damaged_file_does_not_keep_a_key_from_being_known(lake, mine):
    newest = max(lake.glob("balance_transactions/**/*.parquet"))
    newest.write_bytes(newest.read_bytes()[:-40])
    run(lake, mine, settings=shy(mine), repair=True)
    assert known(lake)["owner"] == mine.account
    assert objects(lake, "default") == truth(mine)


@pytest.mark.parametrize("document", ["{", '{"record_version": 2}', '{"record_version": 1, "table": "accounts"}'])
def test_a_record_that_makes_no_sense_is_an_error_that_names_it(lake, mine, document):
    path = lake / "_stripe_balance" / "accounts" / "default.json"
    path.parent.mkdir()
    path.write_text(document)
    with pytest.raises(connector.ConnectorError, match=r"_stripe_balance/accounts/default\.json"):
        run(lake, mine, settings=shy(mine))
