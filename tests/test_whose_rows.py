"""Whose rows these are: each account says who it is, at every door, and no id belongs to two of them."""

from __future__ import annotations

import json
import shutil

import anyio
import pyarrow as pa
import pytest

import connector
from connector.core.claims import Claims
from connector.errors import AccountsError, ProtocolError
from tests.fakes import FakeTransport, client_over, ok
from tests.lakes import config_for, data_files, objects, run, sandbox, truth, world

DROPS = "drops-account"
"""A gateway that drops the header, so that the platform answers whoever is asked for."""

DROPS_LISTS = "drops-account:endpoint=balance_transactions"
"""One that does so for lists only: accounts say who they are, and get the platform's rows all the same."""


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


@pytest.mark.parametrize("fault", [DROPS, DROPS_LISTS])
def test_no_folder_gets_the_platforms_rows(tmp_path, served, fault):
    served.faults.add(fault)
    with pytest.raises(AccountsError) as caught:
        run(tmp_path, served, accounts=everyone(served))
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

    with pytest.raises(connector.ConnectorError, match="the server answered for") as caught:
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

    with pytest.raises(AccountsError, match="one of them got the rows of the other"):
        anyio.run(go)


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
    manifests = tmp_path / "_stripe_balance" / "manifest"
    text = (manifests / f"{served.account}.json").read_text().replace(served.account, copy)
    (manifests / f"{copy}.json").write_text(json.dumps(json.loads(text)))
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
