"""The lists of many accounts as one stream."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

import connector
from connector.config.config import Config
from connector.core.account_failures import OUTAGE, OWN
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import AccountsError, AuthenticationError, ServerError, UsageError
from connector.stripe.listing.many import WORKERS, ManyAccounts, pages_of_accounts
from connector.stripe.listing.query import Query
from tests.support.fakes import FakeTransport, client_over, failing_in_between, listing, ok, refused, rows_at

pytestmark = pytest.mark.anyio

ALL = Intervals((Interval(0, END_OF_TIME),))


def served(rows_of, failing=()):
    """Answer for accounts of so many rows; those in `failing` with a status."""
    lists = {
        account: listing([one | {"id": f"{one['id']}_{account}"} for one in rows_at(range(100, 100 + rows))])
        for account, rows in rows_of.items()
    }
    failing = dict(failing)

    def answer(request):
        account = request.headers.get("Stripe-Account")
        if account in failing:
            return refused(failing[account])
        if urlsplit(request.url).path == "/v1/account":
            return ok({"id": account, "object": "account"})
        return lists[account](request)

    return FakeTransport(by=answer)


def many(transport, accounts, *, ordered=False, **options):
    return ManyAccounts(client_over(transport), Query(), tuple(accounts), ALL, ordered, **options)


async def collect(stream, into):
    async for page in stream:
        into.setdefault(page.account, []).extend(one["created"] for one in page.rows)


async def test_every_row_of_every_account_comes_once_and_newest_first_within_its_account():
    rows_of = {None: 450} | {f"acct_{number}": number * 7 % 230 for number in range(150)}
    transport, found = served(rows_of), {}
    async with pages_of_accounts(many(transport, rows_of, ordered=True)) as stream:
        await collect(stream, found)
    assert {account: len(created) for account, created in found.items()} == {
        account: rows for account, rows in rows_of.items() if rows
    }
    assert all(created == sorted(created, reverse=True) for created in found.values())


async def test_a_few_workers_read_any_number_of_accounts():
    rows_of = {f"acct_{number}": 1 for number in range(300)}
    transport, found = served(rows_of), {}
    async with pages_of_accounts(many(transport, rows_of)) as stream:
        await collect(stream, found)
    assert len(found) == 300
    assert transport.most_flying <= WORKERS


async def test_an_account_that_fails_is_named_in_the_end_and_the_others_are_complete():
    rows_of = {f"acct_{number}": 120 for number in range(30)}
    found = {}
    async with pages_of_accounts(many(served(rows_of, {"acct_3": 403, "acct_9": 500}), rows_of)) as stream:
        with pytest.raises(AccountsError, match="2 of 30 accounts failed") as caught:
            await collect(stream, found)
    assert len(found) == 28
    assert all(len(created) == 120 for created in found.values())
    assert {error.account for error in caught.value.errors.values()} == {"acct_3", "acct_9"}
    assert (caught.value.exit_code, caught.value.retryable) == (75, True)


async def test_the_error_of_an_account_keeps_none_of_its_pages():
    rows_of = {f"acct_{number}": 120 for number in range(4)}
    async with pages_of_accounts(many(served(rows_of, {"acct_3": 403}), rows_of)) as stream:
        with pytest.raises(AccountsError) as caught:
            await collect(stream, {})
    error = caught.value.errors["acct_3"]
    while error is not None:
        assert error.__traceback__ is None
        error = error.__context__


async def test_failing_fast_ends_with_the_first():
    rows_of = {f"acct_{number}": 1 for number in range(300)}
    transport = served(rows_of, {"acct_5": 403})
    async with pages_of_accounts(many(transport, rows_of, fail_fast=True)) as stream:
        with pytest.raises(connector.PermissionDeniedError) as caught:
            await collect(stream, {})
    assert caught.value.account == "acct_5"
    assert len(transport.sent) < 100


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (503, ServerError)])
async def test_what_concerns_every_account_ends_everything(status, kind):
    rows_of = {f"acct_{number}": 1 for number in range(300)}
    transport = served(rows_of, dict.fromkeys(rows_of, status))
    async with pages_of_accounts(many(transport, rows_of)) as stream:
        with pytest.raises(kind):
            await collect(stream, {})
    assert len(transport.sent) <= (OUTAGE + WORKERS) * 4


async def test_an_account_of_many_pages_is_read_to_its_end_while_others_fail_in_a_row():
    rows_of = {f"acct_{number}": 1_500 * (number == 0) for number in range(8)}
    failing, found = list(rows_of)[1:], {}
    transport = failing_in_between(served(rows_of, dict.fromkeys(failing, 500)), failing)
    async with pages_of_accounts(many(transport, rows_of)) as stream:
        with pytest.raises(AccountsError) as caught:
            await collect(stream, found)
    assert set(caught.value.errors) == set(failing)
    assert len(found["acct_0"]) == 1_500


async def test_leaving_early_ends_every_request():
    rows_of = {f"acct_{number}": 500 for number in range(50)}
    transport = served(rows_of)
    async with pages_of_accounts(many(transport, rows_of)) as stream:
        await anext(stream)
    assert transport.flying == 0
    assert len(transport.sent) < 200


async def test_the_librarys_call_checks_its_filters_before_asking():
    config = Config(api_key=connector.ApiKey("sk_test_1234567890"))
    async with connector.Stripe(config) as stripe:
        with pytest.raises(UsageError, match="colour"):
            async with stripe.balance_transactions_of(["acct_1"], colour="red"):
                pass


async def test_each_account_has_to_say_who_it_is():
    rows, asked = listing(rows_at(range(100, 103))), []

    def answer(request):
        if request.headers["Stripe-Account"] != "acct_1":  # whoever asks makes sure that the account is heeded
            return refused(403, code="account_invalid")
        if urlsplit(request.url).path == "/v1/account":
            asked.append(request.headers["Stripe-Account"])
            return ok({"id": "acct_1", "object": "account"})
        return rows(request)

    transport, found = FakeTransport(by=answer, repeats=False), {}
    async with pages_of_accounts(many(transport, ["acct_1"])) as stream:
        await collect(stream, found)
    assert (found, asked) == ({"acct_1": [102, 101, 100]}, ["acct_1"])


async def test_the_keys_own_account_is_named_where_it_fails_and_where_its_rows_are_anothers():
    async with pages_of_accounts(many(served({None: 1}, {None: 403}), [None])) as stream:
        with pytest.raises(AccountsError) as caught:
            await collect(stream, {})
    assert list(caught.value.errors) == [OWN]
