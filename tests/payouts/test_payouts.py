"""Payouts in a lake: all of them, up to date, with what each paid out; whatever happens in between."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import duckdb
import pytest
import stripe

import connector
from connector.core.units import DAY
from connector.errors import (
    AccountsError,
    ConfigError,
    PermissionDeniedError,
    ProtocolError,
    UsageError,
)
from connector.events import PartitionStaged
from connector.payouts.calls import sync_payouts
from connector.payouts.report import to_document
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.fitting import fits
from tests.support.lakes import START, config_for, in_order, run, sandbox, touched
from tests.support.payout_world import (
    bring,
    data_files,
    held_pairs,
    held_payouts,
    some_days,
    strays,
)
from tests.support.records import records

FORMATS = ["parquet", "jsonl", "arrow"]


@pytest.fixture(scope="module")
def served():
    """A sandbox that nobody changes."""
    with sandbox(some_days(connected=3)) as running:
        yield running


@pytest.fixture(scope="module")
def official(served):
    """The official client of the same."""
    return stripe.StripeClient(served.key, base_addresses={"api": served.url})


def fresh_bytes(stripe_, **options) -> dict[str, str]:
    """The files of a lake made in one run now."""
    with TemporaryDirectory() as folder:
        bring(Path(folder), stripe_, **options)
        return data_files(Path(folder))


def test_the_lake_has_the_payouts_and_their_rows_that_the_official_sdk_lists(tmp_path, served, official):
    bring(tmp_path, served)
    payouts = [one.to_dict() for one in official.v1.payouts.list({"limit": 100}).auto_paging_iter()]
    assert held_payouts(tmp_path) == in_order(payouts)
    expected = {
        (one["id"], row.id, row.net, row.fee, row.amount, row.currency, row.type, row.created, row.source)
        for one in payouts
        if one["automatic"]
        for row in official.v1.balance_transactions.list({"limit": 100, "payout": one["id"]}).auto_paging_iter()
    }
    names = ("payout_id", "balance_transaction_id", "net", "fee", "amount", "currency", "type", "created", "source")
    pairs = held_pairs(tmp_path)
    assert {tuple(pair[name] for name in names) for pair in pairs} == expected
    assert len(pairs) == len(expected)


def test_every_reconciled_payout_adds_up_to_nothing_with_its_own_row(tmp_path, served):
    report = bring(tmp_path, served)
    sums = duckdb.sql(
        f"select payout_id, sum(net), sum(net) filter (type <> 'payout')"  # noqa: S608 - the path is this test's own
        f" from '{tmp_path}/payout_transactions/**/*.parquet' group by all"
    ).fetchall()
    amounts = {one["id"]: one["amount"] for one in held_payouts(tmp_path) if one["automatic"]}
    assert {payout: (total, others) for payout, total, others in sums} == {
        payout: (0, amount) for payout, amount in amounts.items()
    }
    (account,) = report.accounts
    assert account.unbalanced == ()
    assert account.payouts_listed == account.lake_listed == len(amounts)


@pytest.mark.parametrize("form", FORMATS)
def test_payouts_come_in_the_lakes_format_and_are_read_back_the_same(tmp_path, served, form):
    run(tmp_path / "lake", served, format=form, partition="month")
    report = bring(tmp_path / "lake", served)
    bring(tmp_path / "plain", served)
    assert report.format.startswith(form)
    assert {Path(name).name for name in data_files(tmp_path / "lake")} == {
        {"parquet": "part-0.parquet", "jsonl": "part-0.jsonl.zst", "arrow": "part-0.arrow"}[form]
    }
    assert held_payouts(tmp_path / "lake") == held_payouts(tmp_path / "plain")
    assert held_pairs(tmp_path / "lake") == held_pairs(tmp_path / "plain")
    before = touched(tmp_path / "lake")
    assert bring(tmp_path / "lake", served).requests.total == 2
    assert touched(tmp_path / "lake") == before


def test_every_pair_joins_a_balance_transaction_of_the_lake(tmp_path, served):
    run(tmp_path, served)
    bring(tmp_path, served)
    (joined,) = duckdb.sql(
        "select count(*), count(b.id), count(*) filter (p.net = b.net and p.created = b.created)"  # noqa: S608 - as above
        f" from '{tmp_path}/payout_transactions/**/*.parquet' p"
        f" left join '{tmp_path}/balance_transactions/**/*.parquet' b on p.balance_transaction_id = b.id"
    ).fetchall()
    assert len(set(joined)) == 1
    assert joined[0] > 300


def test_a_second_run_takes_two_requests_and_touches_nothing(tmp_path, served):
    first = bring(tmp_path, served)
    (account,) = first.accounts
    assert first.requests.total <= account.payouts_listed + account.transactions_listed // 100 + 3
    before = touched(tmp_path)
    second = bring(tmp_path, served)
    assert second.requests.total == 2
    assert touched(tmp_path) == before
    assert second.accounts[0].files_written == second.accounts[0].payouts_new == 0


def test_the_bytes_do_not_depend_on_how_many_requests_are_under_way(tmp_path, served):
    bring(tmp_path / "one", served, settings={"max_in_flight": 1})
    bring(tmp_path / "many", served)
    assert data_files(tmp_path / "one") == data_files(tmp_path / "many")


def test_a_day_at_a_time_ends_in_the_bytes_of_one_run_with_every_status_home(tmp_path):
    with sandbox(some_days(500, days=12, seed=5)) as stripe_:
        changed, statuses, waited = 0, set(), 0
        for day in range(2, 26, 2):
            stripe_.set_clock(START + day * DAY + 40_000)
            (account,) = bring(tmp_path, stripe_).accounts
            changed += account.payouts_changed
            waited += len(account.waiting)
            statuses |= {one["status"] for one in held_payouts(tmp_path)}
        assert changed > 10
        assert waited
        assert {"pending", "in_transit", "paid"} <= statuses
        assert account.waiting == ()
        assert data_files(tmp_path) == fresh_bytes(stripe_)


def test_stretches_asked_for_one_by_one_are_the_same_as_all_at_once(tmp_path, served):
    cuts = [START + 5 * DAY + 11, None]
    bring(tmp_path, served, since=cuts[0])
    (half,) = bring(tmp_path, served, since=cuts[0]).accounts
    assert half.payouts_new == 0
    assert half.covered[0][0] == cuts[0]
    (rest,) = bring(tmp_path, served, until=cuts[0]).accounts
    assert rest.payouts_new > 0
    assert data_files(tmp_path) == fresh_bytes(served)


def test_a_full_refresh_lists_everything_again_and_finds_it_the_same(tmp_path, served):
    bring(tmp_path, served)
    before = data_files(tmp_path)
    (account,) = bring(tmp_path, served, full_refresh=True).accounts
    assert account.payouts_unchanged == account.lake_payouts
    assert account.payouts_listed == account.lake_listed
    assert (account.files_written, account.transactions_disappeared) == (0, 0)
    assert data_files(tmp_path) == before


def test_every_account_is_brought_into_folders_of_its_own(tmp_path, served):
    accounts = (None, *served.world.accounts[1:])
    report = bring(tmp_path, served, accounts=accounts)
    assert [one.account for one in report.accounts] == list(served.world.accounts)
    official = stripe.StripeClient(served.key, base_addresses={"api": served.url})
    for name in served.world.accounts:
        listed = official.v1.payouts.list({"limit": 100}, {"stripe_account": name}).auto_paging_iter()
        assert {one["id"] for one in held_payouts(tmp_path, name)} == {one.id for one in listed}
    before = touched(tmp_path)
    assert bring(tmp_path, served, accounts=accounts).requests.total <= len(accounts) + 1
    assert touched(tmp_path) == before


def test_an_account_that_is_refused_leaves_the_others_complete(tmp_path, served):
    good = served.world.accounts[1]
    with pytest.raises(AccountsError, match="acct_nope") as caught:
        bring(tmp_path, served, accounts=[good, "acct_nope"])
    assert caught.value.exit_code == 77
    fine, refused = caught.value.report.accounts
    assert (fine.account, fine.error) == (good, None)
    assert refused.account == "acct_nope"
    assert "acct_nope" in refused.error
    assert held_payouts(tmp_path, good)
    with pytest.raises(PermissionDeniedError):
        bring(tmp_path, served, accounts=["acct_nope", good], fail_fast=True)


def test_an_account_named_twice_is_brought_once(tmp_path, served):
    report = bring(tmp_path, served, accounts=[None, served.account])
    assert [one.account for one in report.accounts] == [served.account]


def test_a_key_without_the_permission_is_told_which_and_makes_no_lake(tmp_path):
    with sandbox(some_days(300), missing_scopes=["rak_payout_read"]) as stripe_:
        key = connector.ApiKey(stripe_.restricted_key)
        with pytest.raises(PermissionDeniedError, match="rak_payout_read") as caught:
            bring(tmp_path / "lake", stripe_, settings={"api_key": key})
    assert caught.value.exit_code == 77
    assert not (tmp_path / "lake").exists()


def test_a_key_that_may_not_name_its_account_adds_no_second_copy(tmp_path):
    with sandbox(some_days(300)) as stripe_:
        bring(tmp_path / "named", stripe_)
        stripe_.faults.add("403:endpoint=account")
        with pytest.raises(ConfigError, match="`account_id"):
            bring(tmp_path / "named", stripe_)
        before = data_files(tmp_path / "named")
        bring(tmp_path / "named", stripe_, account_id=stripe_.account)
        assert data_files(tmp_path / "named") == before
        bring(tmp_path / "blind", stripe_)
        stripe_.faults.clear()
        assert held_payouts(tmp_path / "blind", "default") == held_payouts(tmp_path / "named")
        with pytest.raises(ConfigError, match="`account_id=default`"):
            bring(tmp_path / "blind", stripe_)


def test_live_payouts_do_not_come_beside_test_ones(tmp_path):
    with sandbox(some_days(200)) as stripe_:
        bring(tmp_path, stripe_)
    with sandbox(some_days(200), live=True) as stripe_, pytest.raises(ConfigError, match="live mode"):
        bring(tmp_path, stripe_)


def test_rows_of_another_mode_or_under_another_name_do_not_come_beside_payouts(tmp_path):
    with sandbox(some_days(200)) as stripe_:
        bring(tmp_path, stripe_)
        stripe_.faults.add("403:endpoint=account")
        with pytest.raises(ConfigError, match="`account_id"):
            run(tmp_path, stripe_)
    with sandbox(some_days(200), live=True) as stripe_, pytest.raises(ConfigError, match="live mode"):
        run(tmp_path, stripe_)
    assert not (tmp_path / "balance_transactions").exists()


@pytest.mark.parametrize("fault", ["duplicate-row", "stuck-cursor", "empty-page", "out-of-order"])
def test_a_list_of_transactions_that_breaks_the_contract_is_not_kept(tmp_path, fault):
    with sandbox(some_days(1_500)) as stripe_:
        stripe_.faults.add(fault)
        with pytest.raises(ProtocolError):
            bring(tmp_path, stripe_)
        kept = held_pairs(tmp_path)
        assert kept == [] or fault == "stuck-cursor"  # which lists of one page do not meet
        stripe_.faults.clear()
        assert strays(tmp_path) == []
        bring(tmp_path, stripe_)
        assert data_files(tmp_path) == fresh_bytes(stripe_)
        whole = held_pairs(tmp_path)
        assert len(kept) < len(whole)
        assert [pair for pair in kept if pair not in whole] == []


def test_an_interrupted_run_keeps_what_it_wrote_and_the_next_one_goes_on(tmp_path):
    with sandbox(some_days(600, days=60)) as served:
        interrupt_and_go_on(tmp_path, served)


def interrupt_and_go_on(tmp_path, served) -> None:
    expected = fresh_bytes(served)

    async def go() -> None:
        staged = []

        def count(event) -> None:
            if isinstance(event, PartitionStaged):
                staged.append(event)
                if len(staged) >= len(expected) // 2 + 4:
                    scope.cancel()

        with anyio.fail_after(ENDLESS_SECONDS), anyio.CancelScope() as scope:
            await sync_payouts(tmp_path, config=config_for(served, max_in_flight=1), on_event=count)
        assert scope.cancelled_caught

    anyio.run(go)
    assert strays(tmp_path) == []
    held = data_files(tmp_path)
    assert 0 < len(held) < len(expected)
    report = bring(tmp_path, served)
    assert data_files(tmp_path) == expected
    assert report.accounts[0].healed.files == 0
    assert report.accounts[0].payouts_listed < report.accounts[0].lake_listed


def test_the_report_and_the_record_are_as_their_schemas_say(tmp_path, served):
    report = bring(tmp_path, served, accounts=(None, served.world.accounts[1]))
    document = to_document(report)
    fits(document, "payouts_report")
    assert json.loads(json.dumps(document)) == document
    for path in records(tmp_path, "payouts"):
        fits(json.loads(path.read_text()), "state_record")


def test_ordinary_code_gives_and_gets_plain_json(tmp_path, served, monkeypatch):
    monkeypatch.setenv("STRIPE_API_KEY", served.key)
    monkeypatch.setenv("STRIPE_API_BASE", served.url)
    report = connector.run_sync_payouts(str(tmp_path), since="2026-01-03", rate=900)
    assert json.loads(json.dumps(report)) == report
    assert report["accounts"][0]["asked"][0] == START + 2 * DAY
    assert min(one["created"] for one in held_payouts(tmp_path)) >= START + 2 * DAY
    with pytest.raises(UsageError, match="`until`"):
        connector.run_sync_payouts(str(tmp_path), since=5, until=5)
    with pytest.raises(UsageError, match="`account_id"):
        connector.run_sync_payouts(str(tmp_path), accounts=["acct_1"], account_id="acct_2")

    async def inside() -> None:
        connector.run_sync_payouts(str(tmp_path))

    with pytest.raises(UsageError, match=r"await connector\.sync_payouts"):
        anyio.run(inside)


def test_every_record_of_every_table_says_which_run_wrote_it(tmp_path):
    with sandbox(some_days(200, days=4)) as stripe_:
        run(tmp_path, stripe_, balance=True)
        bring(tmp_path, stripe_)
    found = sorted((tmp_path / "_stripe_balance" / "state").glob("*/*/*.json"))
    assert {path.parts[-3] for path in found} == {"balance_transactions", "balances", "payouts"}
    assert all(json.loads(path.read_bytes())["run"] for path in found)
