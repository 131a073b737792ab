"""What a payout cost: its rows by type, its fees by kind, and whether all is there."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.fees import Answer
from connector.core.ledger.payout_fees import manual_payout, to_original
from connector.core.ledger.payout_tally import PayoutTally
from connector.errors import ProtocolError

PAYOUT = {
    "id": "po_1",
    "object": "payout",
    "amount": 4_000,
    "currency": "usd",
    "status": "paid",
    "arrival_date": 1_790_000_000,
    "automatic": True,
    "reconciliation_status": "completed",
}


def row(type_, amount, fee=0, *, kind="stripe_fee", **members):
    details = [{"type": kind, "amount": fee, "currency": "usd"}] if fee else []
    chosen = {"id": "txn_1", "type": type_, "amount": amount, "fee": fee, "net": amount - fee, "currency": "usd"}
    return chosen | {"fee_details": details, "source": "ch_1", "created": 5} | members


def own(amount=-4_000, **members):
    return row("payout", amount, id="txn_own", **({"source": "po_1"} | members))


WHOLE = [row("charge", 5_000, 300), row("charge", 700, 30), row("adjustment", -1_000, 370), own()]


def concluded(rows, described=PAYOUT, *, now=PAYOUT["arrival_date"]):
    tally = PayoutTally("po_1")
    tally.add(rows)
    return tally.conclude(described, now=now, account=None, originals=())


def test_a_payout_shows_its_rows_by_type_and_its_fees_by_kind():
    found = concluded(WHOLE)
    assert (found.answer, found.remainder, found.amount, found.fee) == (Answer.KNOWN, 0, 4_000, 700)
    assert [(one.type, one.rows, one.gross, one.fee, one.net) for one in found.types] == [
        ("charge", 2, 5_700, 330, 5_370),
        ("adjustment", 1, -1_000, 370, -1_370),
    ]
    assert [(one.fee, one.type, one.amount) for one in found.fees] == [
        ("stripe_fee", "adjustment", 370),
        ("stripe_fee", "charge", 330),
    ]
    assert found.balance_transaction == "txn_own"


def test_rows_of_charges_alone_are_not_the_payout():
    found = concluded(WHOLE)
    assert found.charges_alone == 5_370 != found.amount


@given(
    st.lists(st.tuples(st.sampled_from(["charge", "payment", "refund"]), st.integers(-(2**70), 2**70))), st.randoms()
)
def test_whatever_the_rows_and_their_order_the_sums_by_type_and_the_payouts_row_make_zero(parts, chance):
    rows = [row(type_, amount, abs(amount) // 9 + 1) for type_, amount in parts]
    total = sum(one["net"] for one in rows)
    rows.append(own(-total))
    chance.shuffle(rows)
    found = concluded(rows, PAYOUT | {"amount": total})
    assert (found.answer, found.remainder) == (Answer.KNOWN, 0)
    assert sum(one.net for one in found.types) == found.amount
    assert sum(one.rows for one in found.types) == len(parts)
    assert sum(one.amount for one in found.fees) == (found.fee or 0)


def test_one_row_lacking_is_noticed():
    found = concluded(WHOLE[1:])
    assert (found.answer, found.reason, found.remainder) == (Answer.NOT_AVAILABLE, "residual", -4_700)
    assert "-4700" in found.explanation


def test_the_payouts_own_row_lacking_is_noticed():
    found = concluded(WHOLE[:-1])
    assert (found.answer, found.reason, found.balance_transaction) == (Answer.NOT_AVAILABLE, "residual", None)


def test_currencies_are_not_added_together():
    found = concluded([*WHOLE[:2], WHOLE[2] | {"currency": "eur"}, own()])
    assert (found.answer, found.reason, found.remainder) == (Answer.NOT_AVAILABLE, "residual", None)
    assert "+1370, -1370 minor units" in found.explanation
    apart = concluded([*WHOLE, row("charge", 5, currency="eur"), row("refund", -5, currency="eur")])
    assert (apart.answer, apart.remainder) == (Answer.KNOWN, 0)


def test_a_payout_and_its_own_row_of_other_amounts_contradict_each_other():
    found = concluded(WHOLE, PAYOUT | {"amount": 5})
    assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, "residual")
    assert "payout is of 5 minor units, and its own row of -4000" in found.explanation
    assert concluded(WHOLE, PAYOUT | {"amount": 5, "currency": "eur"}).answer is Answer.KNOWN


@pytest.mark.parametrize("odd", [{"amount": "4000"}, {"amount": 40.5}, {"currency": 7}])
def test_a_payout_that_does_not_say_its_money_as_documented_is_an_error(odd):
    with pytest.raises(ProtocolError):
        concluded(WHOLE, PAYOUT | odd)
    with pytest.raises(ProtocolError):
        manual_payout("po_1", PAYOUT | odd)


def test_a_listing_of_nothing_is_no_payout_of_nothing():
    found = concluded([])
    assert (found.answer, found.remainder) == (Answer.NOT_AVAILABLE, None)
    assert found.document()["fee"] is None


def test_a_payout_that_stripe_still_reconciles_is_not_yet_known():
    found = concluded(WHOLE, PAYOUT | {"reconciliation_status": "in_progress"})
    assert (found.answer, found.reason) == (Answer.NOT_YET, "reconciling")
    assert "in_progress" in found.explanation


def test_a_payout_that_stripe_reconciles_for_weeks_is_not_waited_for():
    waiting, arrival = PAYOUT | {"reconciliation_status": "in_progress"}, PAYOUT["arrival_date"]
    assert concluded(WHOLE, waiting, now=arrival + 14 * 86_400).answer is Answer.NOT_YET
    found = concluded(WHOLE, waiting, now=arrival + 15 * 86_400)
    assert (found.answer, found.reason) == (Answer.NOT_AVAILABLE, "overdue")
    assert "15 days" in found.explanation


def test_a_fee_on_the_payouts_own_row_counts_and_is_not_the_payouts_amount():
    instant = row("payout", -4_000, 40, id="txn_own", source="po_1")
    found = manual_payout("po_1", PAYOUT | {"automatic": False, "balance_transaction": instant})
    assert (found.own.fee, found.own.net, found.balance_transaction) == (40, -4_040, "txn_own")
    assert [(one.fee, one.type, one.amount) for one in found.fees] == [("stripe_fee", "payout", 40)]
    assert found.document()["own"]["parts"][0]["amount"] == 40
    back = row("payout_cancel", 4_000, id="txn_back", source="po_1")
    by_rows = manual_payout("po_1", None, rows=[back, instant])
    assert (by_rows.amount, by_rows.currency, by_rows.own) == (4_000, "usd", found.own)
    assert (by_rows.returned.balance_transaction, by_rows.returned.gross) == ("txn_back", 4_000)
    rows = [row("charge", 5_000, 300), row("refund", -660), instant]
    listed = concluded(rows, None)
    assert (listed.remainder, listed.amount, listed.fee) == (0, 4_000, 340)


def test_charges_without_any_fee_are_not_charges_without_fees():
    found = concluded([row("charge", 5_000), row("refund", -1_000), own()])
    assert (found.answer, found.reason, found.fee) == (Answer.NOT_AVAILABLE, "no_fee_details", None)
    assert found.document()["fee"] is None
    assert concluded([row("charge", 4_000, 300), row("charge", 300), own()]).answer is Answer.KNOWN


def test_a_debit_has_its_signs_turned():
    found = concluded([row("refund", -4_000), own(4_000)], PAYOUT | {"amount": -4_000})
    assert (found.answer, found.amount) == (Answer.KNOWN, -4_000)


def test_another_payouts_row_is_a_row_like_others():
    found = concluded([row("charge", 4_500), row("payout", -500, source="po_0"), own()])
    assert [one.type for one in found.types] == ["charge", "payout"]
    assert found.remainder == 0


@pytest.mark.parametrize("source", ["po_1", PAYOUT])
def test_where_the_payout_may_not_be_asked_for_its_own_row_tells(source):
    found = concluded([*WHOLE[:-1], own(source=source)], None)
    assert (found.answer, found.amount, found.currency) == (Answer.KNOWN, 4_000, "usd")


def test_the_order_of_rows_does_not_show():
    shuffled = random.Random(3).sample(WHOLE, len(WHOLE))
    assert concluded(shuffled) == concluded(WHOLE)


def test_a_manual_payout_says_what_to_do():
    found = manual_payout("po_1", PAYOUT | {"automatic": False})
    assert (found.answer, found.reason, found.amount) == (Answer.NOT_AVAILABLE, "manual", 4_000)
    assert "sync" in found.explanation
    assert found.document()["fee"] is None


def passed_on(transfer):
    return row("payment", 800, 80, kind="application_fee", source={"id": "py_1", "source_transfer": transfer})


def test_an_original_that_the_second_listing_left_out_is_noticed():
    transfer = {"id": "tr_1", "source_transaction": "ch_9"}
    first, second = (passed_on(transfer) | {"id": name} for name in ("txn_1", "txn_2"))
    originals = {one["id"]: to_original(one) for one in (first, second)}
    tally = PayoutTally("po_1")
    tally.add([first, second, own(-1_440)])
    described = PAYOUT | {"amount": 1_440}

    def with_originals(*names):
        shown = [originals[name] for name in names]
        return tally.conclude(described, now=PAYOUT["arrival_date"], account=None, originals=shown)

    assert with_originals("txn_2", "txn_1").answer is Answer.KNOWN
    found = with_originals("txn_2")
    assert (found.answer, found.reason, len(found.originals)) == (Answer.NOT_AVAILABLE, "residual", 1)
    assert "1 of 2 payments that a platform passed on" in found.explanation


def test_a_payment_passed_on_leads_to_the_customers_charge():
    source = {"id": "ch_9", "object": "charge", "amount": 1_000, "currency": "gbp"}
    found = to_original(passed_on({"id": "tr_1", "source_transaction": source}))
    assert (found.payment, found.transfer, found.charge) == ("py_1", "tr_1", "ch_9")
    assert (found.charge_amount, found.charge_currency, found.gross, found.net) == (1_000, "gbp", 800, 720)


@pytest.mark.parametrize(("source", "charge"), [("ch_9", "ch_9"), (None, None)])
def test_a_charge_that_is_not_shown_has_no_amount(source, charge):
    found = to_original(passed_on({"id": "tr_1", "source_transaction": source}))
    assert (found.charge, found.charge_amount) == (charge, None)


@pytest.mark.parametrize("source", [None, "py_1", {"id": "py_1", "source_transfer": None}])
def test_other_payments_have_no_original(source):
    assert to_original(row("payment", 800, source=source)) is None


def test_whether_a_platform_passed_payments_on_is_seen():
    tally = PayoutTally("po_1")
    tally.add([row("payment", 800, source={"id": "py_1", "source_transfer": None}), row("charge", 1)])
    assert not tally.passed_on
    tally.add([passed_on("tr_1")])
    assert tally.passed_on


def test_figures_that_do_not_add_up_are_an_error():
    with pytest.raises(ProtocolError):
        concluded([row("charge", 5_000, 300, net=1)])


def test_what_its_charges_alone_come_to_is_told_where_there_are_rows():
    assert concluded(WHOLE).document()["charges_alone"] == 5_370
    assert concluded([]).document()["charges_alone"] is None
