"""Fees over the network: the same numbers as the official SDK's, and patience where there are none yet."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
import stripe

import connector
from connector.core.ledger.fees import Answer
from connector.errors import InvalidRequestError, PermissionDeniedError, ProtocolError, UsageError
from tests.support.lakes import config_for, sandbox, world

OLD = "2022-08-01"
NEW = "2026-10-28.endive"


@pytest.fixture(scope="module")
def served():
    with sandbox(world(2_500, days=30, connected=3)) as running:
        yield running


@pytest.fixture(scope="module")
def sdk(served):
    def client(version=NEW):
        return stripe.StripeClient(served.key, base_addresses={"api": served.url}, stripe_version=version).v1

    return client


def ask(served, *ids, account=None, wait=0.0, **settings):
    """Ask for several, at once."""

    async def go():
        async with connector.Stripe(config_for(served, **settings)) as ours:
            return await asyncio.gather(*(ours.fees(one, account=account, wait=wait) for one in ids))

    return asyncio.run(go())


def payments(served, count=12):
    """Payments of every currency and kind: by card, in a foreign currency, by bank debit."""
    rows = [row for row in served.world.rows() if row["type"] in {"charge", "payment"}]
    foreign = [row for row in rows if row["exchange_rate"] is not None]
    by_currency = [row for code in ("usd", "eur", "jpy") for row in rows if row["currency"] == code]
    return [*foreign[:3], *(row for row in rows if row["type"] == "payment")][:6] + by_currency[:: len(rows) // count]


def same_as(row, charge, found):
    """Hold an answer against the SDK's charge and balance transaction."""
    assert found.answer is Answer.KNOWN
    assert (found.gross, found.fee, found.net, found.currency) == (row.amount, row.fee, row.net, row.currency)
    assert found.exchange_rate == row.exchange_rate
    assert [(part.type, part.amount, part.currency, part.description) for part in found.parts] == [
        (detail.type, detail.amount, detail.currency, detail.description) for detail in row.fee_details
    ]
    assert (found.balance_transaction, found.status, found.available_on) == (row.id, row.status, row.available_on)
    assert (found.charge, found.paid.amount, found.paid.currency) == (charge.id, charge.amount, charge.currency)
    assert (found.paid.captured, found.paid.refunded) == (charge.amount_captured, charge.amount_refunded)
    assert found.unexplained == 0


def test_fees_of_intents_are_the_sdks(served, sdk):
    intents = [sdk().charges.retrieve(row["source"]).payment_intent for row in payments(served)]
    answers = ask(served, *intents)
    assert {found.currency for found in answers} == {"usd", "eur", "jpy"}
    for intent, found in zip(intents, answers, strict=True):
        charge = sdk().payment_intents.retrieve(intent, {"expand": ["latest_charge.balance_transaction"]}).latest_charge
        same_as(charge.balance_transaction, charge, found)
        assert found.payment_intent == intent


def test_fees_of_intents_under_an_old_version_are_the_sdks(served, sdk):
    intents = [sdk().charges.retrieve(row["source"]).payment_intent for row in payments(served)]
    for intent, found in zip(intents, ask(served, *intents, api_version=OLD), strict=True):
        asked = sdk(OLD).payment_intents.retrieve(intent, {"expand": ["charges.data.balance_transaction"]})
        charge = asked.charges.data[0]
        same_as(charge.balance_transaction, charge, found)


def test_fees_of_charges_are_the_sdks(served, sdk):
    ids = [row["source"] for row in payments(served)]
    assert {one[:3] for one in ids} == {"ch_", "py_"}
    for one, found in zip(ids, ask(served, *ids), strict=True):
        charge = sdk().charges.retrieve(one, {"expand": ["balance_transaction"]})
        same_as(charge.balance_transaction, charge, found)


def automatic(sdk, account=None):
    options = {"stripe_account": account} if account else {}
    listed = sdk().payouts.list({"limit": 100}, options).auto_paging_iter()
    return [payout for payout in listed if payout.automatic and payout.reconciliation_status == "completed"]


def test_fees_of_a_payout_are_the_sdks(served, sdk):
    chosen = automatic(sdk)[:4]
    for payout, found in zip(chosen, ask(served, *[payout.id for payout in chosen]), strict=True):
        listed = sdk().balance_transactions.list({"payout": payout.id, "limit": 100, "expand": ["data.source"]})
        rows = [row for row in listed.auto_paging_iter() if row.id != payout.balance_transaction]
        by_type, by_kind = Counter(), Counter()
        for row in rows:
            by_type[row.type] += row.net
            for detail in row.fee_details:
                by_kind[detail.type, row.type] += detail.amount
        assert (found.answer, found.remainder) == (Answer.KNOWN, 0)
        assert {one.type: one.net for one in found.types} == by_type
        assert {(one.fee, one.type): one.amount for one in found.fees} == by_kind
        assert sum(one.rows for one in found.types) == len(rows)
        assert found.fee == sum(row.fee for row in rows)
        assert (found.amount, found.currency, found.status) == (payout.amount, payout.currency, payout.status)
        charges = sdk().balance_transactions.list({"payout": payout.id, "type": "charge", "limit": 100})
        assert found.charges_alone == sum(row.net for row in charges.auto_paging_iter()) != found.amount


def test_a_connected_accounts_payout_shows_what_customers_paid_as_the_sdk_does(served, sdk):
    account = served.world.accounts[1]
    answers = ask(served, *[payout.id for payout in automatic(sdk, account)], account=account)
    with_originals = [found for found in answers if found.originals]
    assert with_originals
    for found in with_originals[:3]:
        rows = sdk().balance_transactions.list(
            {
                "payout": found.id,
                "type": "payment",
                "limit": 100,
                "expand": ["data.source.source_transfer.source_transaction"],
            },
            {"stripe_account": account},
        )
        passed_on = [row for row in rows.auto_paging_iter() if row.source.source_transfer]
        assert [
            (one.balance_transaction, one.payment, one.net, one.transfer, one.charge, one.charge_amount)
            for one in found.originals
        ] == [
            (
                row.id,
                row.source.id,
                row.net,
                row.source.source_transfer.id,
                row.source.source_transfer.source_transaction.id,
                row.source.source_transfer.source_transaction.amount,
            )
            for row in passed_on
        ]
        assert (found.account, found.answer) == (account, Answer.KNOWN)


@pytest.fixture
def faulty(served):
    """The sandbox, with faults to order that end with the test."""
    yield served.faults
    served.faults.clear()


@pytest.mark.parametrize("fault", ["500:k=1", "502:k=1", "rate-limit:k=1", "lock-timeout:k=1", "cut:k=1", "reset:k=1"])
def test_what_passes_by_itself_does_not_change_the_answer(served, sdk, faulty, fault):
    ids = [payments(served)[0]["source"], automatic(sdk)[0].id]
    before = ask(served, *ids)
    faulty.add(fault)
    assert ask(served, *ids) == before
    assert faulty.counts()[0]["fired"] == 1


@pytest.mark.parametrize("fault", ["empty-page", "out-of-order", "duplicate-row", "wrong-type", "not-json"])
def test_a_list_that_breaks_the_contract_is_an_error_rather_than_a_sum(served, sdk, faulty, fault):
    payout = automatic(sdk)[0].id
    faulty.add(f"{fault}:endpoint=balance_transactions")
    with pytest.raises(ProtocolError):
        ask(served, payout)


def test_a_row_that_does_not_belong_leaves_a_residue(served, sdk, faulty):
    payout = automatic(sdk)[0].id
    faulty.add("huge-amount")
    (found,) = ask(served, payout)
    assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, "residual")


def test_fields_nobody_knows_do_not_disturb(served, sdk, faulty):
    payout = automatic(sdk)[0].id
    before = ask(served, payout)
    faulty.add("unknown-field")
    assert ask(served, payout) == before


def test_a_manual_payout_is_explained(served, sdk):
    manual = next(one for one in sdk().payouts.list({"limit": 100}).auto_paging_iter() if not one.automatic)
    (found,) = ask(served, manual.id)
    assert (found.answer, found.reason, found.amount) == (Answer.NOT_AVAILABLE, "manual", manual.amount)


def test_a_key_that_may_not_read_payouts_still_gets_their_fees():
    with sandbox(world(1_000), missing_scopes=["rak_payout_read"]) as running:
        rows = [row for row in running.world.rows() if row["type"] == "payout"]
        whole = next(row for row in rows if row["description"] == "STRIPE PAYOUT" and row["status"] == "available")
        manual = next((row for row in rows if row["description"] == "Withdrawal"), None)
        (secret,) = ask(running, whole["source"])
        (found,) = ask(running, whole["source"], api_key=connector.ApiKey(running.restricted_key))
        assert found == secret
        assert found.answer is Answer.KNOWN
        assert manual is not None
        (refused_,) = ask(running, manual["source"], api_key=connector.ApiKey(running.restricted_key))
        assert refused_.reason == "manual"


def test_a_payout_under_reconciliation_is_not_yet_known():
    with sandbox(world(1_000)) as running:
        newest = next(row for row in running.world.rows() if row["description"] == "STRIPE PAYOUT")
        running.set_clock(newest["created"] + 1)
        (found,) = ask(running, newest["source"])
        assert (found.answer, found.reason) == (Answer.NOT_YET, "reconciling")


def test_an_asynchronous_capture_is_not_yet_and_then_known(served):
    with sandbox(world(300), faults=["async-capture:seconds=60"]) as running:
        row = next(row for row in running.world.rows() if row["type"] == "charge")
        running.set_clock(row["created"] + 30)
        (found,) = ask(running, row["source"])
        assert (found.answer, found.reason, found.fee) == (Answer.NOT_YET, "capturing", None)
        running.advance(60)
        (found,) = ask(running, row["source"])
        assert (found.answer, found.fee) == (Answer.KNOWN, row["fee"])


def test_an_id_of_another_account_is_not_found(served):
    account = served.world.accounts[1]
    theirs = next(row for row in served.world.rows(account) if row["type"] == "payment")
    with pytest.raises(InvalidRequestError) as raised:
        ask(served, theirs["source"])
    assert raised.value.status == 404
    assert ask(served, theirs["source"], account=account)[0].gross == theirs["amount"]


def test_an_account_out_of_reach_is_not_taken_for_a_missing_permission(served):
    with pytest.raises(PermissionDeniedError) as raised:
        ask(served, "po_1", account="acct_nope")
    assert raised.value.code == "account_invalid"


def test_ordinary_code_gets_a_plain_dict(served, monkeypatch):
    monkeypatch.setenv("STRIPE_API_KEY", served.key)
    row = payments(served)[0]
    document = connector.run_fees(row["source"], api_base=served.url)
    assert (document["answer"], document["fee"]) == ("known", row["fee"])


def test_ordinary_code_inside_a_loop_is_told_what_to_use():
    async def go():
        connector.run_fees("ch_1")

    with pytest.raises(UsageError, match=r"await stripe\.fees"):
        asyncio.run(go())
