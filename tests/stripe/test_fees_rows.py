"""Fees of refunds, disputes, single rows and instant payouts over the network, as the official SDK reads them."""

from __future__ import annotations

import asyncio

import pytest
import stripe

import connector
from connector.core.ledger.fees import Answer
from connector.core.units import DAY
from connector.errors import InvalidRequestError, PermissionDeniedError
from tests.support.lakes import config_for, sandbox, world

NEW = "2026-10-28.endive"


@pytest.fixture(scope="module")
def served():
    with sandbox(world(4_000, days=60)) as running:
        yield running


@pytest.fixture(scope="module")
def sdk(served):
    return stripe.StripeClient(served.key, base_addresses={"api": served.url}, stripe_version=NEW).v1


def ask(served, *ids, **settings):
    """Ask for several, at once."""

    async def go():
        async with connector.Stripe(config_for(served, **settings)) as ours:
            return await asyncio.gather(*(ours.fees(one) for one in ids))

    return asyncio.run(go())


def same_rows(found, rows):
    """Hold an answer's rows against the SDK's."""
    assert found.answer is Answer.KNOWN
    assert [(one.balance_transaction, one.gross, one.fee, one.net, one.currency) for one in found.rows] == [
        (row.id, row.amount, row.fee, row.net, row.currency) for row in rows
    ]
    assert [[(part.type, part.amount) for part in one.parts] for one in found.rows] == [
        [(detail.type, detail.amount) for detail in row.fee_details] for row in rows
    ]
    assert found.fee == sum(row.fee for row in rows)


def test_what_refunds_gave_back_is_the_sdks(served, sdk):
    rows = [row for row in served.world.rows() if row["type"] in {"refund", "payment_refund"}]
    chosen = [row["source"] for row in rows if row["fee"]][:4] + [row["source"] for row in rows][:4]
    expand = ["balance_transaction", "failure_balance_transaction"]
    for refund, found in zip(chosen, ask(served, *chosen), strict=True):
        told = sdk.refunds.retrieve(refund, {"expand": expand})
        same_rows(found, [told.balance_transaction, *filter(None, [getattr(told, expand[1], None)])])
        assert (found.kind, found.charge, found.amount, found.status) == (
            "refund",
            told.charge,
            told.amount,
            told.status,
        )
    assert min(found.fee for found in ask(served, *chosen)) < 0


def test_a_failed_refund_counts_both_of_its_rows(served):
    failure = next(row for row in served.world.rows() if row["type"] == "refund_failure")
    (found,) = ask(served, failure["source"])
    assert [one.type for one in found.rows] == ["refund", "refund_failure"]
    assert found.sums[0].gross == 0


def test_all_rows_of_a_dispute_are_the_sdks(served, sdk):
    rows = [row for row in served.world.rows() if row["reporting_category"] in {"dispute", "dispute_reversal"}]
    chosen = sorted({row["source"] for row in rows})
    answers = ask(served, *chosen)
    for dispute, found in zip(chosen, answers, strict=True):
        told = sdk.disputes.retrieve(dispute)
        same_rows(found, told.balance_transactions)
        assert (found.kind, found.charge, found.amount) == ("dispute", told.charge, told.amount)
    won = [found for found in answers if len(found.rows) > 1]
    assert {found.fee > 0 for found in won} == {True, False}  # the fee stays, or is given back


def test_a_row_says_what_it_says_whatever_its_type(served, sdk):
    of_type = {row["type"]: row for row in served.world.rows() if row["type"] not in {"charge", "payment"}}
    assert len(of_type) > 6
    ids = [row["id"] for row in of_type.values()]
    for one, found in zip(ids, ask(served, *ids), strict=True):
        same_rows(found, [sdk.balance_transactions.retrieve(one)])
        assert found.kind == "balance_transaction"


def test_the_fee_of_an_instant_payout_is_on_its_own_row(served, sdk):
    rows = {row["source"]: row for row in served.world.rows() if row["description"] == "Withdrawal"}
    for payout, found in zip(rows, ask(served, *rows), strict=True):
        told = sdk.payouts.retrieve(payout)
        assert (found.reason, found.amount, found.fee) == ("manual", told.amount, None)
        assert (found.own.fee, found.own.net) == (rows[payout]["fee"], rows[payout]["net"])
        assert bool(found.fees) == (told.method == "instant")
        assert (found.returned is not None) == (told.status == "canceled")
    assert any(row["fee"] for row in rows.values())


def test_a_key_that_may_read_rows_only_gets_the_fee_of_an_instant_payout_all_the_same():
    with sandbox(world(1_500, days=60), missing_scopes=["payout_read"]) as running:
        row = next(row for row in running.world.rows() if row["description"] == "Withdrawal" and row["fee"])
        (secret,) = ask(running, row["source"])
        (found,) = ask(running, row["source"], api_key=connector.ApiKey(running.restricted_key))
        assert (found.own, found.amount, found.currency) == (secret.own, secret.amount, secret.currency)
        assert found.own.fee == row["fee"]


@pytest.mark.parametrize(
    ("permission", "type_", "category"),
    [("charge_read", "refund", "refund"), ("dispute_read", "adjustment", "dispute")],
)
def test_a_permission_that_is_missing_is_named(permission, type_, category):
    with sandbox(world(1_500), missing_scopes=[permission]) as running:
        row = next(row for row in running.world.rows() if (row["type"], row["reporting_category"]) == (type_, category))
        with pytest.raises(PermissionDeniedError) as raised:
            ask(running, row["source"], api_key=connector.ApiKey(running.restricted_key))
        assert permission in str(raised.value)


@pytest.mark.parametrize("unknown", ["re_nope", "pyr_nope", "dp_nope", "du_nope", "txn_nope"])
def test_an_unknown_one_is_not_found(served, unknown):
    with pytest.raises(InvalidRequestError) as raised:
        ask(served, unknown)
    assert raised.value.status == 404


@pytest.mark.parametrize(("type_", "amount"), [("payment", 1), ("charge", 0), ("charge", 5_000)])
def test_a_payment_that_never_gets_its_row_is_not_waited_for_for_ever(type_, amount):
    with sandbox(world(50)) as running:
        (charge,) = running.add_rows(type=type_, amount=amount, fee=0, rowless=True)
        (found,) = ask(running, charge)
        assert (found.answer, found.reason) == (Answer.NOT_YET, "capturing")
        intent = found.payment_intent
        running.advance(30 * DAY)
        for found in ask(running, charge, intent):
            assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, "overdue")
            assert "30 days" in found.explanation


def test_a_bank_debit_is_waited_for_longer():
    with sandbox(world(300), faults=["async-capture:seconds=99999999"]) as running:
        debit = next(row for row in running.world.rows() if row["type"] == "payment")
        running.set_clock(debit["created"] + 14 * DAY)
        assert ask(running, debit["source"])[0].answer is Answer.NOT_YET
        running.advance(1)
        assert ask(running, debit["source"])[0].reason == "overdue"
