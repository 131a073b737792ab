"""What refunds, disputes and single rows cost or gave back: as their rows say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.fees import Answer
from connector.core.ledger.row_fees import fees_of_dispute, fees_of_refund, fees_of_row
from connector.errors import ProtocolError

NOW = 1_790_000_000
DAY = 86_400


def row(type_="refund", amount=-1_000, fee=0, **members):
    details = [{"type": "stripe_fee", "amount": fee, "currency": "usd"}] if fee else []
    figures = {"id": "txn_1", "type": type_, "amount": amount, "fee": fee, "net": amount - fee, "currency": "usd"}
    return figures | {"fee_details": details, "reporting_category": type_, "status": "available"} | members


def refund(**members):
    plain = {"id": "re_1", "object": "refund", "amount": 1_000, "currency": "usd", "created": NOW - 60}
    return plain | {"charge": "ch_1", "status": "succeeded", "balance_transaction": row()} | members


def dispute(*rows, **members):
    plain = {"id": "dp_1", "object": "dispute", "amount": 1_000, "currency": "usd", "created": NOW - 60}
    return plain | {"charge": "ch_1", "status": "won", "balance_transactions": list(rows)} | members


def of_refund(received):
    return fees_of_refund("re_1", received, now=NOW)


def of_dispute(received):
    return fees_of_dispute("dp_1", received, now=NOW)


def test_a_fee_that_a_refund_gives_back_is_shown_as_its_row_has_it():
    found = of_refund(refund(balance_transaction=row(amount=-10_000, fee=-290)))
    assert (found.answer, found.fee, found.charge) == (Answer.KNOWN, -290, "ch_1")
    assert (found.rows[0].gross, found.rows[0].net, found.sums[0].net) == (-10_000, -9_710, -9_710)
    assert found.document()["rows"][0]["parts"][0]["amount"] == -290


def test_a_refund_whose_row_carries_no_fee_gave_none_back():
    found = of_refund(refund())
    assert (found.answer, found.fee, found.rows[0].net) == (Answer.KNOWN, 0, -1_000)


def test_the_row_that_brings_the_money_of_a_failed_refund_back_counts():
    failed = refund(status="failed", failure_balance_transaction=row("refund_failure", 1_000, 30, id="txn_2"))
    found = of_refund(failed)
    assert [one.balance_transaction for one in found.rows] == ["txn_1", "txn_2"]
    assert (found.sums[0].gross, found.fee, found.sums[0].net) == (0, 30, -30)


@given(st.lists(st.tuples(st.integers(-(2**60), 2**60), st.integers(-(2**60), 2**60)), min_size=1, max_size=6))
def test_every_row_of_a_dispute_counts_with_its_own_sign(parts):
    rows = [row("adjustment", amount, fee, id=f"txn_{at}") for at, (amount, fee) in enumerate(parts)]
    found = of_dispute(dispute(*rows))
    assert [one.balance_transaction for one in found.rows] == [one["id"] for one in rows]
    assert found.fee == sum(fee for _, fee in parts)
    assert found.sums[0].net == sum(one["net"] for one in rows)
    assert (found.sums[0].gross, found.sums[0].fee) == (sum(one["amount"] for one in rows), found.fee)
    assert found.sums[0].rows == len(parts)


def test_rows_of_several_currencies_are_not_summed_together():
    found = of_dispute(
        dispute(row("adjustment", -5, 1), row("adjustment", -7, 2, id="txn_2", currency="eur", fee_details=[]))
    )
    assert [(one.currency, one.fee) for one in found.sums] == [("usd", 1), ("eur", 2)]
    assert found.fee is None


def test_a_row_that_comes_twice_is_not_counted_twice():
    with pytest.raises(ProtocolError, match="came twice"):
        of_dispute(dispute(row("adjustment", -5, 1), row("adjustment", -5, 1)))


def test_an_open_dispute_says_that_more_may_come():
    rows = [row("adjustment", -1_000, 1_500)]
    assert "needs_response" in of_dispute(dispute(*rows, status="needs_response")).notes[0]
    assert of_dispute(dispute(*rows, status="lost")).notes == ()


@pytest.mark.parametrize(("amount", "shown"), [(1_000, 1_000), ("1000", None), (True, None), (None, None)])
def test_an_amount_is_shown_where_it_is_an_integer(amount, shown):
    assert of_refund(refund(amount=amount)).amount == shown
    assert of_dispute(dispute(row(), amount=amount)).amount == shown


WITHOUT_ROWS = {
    "a refund being made": (of_refund, refund(balance_transaction=None), "making"),
    "a refund without a status": (of_refund, refund(balance_transaction=None, status=None), "making"),
    "a refund by bank": (of_refund, refund(balance_transaction=None, status="pending"), "processing"),
    "a refund that waits": (of_refund, refund(balance_transaction=None, status="requires_action"), "processing"),
    "a dispute of a moment ago": (of_dispute, dispute(status="needs_response"), "making"),
}


@pytest.mark.parametrize(("ask", "received", "reason"), WITHOUT_ROWS.values(), ids=WITHOUT_ROWS)
def test_what_has_no_row_yet_is_waited_for_and_not_for_ever(ask, received, reason):
    found = ask(received)
    assert (found.answer, found.reason, found.fee, found.rows) == (Answer.NOT_YET, reason, None, ())
    late = ask(received | {"created": NOW - 15 * DAY})
    assert (late.answer, late.reason) == (Answer.NOT_AVAILABLE, "overdue")


@pytest.mark.parametrize(
    ("ask", "received", "reason"),
    [
        (of_refund, refund(balance_transaction=None, status="failed", failure_reason="lost_or_stolen_card"), "failed"),
        (of_refund, refund(balance_transaction=None, status="canceled"), "canceled"),
        (of_dispute, dispute(status="warning_needs_response"), "no_rows"),
        (of_dispute, dispute(status="warning_closed"), "no_rows"),
        (of_dispute, dispute(status="prevented"), "no_rows"),
    ],
)
def test_what_will_have_no_row_is_not_available(ask, received, reason):
    found = ask(received)
    assert (found.answer, found.reason, found.fee) == (Answer.NOT_AVAILABLE, reason, None)
    assert found.explanation


def test_a_row_by_itself_says_what_it_says():
    found = fees_of_row("txn_1", row("stripe_fee", -500, 0))
    assert (found.answer, found.fee, found.kind, found.charge) == (Answer.KNOWN, 0, "balance_transaction", None)
    payout = fees_of_row("txn_1", row("payout", -10_000, 100, source="po_1"))
    assert (payout.fee, payout.rows[0].net) == (100, -10_100)
    refunded = fees_of_row("txn_1", row(source=refund(balance_transaction="txn_1")))
    assert refunded.charge == "ch_1"


@pytest.mark.parametrize("type_", ["charge", "payment"])
def test_a_payments_row_without_a_fee_is_not_one_that_is_free(type_):
    for source in ("ch_1", {"object": "charge", "id": "ch_1", "source_transfer": None}):
        found = fees_of_row("txn_1", row(type_, 1_000, source=source))
        assert (found.answer, found.reason, found.fee) == (Answer.NOT_AVAILABLE, "no_fee_details", None)
        assert (found.rows[0].gross, found.rows[0].fee, found.rows[0].net) == (1_000, None, None)
    passed_on = {"object": "charge", "id": "py_1", "source_transfer": "tr_1"}
    assert fees_of_row("txn_1", row(type_, 1_000, source=passed_on)).fee == 0


@pytest.mark.parametrize(
    ("ask", "received"),
    [
        (of_refund, refund(balance_transaction="txn_1")),
        (of_refund, refund(balance_transaction=row(net=1))),
        (of_refund, refund(failure_balance_transaction="txn_2")),
        (of_dispute, dispute(status="won") | {"balance_transactions": None}),
        (of_dispute, dispute("txn_1")),
        (of_dispute, dispute(row(fee=1.5))),
        (lambda received: fees_of_row("txn_1", received), row(currency=None)),
    ],
)
def test_what_breaks_the_contract_is_an_error(ask, received):
    with pytest.raises(ProtocolError):
        ask(received)


def test_the_least_that_the_official_document_asks_for_is_enough():
    """A refund needs only id, object, amount, created and currency there; its status and its row may be left out."""
    least = {"id": "re_1", "object": "refund", "amount": 1, "created": NOW, "currency": "usd"}
    assert of_refund(least).answer is Answer.NOT_YET
