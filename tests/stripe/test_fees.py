"""Fees over the network: the same numbers as the official SDK's, and patience where there are none yet."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
import stripe

import connector
from connector.core.fees import Answer
from connector.errors import InvalidRequestError, PermissionError_, UsageError
from connector.stripe.fees import checked_fees_id, fees
from tests.fakes import Clock, FakeTransport, client_over, ok, refused
from tests.lakes import config_for, sandbox, world

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
    with pytest.raises(PermissionError_) as raised:
        ask(served, "po_1", account="acct_nope")
    assert raised.value.code == "account_invalid"


# Without a sandbox: patience.

UNCAPTURED = {
    "object": "charge",
    "id": "ch_1",
    "amount": 100,
    "currency": "usd",
    "captured": True,
    "status": "succeeded",
    "balance_transaction": None,
}
ROW = {"id": "txn_1", "type": "charge", "amount": 100, "fee": 30, "net": 70, "currency": "usd", "fee_details": []}


def patient(transport, clock, wait, object_id="ch_1"):
    async def go():
        client = client_over(transport, clock=clock)
        return await fees(client, object_id, wait=wait)

    return asyncio.run(go())


def test_waiting_asks_ever_more_seldom_until_it_is_known():
    answers = [ok(UNCAPTURED)] * 5 + [ok(UNCAPTURED | {"balance_transaction": ROW})]
    clock, transport = Clock(), FakeTransport(answers)
    assert patient(transport, clock, 600).answer is Answer.KNOWN
    assert clock.slept == sorted(clock.slept)
    assert len(clock.slept) == 5


def test_waiting_ends_with_the_time():
    clock, transport = Clock(), FakeTransport(by=lambda _: ok(UNCAPTURED))
    assert patient(transport, clock, 60).answer is Answer.NOT_YET
    assert sum(clock.slept) == pytest.approx(60)
    assert len(transport.sent) == len(clock.slept) + 1 < 12


def test_what_will_not_come_is_not_waited_for():
    failed = UNCAPTURED | {"status": "failed", "captured": False}
    clock, transport = Clock(), FakeTransport([ok(failed)])
    assert patient(transport, clock, 600).reason == "failed"
    assert clock.slept == []


def test_the_configured_account_is_named_in_the_answer():
    async def go():
        client = client_over(transport, account="acct_configured")
        return await fees(client, "ch_1"), await fees(client, "ch_1", account="acct_asked")

    transport = FakeTransport(by=lambda _: ok(UNCAPTURED))
    assert [found.account for found in asyncio.run(go())] == ["acct_configured", "acct_asked"]
    assert [request.headers["Stripe-Account"] for request in transport.sent] == ["acct_configured", "acct_asked"]


def test_waiting_for_a_payout_lists_its_rows_once():
    payout = {"object": "payout", "id": "po_1", "amount": 70, "currency": "usd", "automatic": True}
    own = ROW | {"id": "txn_2", "type": "payout", "amount": -70, "fee": 0, "net": -70, "source": "po_1"}
    rows = [one | {"created": 5} for one in (own, ROW)]
    states = iter(["in_progress", "in_progress", "completed"])

    def answer(request):
        if "/v1/payouts/" in request.url:
            return ok(payout | {"reconciliation_status": next(states)})
        return ok({"object": "list", "data": rows, "has_more": False, "url": "/v1/balance_transactions"})

    clock, transport = Clock(), FakeTransport(by=answer)
    assert patient(transport, clock, 600, "po_1").answer is Answer.KNOWN
    assert [request.url.split("/")[4].split("?")[0] for request in transport.sent] == [
        *["payouts"] * 3,
        "balance_transactions",
    ]


def test_another_refusal_of_the_list_is_not_taken_for_a_manual_payout():
    def answer(request):
        if "/v1/payouts/" in request.url:
            return ok({"object": "payout", "id": "po_1", "automatic": True})
        return refused(400, "Received unknown parameter: payout")

    with pytest.raises(InvalidRequestError):
        patient(FakeTransport(by=answer), Clock(), 0, "po_1")


@pytest.mark.parametrize("wait", [-1, float("nan"), float("inf")])
def test_a_wait_is_a_number_of_seconds(wait):
    with pytest.raises(UsageError):
        patient(FakeTransport([]), Clock(), wait)


@pytest.mark.parametrize("text", ["pi_1", " ch_1 ", "py_1", "po_1"])
def test_ids_of_payments_and_payouts_pass(text):
    assert checked_fees_id(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("txn_1", "stripe-balance get"),
        ("tr_1", "transfer"),
        ("re_1", "refund"),
        ("acct_1", "--account"),
        ("pi_1/../x", "begins with"),
        ("ch_1?x=1", "begins with"),
        ("chat_1", "begins with"),
        ("", "begins with"),
    ],
)
def test_other_ids_are_refused_with_what_to_do(text, hint):
    with pytest.raises(UsageError, match=hint):
        checked_fees_id(text)


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
