"""Many accounts in one run: read at once under one pace, each by itself on the disk, one's failure not another's."""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import replace
from email.utils import formatdate
from urllib.parse import urlsplit

import anyio
import pytest

import connector
from connector.cli.options.accounts import connected_accounts
from connector.config.config import ApiKey
from connector.core.account_failures import OUTAGE
from connector.errors import (
    AccountsError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    ServerError,
    StoppedError,
    UsageError,
)
from connector.events import AccountEnded, RequestAnswered
from connector.ingest.calls import sync
from connector.running.canceller import Canceller
from connector.stripe import accounts as stripe_accounts
from connector.stripe.accounts import BEGINNINGS
from tests.support.fakes import (
    ENDLESS_SECONDS,
    NOW,
    Clock,
    FakeTransport,
    client_over,
    failing_in_between,
    listing,
    ok,
    refused,
    rows_at,
)
from tests.support.lakes import HURRY, config_for, data_files, objects, run, sandbox, strays, truth, world
from tests.support.records import accounts
from tests.support.rows import OFFICIAL_ROW

STRANGER = "acct_1StrangerToAll"


def platform(connected: int = 25, transactions: int = 300):
    return world(transactions, days=3, connected=connected)


def everyone(served):
    return [None, *served.world.accounts[1:]]


def test_every_account_has_its_own_rows_and_its_own_state(tmp_path):
    with sandbox(platform(9)) as stripe_:
        report = run(tmp_path, stripe_, accounts=everyone(stripe_))
        assert [one.account for one in report.accounts] == list(stripe_.world.accounts)
        for account in stripe_.world.accounts:
            assert objects(tmp_path, account) == truth(stripe_, account)
        assert sum(one.lake_rows for one in report.accounts) == sum(
            len(truth(stripe_, account)) for account in stripe_.world.accounts
        )
    assert holders(tmp_path) == set(stripe_.world.accounts)
    assert not strays(tmp_path)


def holders(lake):
    return accounts(lake)


def test_two_requests_an_account_where_a_page_is_enough(tmp_path):
    with sandbox(platform(transactions=0)) as stripe_:
        report = run(tmp_path, stripe_, accounts=list(stripe_.world.accounts[1:]), settings={"max_in_flight": 4})
        small = sum(one.rows_received <= 100 for one in report.accounts)
        pages = sum(-(-one.rows_received // 100) or 1 for one in report.accounts)
    assert small > 10
    assert report.requests.by_endpoint["account.retrieve"] == 25  # each says once who it is
    assert report.requests.by_endpoint["balance_transactions.list"] <= pages * 1.1 + 3


def test_files_do_not_depend_on_how_many_are_read_at_once(tmp_path):
    with sandbox(platform(9)) as stripe_:
        run(tmp_path / "wide", stripe_, accounts=everyone(stripe_))
        for account in everyone(stripe_):
            run(tmp_path / "each", stripe_, accounts=[account])
    assert data_files(tmp_path / "wide") == data_files(tmp_path / "each")


def test_an_account_that_is_refused_is_reported_and_the_others_go_on(tmp_path):
    with sandbox(platform(6)) as stripe_:
        asked = [stripe_.world.accounts[1], STRANGER, *stripe_.world.accounts[2:]]
        with pytest.raises(AccountsError) as caught:
            run(tmp_path, stripe_, accounts=asked)
    failure = caught.value
    assert set(failure.errors) == {STRANGER}
    assert isinstance(failure.errors[STRANGER], PermissionDeniedError)
    assert (failure.retryable, failure.exit_code) == (False, 77)
    assert STRANGER in str(failure)
    assert holders(tmp_path) == set(stripe_.world.accounts[1:])
    assert [one.account for one in failure.report.accounts] == asked
    assert [one.error is None for one in failure.report.accounts] == [one != STRANGER for one in asked]
    (kept,) = (tmp_path / "_stripe_balance" / "runs").glob("*.json")
    assert json.loads(kept.read_bytes())["outcome"] == "failed"


def test_the_first_account_may_be_the_one_that_is_refused(tmp_path):
    with sandbox(platform(3)) as stripe_:
        with pytest.raises(AccountsError):
            run(tmp_path, stripe_, accounts=[STRANGER, *stripe_.world.accounts[1:]])
        assert holders(tmp_path) == set(stripe_.world.accounts[1:])
        with pytest.raises(AccountsError):
            run(tmp_path, stripe_, accounts=[STRANGER, *stripe_.world.accounts[1:]])
    assert holders(tmp_path) == set(stripe_.world.accounts[1:])


def test_fail_fast_ends_with_the_first_that_fails(tmp_path):
    with sandbox(platform(400, 0)) as stripe_, pytest.raises(PermissionDeniedError) as caught:
        run(tmp_path, stripe_, accounts=[STRANGER, *stripe_.world.accounts[1:]], fail_fast=True)
    assert caught.value.account == STRANGER
    assert len(holders(tmp_path)) < 400


def test_what_may_pass_by_itself_makes_the_whole_retryable(tmp_path):
    with sandbox(platform(4)) as stripe_:
        broken = stripe_.world.accounts[2]
        stripe_.faults.add(f"500:account={broken}")
        with pytest.raises(AccountsError) as caught:
            run(tmp_path, stripe_, accounts=[*stripe_.world.accounts[1:], STRANGER])
        assert (caught.value.retryable, caught.value.exit_code) == (True, 75)
        assert set(caught.value.errors) == {broken, STRANGER}


def test_an_outage_ends_the_run_before_every_account_has_waited_for_it(tmp_path):
    with sandbox(platform(24, 60)) as stripe_:
        down = FakeTransport(by=lambda _request: refused(500))
        with pytest.raises(ServerError):
            run(tmp_path, stripe_, accounts=everyone(stripe_), services={"clock": Clock(), "transport": lambda _: down})
        assert OUTAGE * HURRY.attempts <= len(down.sent) < 24 * HURRY.attempts
        run(tmp_path, stripe_, accounts=everyone(stripe_))
        for account in stripe_.world.accounts:
            assert objects(tmp_path, account) == truth(stripe_, account)


def test_an_account_of_many_pages_is_synced_to_its_end_while_others_fail_in_a_row(tmp_path):
    names = [f"acct_{number}" for number in range(OUTAGE + 3)]
    rows = listing([OFFICIAL_ROW | one for one in rows_at(range(NOW - 1_200, NOW))])

    def answer(request):
        account, date = request.headers["Stripe-Account"], {"date": formatdate(NOW + 86_400, usegmt=True)}
        if account != names[0]:
            return refused(500)
        if urlsplit(request.url).path == "/v1/account":
            return ok({"id": account, "object": "account", "created": NOW - 86_400}, **date)
        return replace(rows(request), headers=date)

    transport = failing_in_between(FakeTransport(by=answer), names[1:], attempts=HURRY.attempts)
    with sandbox(platform(1, 0)) as stripe_, pytest.raises(AccountsError) as caught:
        run(tmp_path, stripe_, accounts=names, services={"clock": Clock(), "transport": lambda _: transport})
    assert set(caught.value.errors) == set(names[1:])
    assert caught.value.report.accounts[0].lake_rows == 1_200


def test_a_wrong_key_is_not_tried_on_every_account(tmp_path):
    with sandbox(platform(5)) as stripe_:
        with pytest.raises(AuthenticationError):
            run(tmp_path, stripe_, accounts=everyone(stripe_), settings={"api_key": ApiKey("sk_test_wrong")})
        assert stripe_.stats()["requests"] <= 4  # those under way when the first answer came
    assert not tmp_path.joinpath("balance_transactions").exists()


def test_an_account_named_twice_is_read_once(tmp_path):
    with sandbox(platform(2)) as stripe_:
        own = stripe_.world.accounts[0]
        report = run(tmp_path, stripe_, accounts=[None, own, stripe_.world.accounts[1]])
        assert [one.account for one in report.accounts] == [own, stripe_.world.accounts[1]]
        assert objects(tmp_path, own) == truth(stripe_, own)


@pytest.mark.slow
def test_a_run_cut_off_among_many_accounts_goes_on_from_what_it_wrote(tmp_path):
    with sandbox(platform(20)) as stripe_:
        run(tmp_path / "whole", stripe_, accounts=everyone(stripe_))

        async def cut(after: int) -> None:
            ended = []

            def count(event) -> None:
                if isinstance(event, AccountEnded):
                    ended.append(event)
                    if len(ended) >= after:
                        scope.cancel()

            with anyio.CancelScope() as scope:
                config = config_for(stripe_)
                await sync(tmp_path / "cut", config=config, on_event=count, accounts=everyone(stripe_))
            assert scope.cancelled_caught

        for after in (3, 7, 12):
            anyio.run(cut, after)
        run(tmp_path / "cut", stripe_, accounts=everyone(stripe_))
    assert data_files(tmp_path / "cut") == data_files(tmp_path / "whole")
    assert not strays(tmp_path / "cut")


def test_each_account_may_have_the_rate_to_itself(tmp_path):
    with sandbox(platform(12)) as stripe_:
        for place, own in (("own", True), ("shared", False)):
            settings = {"rate": 100.0, "rate_per_account": own}
            run(tmp_path / place, stripe_, accounts=everyone(stripe_), settings=settings)
    assert data_files(tmp_path / "own") == data_files(tmp_path / "shared")


@pytest.mark.parametrize("own", [True, False])
def test_at_a_rate_that_lets_nobody_go_twice_each_account_goes_once_where_it_has_the_rate_to_itself(tmp_path, own):
    settings = {"rate": 0.001, "rate_per_account": own}
    with sandbox(platform(12)) as stripe_:
        asked = 0

        def heard(event) -> None:
            nonlocal asked
            asked += isinstance(event, RequestAnswered)
            if asked > 12:
                stop()

        stop = Canceller()
        deadline = ENDLESS_SECONDS if own else 1.0  # however long it is, they wait for hours
        with pytest.raises(StoppedError):
            run(
                tmp_path, stripe_, accounts=everyone(stripe_), settings=settings, on_event=heard,
                canceller=stop, deadline=deadline,
            )  # fmt: skip
    assert (asked > 12) is own


def test_connected_accounts_are_listed_page_by_page():
    with sandbox(platform(230, 0)) as stripe_:
        found = anyio.run(connected_accounts, config_for(stripe_))
    assert sorted(found) == sorted(stripe_.world.accounts[1:])


def accounts_page(*ids, has_more):
    return ok({"object": "list", "data": [{"id": one, "object": "account"} for one in ids], "has_more": has_more})


async def listed_from(*answers):
    """List the connected accounts of a script of answers; one more request than there are would fail otherwise."""
    async with aclosing(stripe_accounts.connected_accounts(client_over(FakeTransport([*answers])))) as pages:
        return [account async for page in pages for account in page]


@pytest.mark.parametrize("has_more", [True, False])
def test_an_empty_page_of_accounts_where_more_were_promised_is_an_error(has_more):
    with pytest.raises(ProtocolError, match="more connected accounts were promised"):
        anyio.run(listed_from, *[accounts_page("acct_2", has_more=True), accounts_page(has_more=has_more)] * BEGINNINGS)


def test_where_every_account_behind_a_page_has_left_the_list_is_begun_anew_and_each_comes_once():
    pages = [
        accounts_page("acct_3", "acct_2", has_more=True),
        accounts_page(has_more=False),
        accounts_page("acct_4", "acct_3", "acct_2", has_more=False),
    ]
    assert anyio.run(listed_from, *pages) == ["acct_3", "acct_2", "acct_4"]


GONE = refused(400, "No such account: 'acct_3'", code="resource_missing", param="starting_after")


def test_where_the_account_that_a_page_ended_with_has_left_the_list_is_begun_anew_and_each_comes_once():
    pages = [
        accounts_page("acct_4", "acct_3", has_more=True),
        GONE,
        accounts_page("acct_5", "acct_4", has_more=True),
        accounts_page("acct_2", "acct_1", has_more=False),
    ]
    assert anyio.run(listed_from, *pages) == ["acct_4", "acct_3", "acct_5", "acct_2", "acct_1"]


def test_a_list_of_accounts_that_is_refused_again_and_again_is_an_error():
    with pytest.raises(NotFoundError):
        anyio.run(listed_from, *[accounts_page("acct_3", has_more=True), GONE] * BEGINNINGS)


def test_a_list_of_something_else_is_none_of_accounts():
    row = {"id": "acct_1", "object": "person"}
    page = ok({"object": "list", "data": [row], "has_more": False})
    with pytest.raises(ProtocolError, match="one of 'person' came"):
        anyio.run(listed_from, page)


def test_an_empty_first_page_that_promises_more_accounts_is_an_error():
    with pytest.raises(ProtocolError, match="more connected accounts were promised"):
        anyio.run(listed_from, accounts_page(has_more=True))


def test_a_platform_without_connected_accounts_has_none():
    assert anyio.run(listed_from, accounts_page(has_more=False)) == []


@pytest.mark.parametrize("again", [["acct_3", "acct_2"], ["acct_1", "acct_3"], ["acct_1", "acct_1"]])
def test_an_account_listed_twice_ends_the_list_at_once(again):
    first = accounts_page("acct_3", "acct_2", has_more=True)
    with pytest.raises(ProtocolError, match="came twice"):
        anyio.run(listed_from, first, accounts_page(*again, has_more=True))


@pytest.mark.parametrize("broken", [{}, {"id": None}, {"id": 7}, {"id": ""}])
def test_a_row_of_accounts_without_an_id_is_named_as_that(broken):
    page = ok({"object": "list", "data": [{"id": "acct_1"}, broken], "has_more": False}, **{"request-id": "req_1"})
    with pytest.raises(ProtocolError, match="the list of accounts has a row without an id") as caught:
        anyio.run(listed_from, page)
    assert caught.value.request_id == "req_1"


def test_the_plain_call_takes_accounts_too(tmp_path, monkeypatch):
    with sandbox(platform(3)) as stripe_:
        monkeypatch.setenv("STRIPE_API_KEY", stripe_.key)
        monkeypatch.setenv("STRIPE_API_BASE", stripe_.url)
        document = connector.run_sync(
            tmp_path, accounts=list(stripe_.world.accounts[1:]), rate=float("inf"), rate_per_account=True
        )
    assert [one["account"] for one in document["accounts"]] == list(stripe_.world.accounts[1:])
    assert all(one["error"] is None for one in document["accounts"])


@pytest.mark.slow
def test_all_accounts_are_found_while_the_first_are_read(tmp_path):
    with sandbox(platform(230, 200)) as stripe_:
        report = run(tmp_path, stripe_, all_accounts=True, partition="year")
        first = next(one.at for one in stripe_.requests() if one.endpoint == "balance_transactions")
        listed = [one.at for one in stripe_.requests() if one.endpoint == "accounts"]
    assert report.accounts[0].account == stripe_.world.accounts[0]
    assert sorted(one.account for one in report.accounts) == sorted(stripe_.world.accounts)
    assert len(listed) == 3
    assert first < listed[-1]


def test_a_key_that_may_not_list_accounts_says_so_and_keeps_what_it_read(tmp_path):
    with sandbox(platform(3)) as stripe_:
        stripe_.faults.add("403:endpoint=accounts")
        with pytest.raises(PermissionDeniedError):
            run(tmp_path, stripe_, all_accounts=True)
    assert not strays(tmp_path)


@pytest.mark.parametrize("other", [{"accounts": ["acct_1"]}, {"account_id": "acct_1"}])
def test_all_accounts_go_with_no_others(tmp_path, other):
    with sandbox() as stripe_, pytest.raises(UsageError, match="does not go with"):
        run(tmp_path, stripe_, all_accounts=True, **other)


def test_a_plan_of_all_accounts_has_windows_of_each(tmp_path):
    with sandbox(platform(3)) as stripe_:
        windows = anyio.run(lambda: connector.plan(tmp_path, config=config_for(stripe_), all_accounts=True, windows=2))
        assert {one.get("accounts", [None])[0] for one in windows} == set(everyone(stripe_))
        for window in windows:
            run(tmp_path, stripe_, **window)
        for account in stripe_.world.accounts:
            assert objects(tmp_path, account) == truth(stripe_, account)
