"""The key of an organisation: it names an account with each request, and a lake may hold accounts of many contexts."""

from __future__ import annotations

import json

import anyio
import pytest

import connector
from connector.config.config import ApiKey, Config
from connector.errors import AccountsError, ConfigError, PermissionDeniedError
from connector.stripe.client import BALANCE
from tests.support.fakes import FakeTransport, client_over, ok
from tests.support.fitting import fits
from tests.support.lakes import config_for, objects, run, sandbox, touched_but_for_audits, truth, world


@pytest.fixture
def served():
    """A platform with four connected accounts; it and the first of them belong to the organisation."""
    with sandbox(world(300, connected=4), members=(0, 1)) as stripe_:
        yield stripe_


def of_organisation(served, context, **settings):
    return {"api_key": ApiKey(served.organisation_key), "context": context, **settings}


def holders(lake):
    return {path.name.partition("=")[2] for path in lake.glob("balance_transactions/account=*")}


def verify(lake, served, context, **options):
    config = config_for(served, **of_organisation(served, context))
    return anyio.run(lambda: connector.verify(lake, config=config, **options))


@pytest.mark.parametrize("form", ["sk_org_live_51abc", "sk_org_test_51abc", "sk_org51abc"])
@pytest.mark.parametrize("context", [None, ""])
def test_without_a_context_it_is_refused_at_once(form, context):
    with pytest.raises(ConfigError, match="`context`") as caught:
        Config(ApiKey(form), context=context)
    assert caught.value.exit_code == 78
    Config(ApiKey(form), context="acct_1")


@pytest.mark.parametrize(
    ("context", "account", "sent"),
    [
        ("acct_1", None, "acct_1"),
        ("acct_1/acct_2", None, "acct_1/acct_2"),
        ("acct_1", "acct_1", "acct_1"),
        ("acct_1", "acct_3", "acct_3"),
        ("acct_1/acct_2", "acct_2", "acct_1/acct_2"),
    ],
)
def test_accounts_go_out_as_contexts(context, account, sent):
    transport = FakeTransport([ok({})])
    settings = {"api_key": ApiKey("sk_org_test_51thisisthesecretofthetests"), "context": context}
    anyio.run(lambda: client_over(transport, **settings).get(BALANCE, account=account))
    headers = transport.sent[0].headers
    assert headers["Stripe-Context"] == sent
    assert "Stripe-Account" not in headers
    assert headers["Stripe-Version"]


def test_an_account_is_reached_by_the_path_that_leads_to_it_and_no_other(served):
    with pytest.raises(PermissionDeniedError):
        run_balance(served, served.world.accounts[2])  # connected to the platform, and not of the organisation
    assert run_balance(served, served.world.accounts[1]).livemode is False
    assert run_balance(served, f"{served.account}/{served.world.accounts[2]}").livemode is False


def run_balance(served, context):
    async def go():
        async with connector.Stripe(config_for(served, **of_organisation(served, context))) as stripe_:
            return await stripe_.balance()

    return anyio.run(go)


def test_a_lake_of_several_contexts_is_verified_whole(tmp_path, served):
    first, second, third = served.account, served.world.accounts[1], served.world.accounts[2]
    run(tmp_path, served, settings=of_organisation(served, first))
    run(tmp_path, served, settings=of_organisation(served, second))
    run(tmp_path, served, settings=of_organisation(served, f"{first}/{third}"))
    assert holders(tmp_path) == {first, second, third}
    for account in holders(tmp_path):
        assert objects(tmp_path, account) == truth(served, account)
    for context in (first, second):
        verdict = verify(tmp_path, served, context, sample=5)
        assert {one.account: one.verdict for one in verdict.accounts} == dict.fromkeys(
            sorted(holders(tmp_path)), "proved"
        )
    known = json.loads((tmp_path / "_stripe_balance" / "accounts" / f"{third}.json").read_text())
    fits(known, "account_record")
    assert known["context"] == f"{first}/{third}"


def test_accounts_named_are_the_organisations_or_connected_to_the_contexts(tmp_path, served):
    accounts = served.world.accounts
    settings = of_organisation(served, served.account)
    report = run(tmp_path, served, accounts=[None, *accounts[1:]], settings=settings)
    assert [one.account for one in report.accounts] == list(accounts)
    for account in accounts:
        assert objects(tmp_path, account) == truth(served, account)
    before = touched_but_for_audits(tmp_path)
    again = run(tmp_path, served, accounts=[None, *accounts[1:]], settings=settings)
    assert touched_but_for_audits(tmp_path) == before
    assert again.requests.statuses == {"200": again.requests.total}  # the paths are known by now


def test_all_accounts_are_the_contexts_connected_ones(tmp_path, served):
    report = run(tmp_path, served, all_accounts=True, settings=of_organisation(served, served.account))
    assert {one.account for one in report.accounts} == set(served.world.accounts)
    for account in served.world.accounts:
        assert objects(tmp_path, account) == truth(served, account)


def test_an_account_that_is_nowhere_is_refused_by_name_and_the_others_are_read(tmp_path, served):
    with pytest.raises(AccountsError) as caught:
        run(tmp_path, served, accounts=[None, "acct_1Nowhere"], settings=of_organisation(served, served.account))
    assert set(caught.value.errors) == {"acct_1Nowhere"}
    assert caught.value.exit_code == 77
    assert holders(tmp_path) == {served.account}


@pytest.mark.parametrize("door", ["stream", "payouts", "balance", "get"])
def test_every_door_takes_the_way_that_leads_there(tmp_path, served, door):
    account = served.world.accounts[2]
    config = config_for(served, **of_organisation(served, served.account))
    row = next(served.world.rows(account))

    async def go() -> None:
        async with connector.Stripe(config) as stripe_:
            match door:
                case "stream":
                    async with stripe_.balance_transactions_of([None, account]) as pages:
                        assert {page.account async for page in pages} == {None, account}
                case "payouts":
                    report = await connector.sync_payouts(tmp_path, config=config, accounts=[account])
                    assert [one.account for one in report.accounts] == [account]
                case "balance":
                    (snapshot,) = await connector.record_balance(tmp_path, config=config, accounts=[account])
                    assert snapshot.account == account
                case _:
                    assert await stripe_.balance_transaction(row["id"], account=account) == row

    anyio.run(go)
