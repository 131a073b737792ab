"""What a payment cost: known, not yet, or not available, and never a zero for what is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.fees import Answer, expansion_of, fees_of_payment, lists_charges
from connector.errors import ProtocolError

NOW = 1_790_000_000
DAY = 86_400
STRIPE_FEE = {"type": "stripe_fee", "amount": 150, "currency": "usd", "application": None, "description": "Stripe fees"}


def balance_row(**members):
    chosen = {
        "id": "txn_1",
        "object": "balance_transaction",
        "type": "charge",
        "amount": 5_000,
        "fee": 150,
        "net": 4_850,
        "currency": "usd",
        "exchange_rate": None,
        "fee_details": [STRIPE_FEE],
        "status": "pending",
        "available_on": 1_790_000_000,
    }
    return chosen | members


def charge(**members):
    chosen = {
        "id": "ch_1",
        "object": "charge",
        "amount": 5_000,
        "amount_captured": 5_000,
        "amount_refunded": 0,
        "currency": "usd",
        "created": NOW - 60,
        "captured": True,
        "status": "succeeded",
        "payment_intent": "pi_1",
        "balance_transaction": balance_row(),
    }
    return chosen | members


def intent(latest=None, **members):
    return {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "latest_charge": latest} | members


def fees_of(asked, received, *, now=NOW):
    return fees_of_payment(asked, received, now=now)


def figures(found):
    return found.gross, found.fee, found.net


def test_a_captured_payment_shows_gross_each_fee_and_net():
    found = fees_of("pi_1", intent(charge()))
    assert (found.answer, found.reason) == (Answer.KNOWN, None)
    assert figures(found) == (5_000, 150, 4_850)
    assert [(part.type, part.amount, part.currency) for part in found.parts] == [("stripe_fee", 150, "usd")]
    assert (found.payment_intent, found.charge, found.balance_transaction) == ("pi_1", "ch_1", "txn_1")


def test_a_payment_in_another_currency_shows_both_and_the_rate():
    row = balance_row(amount=6_365, net=6_215, exchange_rate=1.273)
    found = fees_of("ch_1", charge(currency="gbp", balance_transaction=row))
    assert (found.paid.amount, found.paid.currency) == (5_000, "gbp")
    assert (found.gross, found.currency, found.exchange_rate) == (6_365, "usd", 1.273)


KINDS = ("stripe_fee", "application_fee", "tax", "payment_method_passthrough_fee", "withheld_tax", "not_invented_yet")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**60)), min_size=1), st.integers(0, 2**62))
def test_every_kind_of_fee_is_shown_and_the_parts_with_the_rest_are_the_fee(parts, fee):
    details = [STRIPE_FEE | {"type": kind, "amount": amount} for kind, amount in parts]
    row = balance_row(fee=fee, net=5_000 - fee, fee_details=details)
    found = fees_of("ch_1", charge(balance_transaction=row))
    assert [(part.type, part.amount) for part in found.parts] == parts
    assert sum(part.amount for part in found.parts) + found.unexplained == found.fee == fee
    assert found.gross - found.fee == found.net


def test_parts_in_another_currency_are_not_summed():
    details = [STRIPE_FEE, STRIPE_FEE | {"type": "tax", "currency": "eur"}]
    found = fees_of("ch_1", charge(balance_transaction=balance_row(fee_details=details)))
    assert found.unexplained is None
    assert len(found.parts) == 2


NOT_YET = {
    "asynchronous capture": (intent(charge(balance_transaction=None)), "capturing"),
    "a bank debit under way": (intent(charge(balance_transaction=None, status="pending")), "processing"),
    "a payment being processed": (intent(status="processing"), "processing"),
    "a charge by itself": (charge(balance_transaction=None), "capturing"),
}


def late(**members):
    return charge(balance_transaction=None, **members)


def by(type_, **members):
    return {"type": type_, type_: members}


OVERDUE = {
    "asynchronous capture": (lambda made: intent(late(created=made)), 1),
    "a charge by itself": (lambda made: late(created=made), 1),
    "a cent by bank transfer": (lambda made: late(id="py_1", amount=1, amount_captured=1, created=made), 1),
    "an amount of nothing": (lambda made: late(amount=0, amount_captured=0, created=made), 1),
    "a bank debit under way": (lambda made: intent(late(created=made, status="pending")), 14),
    "a bank debit that succeeded": (lambda made: late(created=made, payment_method_details=by("us_bank_account")), 14),
    "a debit in Europe": (lambda made: late(created=made, payment_method_details=by("sepa_debit")), 14),
    "a payment being processed": (lambda made: intent(status="processing", created=made), 14),
    "captured as late as could be": (
        lambda made: late(created=made - 6 * DAY, payment_method_details=by("card", capture_before=made)),
        1,
    ),
}


@pytest.mark.parametrize(("received", "days"), OVERDUE.values(), ids=OVERDUE)
def test_not_yet_has_an_age_after_which_it_is_not_available(received, days):
    made = NOW - days * DAY
    assert fees_of("pi_1", received(made)).answer is Answer.NOT_YET
    found = fees_of("pi_1", received(made - 1))
    assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, "overdue")
    assert "support" in found.explanation
    assert figures(found) == (None, None, None)
    assert "30 days" in fees_of("pi_1", received(NOW - 30 * DAY)).explanation


def test_what_does_not_say_when_it_was_made_may_still_come():
    assert fees_of("ch_1", late(created=None)).answer is Answer.NOT_YET


@pytest.mark.parametrize(("received", "reason"), NOT_YET.values(), ids=NOT_YET)
def test_what_comes_by_itself_is_not_yet_known(received, reason):
    found = fees_of("pi_1", received)
    assert (found.answer, found.reason) == (Answer.NOT_YET, reason)
    assert figures(found) == (None, None, None)
    assert found.parts == ()


UNCAPTURED = {"balance_transaction": None, "captured": False, "amount_captured": 0}
NOT_AVAILABLE = {
    "not captured": (intent(charge(**UNCAPTURED), status="requires_capture"), "not_captured"),
    "not captured, by its charge": (charge(**UNCAPTURED), "not_captured"),
    "given up": (intent(charge(**UNCAPTURED), status="canceled"), "canceled"),
    "given up, by its charge": (charge(**UNCAPTURED, refunded=True), "canceled"),
    "failed": (intent(charge(**UNCAPTURED, status="failed"), status="requires_payment_method"), "failed"),
    "canceled before a charge": (intent(status="canceled"), "canceled"),
    "no payment method": (intent(status="requires_payment_method"), "no_charge"),
    "waiting for the customer": (intent(status="requires_action"), "no_charge"),
    "a status nobody knows": (charge(balance_transaction=None, status="entangled"), "entangled"),
}


@pytest.mark.parametrize(("received", "reason"), NOT_AVAILABLE.values(), ids=NOT_AVAILABLE)
def test_what_will_not_come_by_itself_is_not_available_and_says_why(received, reason):
    found = fees_of("pi_1", received)
    assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, reason)
    assert found.explanation
    assert figures(found) == (None, None, None)


def test_an_old_charge_that_has_its_row_is_known():
    assert fees_of("ch_1", charge(created=NOW - 400 * DAY)).answer is Answer.KNOWN


@pytest.mark.parametrize("members", [{"amount_refunded": 100}, {"disputed": True}, {"source_transfer": "tr_1"}])
def test_no_note_says_what_a_row_has_that_was_not_read(members):
    for note in fees_of("ch_1", charge(**members)).notes:
        assert "keeps" not in note
        assert "fee of its own" not in note
        assert "no fee" not in note


def test_a_declined_card_is_named():
    declined = charge(**UNCAPTURED, status="failed", failure_message="Your card was declined.")
    assert "Your card was declined." in fees_of("ch_1", declined).explanation


def test_a_row_without_fees_is_not_a_payment_without_fees():
    found = fees_of("ch_1", charge(balance_transaction=balance_row(fee=0, net=5_000, fee_details=[])))
    assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, "no_fee_details")
    assert "IC+" in found.explanation
    assert figures(found) == (5_000, None, None)


def test_a_payment_that_a_platform_passed_on_may_truly_be_free():
    row = balance_row(type="payment", fee=0, net=5_000, fee_details=[])
    found = fees_of("py_1", charge(id="py_1", source_transfer="tr_1", balance_transaction=row))
    assert (found.answer, found.fee, found.net) == (Answer.KNOWN, 0, 5_000)
    assert "tr_1" in found.notes[0]


def test_a_fee_without_stripes_part_says_so():
    row = balance_row(fee_details=[STRIPE_FEE | {"type": "application_fee", "application": "ca_1"}])
    found = fees_of("ch_1", charge(balance_transaction=row))
    assert found.answer is Answer.KNOWN
    assert any("stripe_fee" in note for note in found.notes)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"amount_captured": 4_000}, "partial_capture_reversal"),
        ({"amount_refunded": 100}, "Refunds"),
        ({"disputed": True}, "dispute"),
        ({"status": "failed", "failure_balance_transaction": "txn_back"}, "txn_back"),
    ],
)
def test_what_happened_afterwards_is_noted(members, words):
    found = fees_of("ch_1", charge(**members))
    assert found.answer is Answer.KNOWN
    assert any(words in note for note in found.notes)


def test_of_several_charges_the_one_that_succeeded_counts():
    failed = charge(id="ch_2", **UNCAPTURED, status="failed")
    old = intent(charges={"object": "list", "data": [failed, charge(), failed]})
    assert fees_of("pi_1", old).charge == "ch_1"


def test_of_several_failed_charges_the_latest_counts():
    attempts = [charge(id=f"ch_{n}", **UNCAPTURED, status="failed") for n in (3, 2)]
    found = fees_of("pi_1", intent(charges={"data": attempts}, status="requires_payment_method"))
    assert (found.charge, found.reason) == ("ch_3", "failed")


def test_an_old_intent_without_charges_has_none():
    assert fees_of("pi_1", intent(charges={"data": []}, status="requires_action")).reason == "no_charge"


@pytest.mark.parametrize(
    ("version", "listed"),
    [
        ("2011-01-01", True),
        ("2022-08-01", True),
        ("2022-11-15", False),
        ("2024-09-30.acacia", False),
        ("2026-10-28.endive", False),
    ],
)
def test_the_path_to_the_row_goes_by_the_date_of_the_version(version, listed):
    assert lists_charges(version) is listed
    path = "charges.data.balance_transaction" if listed else "latest_charge.balance_transaction"
    assert expansion_of("pi_1", version) == path
    assert expansion_of("ch_1", version) == expansion_of("py_1", version) == "balance_transaction"


@pytest.mark.parametrize(
    "received",
    [
        {"object": "refund", "id": "re_1"},
        {},
        intent("ch_1"),
        charge(balance_transaction="txn_1"),
        charge(amount="5000"),
        charge(balance_transaction=balance_row(net=1)),
        charge(balance_transaction=balance_row(fee=1.5)),
        charge(balance_transaction=balance_row(currency=None)),
        charge(balance_transaction=balance_row(fee_details=[{"type": "tax", "amount": True, "currency": "usd"}])),
        charge(balance_transaction=balance_row(fee_details=["tax"])),
    ],
)
def test_what_breaks_the_contract_is_an_error(received):
    with pytest.raises(ProtocolError):
        fees_of("pi_1", received)


def test_what_stripe_does_not_promise_is_not_asked_for():
    """An intent needs neither amount nor currency, and a charge neither intent nor details nor its row."""
    bare = {"id": "ch_1", "object": "charge", "amount": 5_000, "currency": "usd", "created": NOW, "status": "succeeded"}
    least = {"id": "pi_1", "object": "payment_intent", "created": NOW, "status": "succeeded", "latest_charge": bare}
    assert fees_of("pi_1", least).reason == "capturing"
    row = {"id": "txn_1", "object": "balance_transaction", "amount": 5_000, "fee": 150, "net": 4_850, "currency": "usd"}
    row |= {"type": "charge", "fee_details": [{"amount": 150, "currency": "usd", "type": "stripe_fee"}]}
    found = fees_of("pi_1", least | {"latest_charge": bare | {"balance_transaction": row}})
    assert (found.answer, figures(found)) == (Answer.KNOWN, (5_000, 150, 4_850))
    del least["latest_charge"]
    assert fees_of("pi_1", least).reason == "no_charge"


def test_the_document_is_plain_json():
    document = fees_of("pi_1", intent(charge())).document()
    assert (document["object"], document["answer"], document["fee"]) == ("payment_fees", "known", 150)
    assert type(document["answer"]) is str
    assert document["parts"][0]["type"] == "stripe_fee"


def test_a_payment_leads_to_its_intent_and_an_intent_to_the_charge_that_succeeded():
    asked = fees_of_payment("ch_1", charge(payment_intent="pi_7"), now=NOW)
    assert (asked.id, asked.charge, asked.payment_intent) == ("ch_1", "ch_1", "pi_7")
    expanded = fees_of_payment("ch_1", charge(payment_intent={"id": "pi_8", "object": "payment_intent"}), now=NOW)
    assert expanded.payment_intent == "pi_8"
    assert fees_of_payment("ch_1", charge(payment_intent=None), now=NOW).payment_intent is None
    intent = {"id": "pi_9", "object": "payment_intent", "status": "succeeded"}
    failed = charge(id="ch_2", status="failed", balance_transaction=None)
    found = fees_of_payment("pi_9", intent | {"charges": {"data": [failed, charge(payment_intent="pi_1")]}}, now=NOW)
    assert (found.id, found.charge, found.payment_intent) == ("pi_9", "ch_1", "pi_9")


def test_only_a_charges_row_is_expected_to_have_a_fee_of_stripes():
    other = {"type": "application_fee", "amount": 30, "currency": "usd", "application": None, "description": None}
    without = fees_of(
        "ch_1", charge(balance_transaction=balance_row(fee=30, net=970, amount=1000, fee_details=[other]))
    )
    payment = fees_of(
        "ch_1",
        charge(balance_transaction=balance_row(type="payment", fee=30, net=970, amount=1000, fee_details=[other])),
    )
    assert len(without.notes) == len(payment.notes) + 1
