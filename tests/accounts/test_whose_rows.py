"""Whose rows these are: each account says who it is, at every door, and no id belongs to two of them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from types import SimpleNamespace

import anyio
import pyarrow as pa
import pytest

import connector
from connector.core.api.protocol import Response
from connector.core.state.claims import Claims
from connector.errors import AccountsError, ProtocolError, UsageError
from connector.stripe.acting import NOBODY
from connector.stripe.client import BALANCE
from tests.support.fakes import FakeTransport, client_over, ok, refused
from tests.support.lakes import START, config_for, data_files, objects, run, sandbox, state, truth, world
from tests.support.records import records

DROPS = "drops-account"
"""A gateway that drops the header, so that the platform answers whoever is asked for."""

DROPS_LISTS = "drops-account:endpoint=balance_transactions"
"""One that does so for lists only: accounts say who they are, and get the platform's rows all the same."""


NOT_HEEDED = "does not heed the account"
"""What is said of an answer that does not say whose it is, where accounts that do not exist get one, too."""


@pytest.fixture
def served():
    with sandbox(world(400, connected=3)) as stripe_:
        yield stripe_


def everyone(served):
    return [None, *served.world.accounts[1:]]


def holders(lake):
    return {path.name.partition("=")[2] for path in lake.glob("*/account=*")}


def right(lake, served):
    """Every row in the lake is in the folder of its own account."""
    return all(objects(lake, account) == truth(served, account) for account in holders(lake))


@pytest.mark.parametrize("listed", [False, True], ids=["named", "listed"])
@pytest.mark.parametrize("fault", [DROPS, DROPS_LISTS])
def test_no_folder_gets_the_platforms_rows(tmp_path, served, fault, listed):
    served.faults.add(fault)
    with pytest.raises(AccountsError) as caught:
        run(tmp_path, served, **({"all_accounts": True} if listed else {"accounts": everyone(served)}))
    assert set(caught.value.errors) == set(served.world.accounts[1:])
    assert all(isinstance(error, ProtocolError) for error in caught.value.errors.values())
    assert (caught.value.exit_code, caught.value.retryable) == (65, False)
    assert holders(tmp_path) == {served.account}
    assert right(tmp_path, served)


def test_the_report_does_not_call_an_answer_unasked_that_is_only_wrong(tmp_path, served):
    served.faults.add(DROPS)
    with pytest.raises(AccountsError) as caught:
        run(tmp_path, served, accounts=everyone(served))
    (said,) = caught.value.report.warnings
    assert "3 connections were closed" in said
    assert "or that cannot be right" in said


@pytest.mark.parametrize("fault", [DROPS, DROPS_LISTS])
def test_nor_does_one_in_a_lake_that_is_there_already(tmp_path, served, fault):
    run(tmp_path, served, accounts=everyone(served))
    served.advance(7_200)
    for account in served.world.accounts:
        served.add_rows(count=3, account=account, created=served.now - 3_600)
    served.faults.add(fault)
    before = data_files(tmp_path)
    with pytest.raises(AccountsError) as caught:
        run(tmp_path, served, accounts=everyone(served))
    assert set(caught.value.errors) == set(served.world.accounts[1:])
    after = data_files(tmp_path)
    assert {path for path in after if before.get(path) != after[path]} == {
        path for path in after if served.account in path and before.get(path) != after[path]
    }
    served.faults.clear()
    run(tmp_path, served, accounts=everyone(served))
    assert right(tmp_path, served)


def test_an_empty_answer_of_the_wrong_account_covers_nothing(tmp_path, served):
    """The platform has nothing new, so that no row tells: the accounts are asked."""
    run(tmp_path, served, accounts=everyone(served))
    late = served.world.accounts[1]
    served.advance(7_200)
    served.add_rows(count=3, account=late, created=served.now - 3_600)
    served.faults.add(DROPS)
    with pytest.raises(AccountsError):
        run(tmp_path, served, accounts=everyone(served))
    served.faults.clear()
    served.advance(1_200)
    run(tmp_path, served, accounts=everyone(served))
    assert objects(tmp_path, late) == truth(served, late)


def test_each_account_is_asked_once_and_later_its_answers_say_who_it_is(tmp_path, served):
    asked = run(tmp_path, served, accounts=everyone(served)).requests.by_endpoint
    assert asked["account.retrieve"] == 4
    again = run(tmp_path, served, accounts=everyone(served), audit=0).requests
    assert (again.by_endpoint["account.retrieve"], again.total) == (1, 5)


def test_accounts_that_are_listed_are_not_asked_and_their_files_are_the_same(tmp_path, served):
    run(tmp_path / "named", served, accounts=everyone(served))
    report = run(tmp_path / "listed", served, all_accounts=True)
    asked = report.requests.by_endpoint
    assert (asked["account.retrieve"], asked["accounts.list"]) == (1, 1)
    assert [one.account for one in report.accounts] == [served.account, *served.world.accounts[:0:-1]]
    assert data_files(tmp_path / "listed") == data_files(tmp_path / "named")


def test_windows_of_a_plan_say_which_accounts_were_listed(tmp_path, served):
    planned = anyio.run(lambda: connector.plan(tmp_path, config=config_for(served), all_accounts=True, windows=1))
    windows = json.loads(json.dumps(planned))
    created = {one: when for window in windows for one, when in window.get("accounts_created", {}).items()}
    assert created.keys() == set(served.world.accounts[1:])
    assert START <= min(created.values()) < max(created.values()) < served.now
    assert asked_in_all(served) == {"/v1/account": 1, "/v1/accounts": 1}
    together = [one for window in windows for one in window.get("accounts", [])]
    report = run(tmp_path, served, accounts=together, accounts_created=created)
    assert report.requests.by_endpoint["account.retrieve"] == 1  # the first says what time it is
    assert all(objects(tmp_path, account) == truth(served, account) for account in together)


def test_what_is_said_of_listed_accounts_is_looked_at(tmp_path, served):
    for wrong in ({"": 1}, {"acct_1": "2026-01-01"}, {"acct_1": -1}, {"acct_1": True}):
        with pytest.raises(UsageError, match="as windows of a plan have it"):
            run(tmp_path, served, accounts_created=wrong)
    assert asked_in_all(served) == {}


def asked_in_all(served):
    return Counter(one.path for one in served.requests())


@pytest.mark.parametrize("door", ["payouts", "balance", "plan", "stream of one", "stream", "show", "get", "fees"])
def test_every_door_asks(tmp_path, served, door):
    account = served.world.accounts[1]
    (own,) = (row["id"] for row in [next(served.world.rows())])
    paid = next(row["source"] for row in served.world.rows() if row["type"] == "charge")
    served.faults.add(DROPS)
    config, lake = config_for(served), tmp_path / "lake"

    async def go() -> None:
        async with connector.Stripe(config) as stripe_:
            match door:
                case "payouts":
                    await connector.sync_payouts(lake, config=config, accounts=[account, served.world.accounts[2]])
                case "balance":
                    await connector.record_balance(lake, config=config, accounts=[account, served.world.accounts[2]])
                case "plan":
                    await connector.plan(lake, config=config, accounts=[account])
                case "stream of one":
                    async with stripe_.balance_transactions(account=account) as pages:
                        assert [page async for page in pages] == []
                case "stream":
                    async with stripe_.balance_transactions_of([None, account]) as pages:
                        assert {page.account async for page in pages} == {None}
                case "show":
                    await stripe_.balance(account=account)
                case "get":
                    await stripe_.balance_transaction(own, account=account)
                case _:
                    await stripe_.fees(paid, account=account)

    with pytest.raises(connector.ConnectorError, match=f"the server answered for|{NOT_HEEDED}") as caught:
        anyio.run(go)
    assert caught.value.exit_code == 65
    assert not lake.exists()


def test_a_stream_refuses_the_rows_of_one_account_under_anothers_name(served):
    served.faults.add(DROPS_LISTS)

    async def go() -> set[str | None]:
        async with (
            connector.Stripe(config_for(served)) as stripe_,
            stripe_.balance_transactions_of(everyone(served)) as pages,
        ):
            return {page.account async for page in pages}

    with pytest.raises(AccountsError, match=NOT_HEEDED):
        anyio.run(go)


@pytest.mark.parametrize("door", ["stream", "sync", "payouts"])
def test_rows_of_one_account_are_refused_under_anothers_name_however_they_got_there(tmp_path, served, door):
    """The gateway knows which accounts there are: one that does not exist is refused, as Stripe would."""
    account = served.world.accounts[1]
    endpoint = "payouts" if door == "payouts" else "balance_transactions"
    served.faults.add(f"drops-account:endpoint={endpoint},account={account}")

    async def stream() -> None:
        async with (
            connector.Stripe(config_for(served)) as stripe_,
            stripe_.balance_transactions_of([None, account]) as pages,
        ):
            assert [page async for page in pages]

    async def sync() -> None:
        await connector.sync(tmp_path, config=config_for(served), accounts=[None, account])

    async def payouts() -> None:
        await connector.sync_payouts(tmp_path, config=config_for(served), accounts=[None, account])

    with pytest.raises(AccountsError, match="one of them got the rows of the other"):
        anyio.run({"stream": stream, "sync": sync, "payouts": payouts}[door])


LONG_AGO = {"since": "2020-01-01", "until": "2020-02-01"}


async def rows_of(stripe_, account):
    async with stripe_.balance_transactions(account=account, created_gte="2026-01-01") as pages:
        return [page async for page in pages]


async def rows_of_all(stripe_, accounts):
    async with stripe_.balance_transactions_of(accounts) as pages:
        return [page async for page in pages]


async def followed(stripe_, account):
    return [batch async for batch in stripe_.follow(connector.FollowOptions(accounts=[account]))]


DOORS = {
    "sync": ("balance_transactions", lambda at: connector.sync(at.lake, config=at.config, accounts=[at.account])),
    "sync of a time without rows": (
        "balance_transactions",
        lambda at: connector.sync(at.lake, config=at.config, accounts=[at.account], **LONG_AGO),
    ),
    "sync of several": (
        "balance_transactions",
        lambda at: connector.sync(at.lake, config=at.config, accounts=[at.account, at.other]),
    ),
    "sync with balances": (
        "balance",
        lambda at: connector.sync(at.lake, config=at.config, accounts=[at.account], balance=True),
    ),
    "dry run": (
        "balance_transactions",
        lambda at: connector.sync(at.lake, config=at.config, accounts=[at.account], dry_run=True),
    ),
    "payouts": ("payouts", lambda at: connector.sync_payouts(at.lake, config=at.config, accounts=[at.account])),
    "rows of payouts": (
        "balance_transactions",
        lambda at: connector.sync_payouts(at.lake, config=at.config, accounts=[at.account]),
    ),
    "snapshot": ("balance", lambda at: connector.record_balance(at.lake, config=at.config, accounts=[at.account])),
    "verify": ("balance_transactions", lambda at: connector.verify(at.lake, config=at.config)),
    "stream": ("balance_transactions", lambda at: rows_of(at.stripe, at.account)),
    "stream of several": ("balance_transactions", lambda at: rows_of_all(at.stripe, [at.account, at.other])),
    "follow": ("balance_transactions", lambda at: followed(at.stripe, at.account)),
    "balance": ("balance", lambda at: at.stripe.balance(account=at.account)),
    "get": (
        "balance_transactions/{id}",
        lambda at: at.stripe.balance_transaction(at.charge["id"], account=at.account),
    ),
    "get of what is not there": (
        "balance_transactions/{id}",
        lambda at: at.stripe.balance_transaction("txn_1OfNobody", account=at.account),
    ),
    "fees": ("charges/{id}", lambda at: at.stripe.fees(at.charge["source"], account=at.account)),
}
"""By door, what a gateway drops the account at, and how one goes through; everywhere else the account is heard."""


@pytest.mark.parametrize("door", DOORS)
def test_no_door_believes_who_drops_the_account_for_what_it_asks_only(tmp_path, served, door):
    account, other = served.world.accounts[1:3]
    charge = next(row for row in served.world.rows() if row["type"] == "charge")
    config, lake = config_for(served), tmp_path / "lake"
    if door == "verify":
        run(lake, served, accounts=[account])
    before = data_files(lake)
    endpoint, go_through = DOORS[door]
    served.faults.add(f"drops-account:endpoint={endpoint}")

    async def go() -> None:
        async with connector.Stripe(config) as stripe_:
            at = SimpleNamespace(lake=lake, config=config, account=account, other=other, charge=charge, stripe=stripe_)
            await go_through(at)

    with pytest.raises(connector.ConnectorError, match=NOT_HEEDED) as caught:
        anyio.run(go)
    assert caught.value.exit_code == 65
    assert {path: made for path, made in data_files(lake).items() if not path.startswith("payouts/")} == before


def test_time_without_rows_is_not_covered_by_an_answer_of_nobody_knows_whom(tmp_path, served):
    """Neither account has anything in the time that is asked for: what would be wrong is that it counts as read."""
    account = served.world.accounts[1]
    run(tmp_path, served, accounts=[account], since="2026-01-01", until="2026-01-03")
    served.faults.add(DROPS_LISTS)
    with pytest.raises(ProtocolError, match=NOT_HEEDED):
        run(tmp_path, served, accounts=[account], **LONG_AGO)
    assert state(tmp_path).covered.parts[0].start >= START


def asked_and_sent(accounts, *answers):
    """What comes of asking each account for its balance, and the requests sent; no answer says whose it is."""
    transport = FakeTransport(list(answers), repeats=False)

    async def go():
        client = client_over(transport)
        for account in accounts:
            await client.get(BALANCE, account=account)

    try:
        anyio.run(go)
    except connector.ConnectorError as error:
        return error, transport.sent
    return None, transport.sent


def test_where_answers_do_not_say_whose_they_are_it_is_proved_once_for_all_accounts():
    error, sent = asked_and_sent(["acct_1", "acct_2"], ok({}), refused(403, "no such account"), ok({}))
    assert error is None
    assert [request.headers["Stripe-Account"] for request in sent] == ["acct_1", NOBODY, "acct_2"]
    assert len({request.url for request in sent}) == 1


def test_an_answer_that_says_whose_it_is_needs_no_proof():
    error, sent = asked_and_sent(["acct_1"], ok({}, **{"stripe-account": "acct_1"}))
    assert (error, len(sent)) == (None, 1)


def test_nor_does_one_of_the_keys_own_account():
    error, sent = asked_and_sent([None], ok({}))
    assert (error, len(sent)) == (None, 1)


def test_a_refusal_by_something_on_the_way_proves_nothing():
    error, _ = asked_and_sent(["acct_1"], ok({}), Response(403, {}, b"<html>blocked</html>"))
    assert isinstance(error, ProtocolError)
    assert NOT_HEEDED in str(error)


def test_a_refusal_in_other_words_is_a_proof_and_one_in_the_same_words_is_none():
    missing = refused(404, "No such thing: 'x'", code="resource_missing")
    error, sent = asked_and_sent(["acct_1"], missing, refused(400, "No such context"))
    assert (str(error).partition(":")[0], len(sent)) == ("No such thing", 2)
    error, sent = asked_and_sent(["acct_1"], missing, missing)
    assert (type(error), len(sent)) == (ProtocolError, 2)


def test_a_context_is_proved_like_an_account(tmp_path, served):
    account = served.world.accounts[1]
    report = run(tmp_path, served, settings={"context": account}, audit=0)
    assert objects(tmp_path, account) == truth(served, account)
    assert report.requests.by_endpoint["balance_transactions.list"] == report.accounts[0].rows_received // 100 + 2
    served.faults.add(DROPS_LISTS)
    with pytest.raises(ProtocolError, match=NOT_HEEDED):
        run(tmp_path, served, settings={"context": account})


def test_an_answer_that_says_it_is_anothers_is_refused_at_once():
    cached = ok({"object": "list", "data": [], "has_more": False}, **{"stripe-account": "acct_2Other"})

    async def go() -> None:
        await client_over(FakeTransport([cached])).get(connector.stripe.client.LIST_TRANSACTIONS, account="acct_1Asked")

    with pytest.raises(ProtocolError, match="asked as acct_1Asked, the server answered for acct_2Other"):
        anyio.run(go)


def test_verify_finds_rows_that_are_in_two_accounts(tmp_path, served):
    run(tmp_path, served)
    copy = "acct_1Copy"
    shutil.copytree(
        tmp_path / "balance_transactions" / f"account={served.account}",
        tmp_path / "balance_transactions" / f"account={copy}",
    )
    for path in records(tmp_path):
        twin = path.parents[1] / copy / path.name
        twin.parent.mkdir(exist_ok=True)
        twin.write_text(path.read_text().replace(served.account, copy))
    verdict = anyio.run(lambda: connector.verify(tmp_path, offline=True, layers=["rows"]))
    assert verdict.verdict == "residual"
    rows = pa.table(connector.read(tmp_path, copy)).num_rows
    assert sum(layer.counts.get("in_two_accounts", 0) for one in verdict.accounts for layer in one.layers) == rows


def test_ids_are_remembered_within_bounds_and_what_comes_twice_is_found():
    claims = Claims(most=1_000)
    ours = [f"txn_{number}" for number in range(50_000)]
    for start in range(0, len(ours), 100):
        claims.take("acct_1", ours[start : start + 100])
    assert not list(claims.clashes("acct_1", ours))
    assert 500 <= len(claims._holder) <= 1_000  # the bound is what this is about
    assert not list(claims.clashes("acct_2", (f"txn_x{number}" for number in range(50_000))))
    assert list(claims.clashes("acct_3", ours))
    with pytest.raises(ProtocolError, match="came for acct_4 as well as for acct_1"):
        claims.take("acct_4", ours)
