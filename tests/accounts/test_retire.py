"""An account that is gone: status says since when it is stale, and once it is retired nobody waits for it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest

import connector
from connector.core.state.account_record import Refusal
from connector.core.units import AccountId
from connector.errors import AccountsError, ConfigError, PermissionDeniedError, UsageError
from connector.lake.state.lake_identity import account_records, change_account, facts_of, save_account
from connector.lake.stores.local import LocalStore
from connector.verification.verdict import to_document
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.fitting import fits
from tests.support.lakes import config_for, data_files, objects, run, sandbox, truth, world
from tests.support.memory_store import MemoryStore

WHY = "left the platform in March"


@pytest.fixture
def served():
    with sandbox(world(300, connected=3, days=4)) as stripe_:
        yield stripe_


@pytest.fixture
def lake(tmp_path, served):
    run(tmp_path / "lake", served, all_accounts=True)
    return tmp_path / "lake"


@pytest.fixture
def gone(served, lake):
    """An account that took its access back after it was read."""
    account = served.world.accounts[2]
    served.faults.add(f"revoked:account={account}")
    served.advance(3_600)
    return account


def known(lake, account):
    document = json.loads((lake / "_stripe_balance" / "accounts" / f"{account}.json").read_text())
    fits(document, "account_record")
    return document


def verify(lake, served, **options):
    verdict = anyio.run(lambda: connector.verify(lake, config=config_for(served), sample=3, **options))
    fits(to_document(verdict), "verdict")
    return verdict


@pytest.mark.parametrize("alone", [True, False])
def test_a_refusal_is_kept_with_when_it_began_and_forgotten_once_it_ends(lake, served, gone, alone):
    accounts = [gone] if alone else [None, gone]
    kind = PermissionDeniedError if alone else AccountsError
    first = served.now
    for _ in range(2):
        with pytest.raises(kind):
            run(lake, served, accounts=accounts)
        served.advance(3_600)
    refused = known(lake, gone)["refused"]
    assert refused["since"] == first
    assert "Application access may have been revoked" in refused["message"]
    served.faults.clear()
    run(lake, served, accounts=accounts)
    assert known(lake, gone)["refused"] is None


def test_an_account_that_never_was_in_the_lake_leaves_nothing_there(lake, served):
    with pytest.raises(AccountsError):
        run(lake, served, accounts=[None, "acct_1Stranger"])
    assert not (lake / "_stripe_balance" / "accounts").exists()


def test_a_retired_account_is_shown_in_the_verdict_and_the_others_are_proved_without_it(lake, served, gone):
    assert verify(lake, served).verdict == "not_checkable"
    connector.retire(lake, gone, reason=f" {WHY}\n")
    asked = len(served.requests())
    for options in ({}, {"offline": True, "layers": ["rows"]}):
        verdict = verify(lake, served, **options)
        assert verdict.verdict == "proved"
        (retired,) = (one for one in verdict.accounts if one.retired is not None)
        assert (retired.account, retired.verdict, retired.retired.reason) == (gone, "proved", WHY)
    assert not [one for one in served.requests()[asked:] if one.account == gone]
    assert [one.verdict for one in verify(lake, served).accounts if one.account != gone] == ["proved"] * 3


def test_what_is_damaged_of_a_retired_account_still_counts(lake, served, gone):
    connector.retire(lake, gone, reason=WHY)
    next(lake.glob(f"balance_transactions/account={gone}/*/*.parquet")).unlink()
    verdict = verify(lake, served)
    assert verdict.verdict == "residual"
    assert [one.account for one in verdict.accounts if one.verdict == "residual"] == [gone]


def test_a_lake_of_which_nothing_but_a_retired_account_is_looked_at_is_not_proved(lake, served, gone):
    connector.retire(lake, gone, reason=WHY)
    assert verify(lake, served, accounts=[gone], layers=["windows"]).verdict == "not_checkable"
    assert verify(lake, served, accounts=[gone]).verdict == "proved"  # its files are


def test_runs_leave_it_out_until_that_is_taken_back(lake, served, gone):
    connector.retire(lake, gone, reason=WHY)
    served.faults.clear()  # it is connected again, and listed
    served.advance(86_400)
    served.add_rows(count=2, account=gone, created=served.now - 7_200)
    before = data_files(lake)
    report = run(lake, served, all_accounts=True)
    assert gone not in {one.account for one in report.accounts}
    assert {path for path, digest in data_files(lake).items() if before.get(path) != digest and gone in path} == set()
    config = config_for(served)
    windows = anyio.run(lambda: connector.plan(lake, config=config, all_accounts=True))
    assert [gone] not in [one.get("accounts") for one in windows]
    for door in (
        lambda: connector.sync(lake, config=config, accounts=[gone]),
        lambda: connector.sync_payouts(lake, config=config, accounts=[gone]),
        lambda: connector.record_balance(lake, config=config, accounts=[gone]),
        lambda: connector.plan(lake, config=config, accounts=[gone]),
    ):
        with pytest.raises(ConfigError, match="--undo") as caught:
            anyio.run(door)
        assert WHY in str(caught.value)
    assert connector.retire(lake, gone, undo=True).retired is None
    run(lake, served, all_accounts=True)
    assert objects(lake, gone) == truth(served, gone)
    with pytest.raises(ConfigError, match="is not retired"):
        connector.retire(lake, gone, undo=True)


def test_what_makes_no_sense_is_refused_and_a_lake_in_use_left_alone(tmp_path, lake, served):
    account = served.world.accounts[1]
    for options, kind in (
        ({}, UsageError),
        ({"reason": "  "}, UsageError),
        ({"reason": "x" * 501}, UsageError),
        ({"reason": "x", "undo": True}, UsageError),
    ):
        with pytest.raises(kind):
            connector.retire(lake, account, **options)
    with pytest.raises(ConfigError, match="there are no rows of acct_1Stranger"):
        connector.retire(lake, "acct_1Stranger", reason=WHY)
    with pytest.raises(ConfigError, match="there is no lake"):
        connector.retire(tmp_path / "none", account, reason=WHY)
    assert not (tmp_path / "none").exists()


def test_what_a_run_knows_of_an_account_and_what_its_user_says_do_not_undo_each_other(lake, served):
    store, account = LocalStore(lake), AccountId(served.world.accounts[1])
    seen_by_a_run = facts_of(store).record_of(account)
    retired = connector.retire(lake, account, reason=WHY).retired
    refusal = Refusal(5, "no such account")
    save_account(store, replace(seen_by_a_run, refused=refusal))
    assert facts_of(store).record_of(account) == replace(seen_by_a_run, refused=refusal, retired=retired)
    connector.retire(lake, account, undo=True)
    assert facts_of(store).record_of(account) == replace(seen_by_a_run, refused=refusal)


@pytest.mark.parametrize("store", [LocalStore, MemoryStore])
def test_of_many_that_change_an_account_none_undoes_anothers_change(tmp_path, store):
    lake, account, at_once = store(tmp_path), AccountId("acct_1"), threading.Barrier(4)

    def add_one(_):
        at_once.wait(ENDLESS_SECONDS)
        change_account(lake, account, lambda there: replace(there, refused=Refusal(count(there) + 1, "no")))

    def count(there):
        return there.refused.since if there.refused else 0

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add_one, range(4)))
    assert [count(one) for one in account_records(lake)] == [4]


def test_the_record_says_when(lake, served):
    before = int(datetime.now(UTC).timestamp())
    record = connector.retire(lake, served.world.accounts[1], reason=WHY)
    assert before <= record.retired.at <= int(datetime.now(UTC).timestamp())
    assert known(lake, served.world.accounts[1])["retired"] == {"at": record.retired.at, "reason": WHY}
