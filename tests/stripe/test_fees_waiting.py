"""Patience where fees are not known yet, and ids that cannot have any."""

from __future__ import annotations

import asyncio

import pytest

from connector.core.ledger.fees import Answer
from connector.errors import InvalidRequestError, ProtocolError, UsageError
from connector.stripe.fees import checked_fees_id, fees
from tests.support.fakes import Clock, FakeTransport, client_over, ok, refused

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


@pytest.mark.parametrize(
    ("asked", "came"),
    [
        ("ch_1", UNCAPTURED | {"id": "ch_2"}),
        ("py_1", UNCAPTURED),
        ("pi_1", UNCAPTURED | {"id": "pi_1"}),
        ("pi_1", {"object": "payment_intent", "id": "pi_2", "status": "processing", "latest_charge": None}),
        ("po_1", {"object": "payout", "id": "po_2", "automatic": False}),
        ("po_1", {}),
    ],
)
def test_an_answer_about_something_else_is_no_answer(asked, came):
    with pytest.raises(ProtocolError, match=f"{asked} was asked for, and something else came"):
        patient(FakeTransport([ok(came)]), Clock(), 0, asked)


def test_a_payment_is_retrieved_as_a_charge_by_its_own_prefix():
    assert patient(FakeTransport([ok(UNCAPTURED | {"id": "py_1"})]), Clock(), 0, "py_1").charge == "py_1"


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


OWN = ROW | {"id": "txn_2", "type": "payout", "amount": -70, "fee": 1, "net": -71, "source": "po_1", "created": 5}


def test_what_a_payout_leads_to_may_be_refused_and_the_payout_is_told_all_the_same():
    payout = {"object": "payout", "id": "po_1", "amount": 70, "currency": "usd", "automatic": False}

    def answer(request):
        if "expand" in request.url:
            return refused(403, "no such permission", code="more_permissions_required")
        return ok(payout | {"balance_transaction": "txn_2"})

    transport = FakeTransport(by=answer)
    found = patient(transport, Clock(), 0, "po_1")
    assert (found.reason, found.amount, found.own) == ("manual", 70, None)
    assert len(transport.sent) == 2


def test_a_row_whose_source_may_not_be_read_says_what_it_says():
    def answer(request):
        if "expand" in request.url:
            return refused(403, "no such permission", code="more_permissions_required")
        return ok(OWN | {"object": "balance_transaction"})

    assert patient(FakeTransport(by=answer), Clock(), 0, "txn_2").fee == 1


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


@pytest.mark.parametrize("text", ["pi_1", " ch_1 ", "py_1", "po_1", "re_1", "pyr_1", "dp_1", "du_1", "txn_1"])
def test_ids_of_payments_and_payouts_pass(text):
    assert checked_fees_id(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tr_1", "stream --source tr_"),
        ("fee_1", "stream --source fee_"),
        ("in_1", "names its payment"),
        ("acct_1", "`account`"),
        ("pi_1/../x", "begins with"),
        ("ch_1?x=1", "begins with"),
        ("chat_1", "begins with"),
        ("", "begins with"),
    ],
)
def test_other_ids_are_refused_with_what_to_do(text, hint):
    with pytest.raises(UsageError, match=hint):
        checked_fees_id(text)
