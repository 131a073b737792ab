"""Bridges and changes: whatever happened, the parts add up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.bridge import Known, PayoutState, Stage, bank_lines, payout_states, stage_at
from connector.core.ledger.changes import purse_changes
from connector.core.ledger.ledger import FeeKind, Figures, PayoutRow, Purse, Return, Segment, Sums
from connector.core.ledger.openings import Opening
from connector.core.ledger.statement import CategoryLine, FeeLine, PurseStatement
from connector.core.time.intervals import Interval
from connector.core.time.periods import Period

EUR = Purse("payments", "eur")
DAY = 86_400
PERIOD = Period("p", Interval(100 * DAY, 130 * DAY), "America/New_York", ZoneInfo("America/New_York"))
seconds = st.integers(80 * DAY, 150 * DAY)


@st.composite
def histories(draw):
    """Payouts with their rows and what the table knows of them, in any state of knowledge."""
    figures, known = Figures(), []
    for number in range(draw(st.integers(0, 12))):
        name, sent = f"po_{number}", draw(seconds)
        amount = draw(st.integers(-10_000, 10_000))
        if PERIOD.bounds.start <= sent < PERIOD.bounds.stop:
            if draw(st.booleans()) or draw(st.booleans()):
                payout = draw(st.sampled_from([name, None]))
                figures.payouts.append(
                    PayoutRow(f"txn_{number}", payout, "payout", sent, EUR, -amount, draw(st.integers(0, 9)))
                )
        elif sent >= PERIOD.bounds.stop:
            figures.sent_later[name] = sent
        status = draw(st.sampled_from(["paid", "in_transit", "pending", "failed", "canceled", "strange"]))
        if status in {"failed", "canceled"} and draw(st.booleans()):
            type_ = "payout_failure" if status == "failed" else "payout_cancel"
            figures.returns[name] = Return(sent + draw(st.integers(0, 40 * DAY)), type_)
        if draw(st.integers(0, 3)):
            arrival = sent + draw(st.integers(0, 9)) * DAY
            arrival -= arrival % DAY if draw(st.booleans()) else 0
            method = draw(st.sampled_from(["standard", "instant", None]))
            bank = draw(st.sampled_from(["ba_1", "ba_2", None]))
            automatic = draw(st.sampled_from([True, False, None]))
            row = f"txn_{number}"
            known.append(Known(name, sent, arrival, amount, "eur", status, automatic, method, bank, row=row))
    return figures, known


@given(histories())
def test_what_was_on_the_way_and_what_was_sent_is_somewhere_at_the_end(history):
    figures, known = history
    payouts = payout_states(PERIOD, figures, known, currency=None)
    for line in bank_lines(payouts):
        ends = line.arrived + line.failed + line.returned + line.canceled + line.unknown + line.on_the_way_after
        assert line.on_the_way_before + line.all_sent == ends
    told = {one.id for one in payouts}
    tabled = {one.row: one.id for one in known}
    assert told >= {tabled.get(row.id, row.payout or row.id) for row in figures.payouts}
    assert not told & figures.sent_later.keys()


@given(histories())
def test_what_is_on_the_way_at_the_end_is_on_the_way_when_the_next_period_begins(history):
    figures, known = history
    later = Period("q", Interval(PERIOD.bounds.stop, 200 * DAY), PERIOD.zone, PERIOD.clocks)
    ends = {one.id: one for one in payout_states(PERIOD, figures, known, currency=None)}
    begins = {one.id: one for one in payout_states(later, Figures(returns=figures.returns), known, currency=None)}
    tabled = {one.id for one in known}
    for name, one in ends.items():
        if one.end is Stage.ON_THE_WAY and name in tabled:
            assert begins[name].begin is Stage.ON_THE_WAY
        elif name in tabled:
            assert name not in begins


def test_a_payout_that_failed_later_was_on_the_way_until_then():
    whole = {"sent": 10, "arrived": 20, "state": "failed"}
    assert stage_at(10, returned=30, **whole) is Stage.NOT_SENT
    assert stage_at(25, returned=30, **whole) is Stage.ON_THE_WAY
    assert stage_at(30, returned=30, **whole) is Stage.ON_THE_WAY
    assert stage_at(31, returned=30, **whole) is Stage.RETURNED
    assert stage_at(99, sent=10, arrived=20, returned=None, state="in_transit") is Stage.ON_THE_WAY
    assert stage_at(21, sent=10, arrived=20, returned=None, state="paid") is Stage.ARRIVED


@pytest.mark.parametrize(("zone", "stage"), [("UTC", Stage.ON_THE_WAY), ("America/New_York", Stage.ON_THE_WAY)])
def test_a_payout_that_arrives_on_the_first_day_of_the_next_month_is_on_the_way_in_every_zone(zone, stage):
    from connector.core.time.periods import PeriodChoice, period_of  # noqa: PLC0415 - for one test

    october = period_of(PeriodChoice(month="2026-10"), zone, ZoneInfo(zone), now=0)
    november = 1_793_491_200  # 2026-11-01, midnight in UTC, when it is still October in New York
    one = Known("po_1", november - 3 * DAY, november, 500, "eur", "paid", method="standard", destination="ba_1")
    (state,) = payout_states(october, Figures(), [one], currency=None)
    assert state.end is stage


sums = st.builds(
    Sums,
    count=st.integers(0, 50),
    gross=st.integers(0, 10**12),
    fee=st.integers(-(10**6), 10**10),
    net=st.integers(-(10**12), 10**12),
)
segments = st.dictionaries(
    st.builds(
        Segment,
        category=st.sampled_from(["charge", "dispute", "refund", "payout", "fee"]),
        type=st.sampled_from(["charge", "payment", "x"]),
        converted=st.booleans(),
        method=st.sampled_from([None, "card"]),
    ),
    sums,
    max_size=6,
)


def purse(found, apart):
    by_category: dict[str, Sums] = {}
    for segment, one in found.items():
        by_category[segment.category] = by_category.get(segment.category, Sums()) + one
    lines = tuple(CategoryLine(name, "activity", one) for name, one in sorted(by_category.items()))
    in_rows = sum(one.fee for one in found.values())
    fees = (FeeLine(FeeKind("stripe_fee", None), 1, in_rows), FeeLine(FeeKind("fee", None, apart=True), 1, apart))
    return PurseStatement(EUR, Opening(0, "rows", ""), lines, 0, None, None, (), fees, (), (), found)


@given(segments, st.integers(-(10**6), 10**6), segments, st.integers(-(10**6), 10**6))
def test_the_reasons_for_a_change_of_fees_add_up_to_it(before, apart_before, after, apart_after):
    (change,) = purse_changes([purse(before, apart_before)], [purse(after, apart_after)])
    assert change.fees_before + sum(reason.amount for reason in change.reasons) == change.fees_after
    assert all(reason.amount for reason in change.reasons)
    for line in change.lines:
        assert (line.before.count, line.after.count) != (None, None)


def test_more_of_the_same_is_volume_another_share_is_mix_and_a_dearer_kind_is_rate():
    card = Segment("charge", "charge", converted=False, method="card")
    bank = Segment("charge", "payment", converted=False, method="sepa_debit")
    base = {card: Sums(10, 10_000, 300, 9_700), bank: Sums(10, 10_000, 100, 9_900)}

    def reasons(now):
        (change,) = purse_changes([purse(base, 0)], [purse(now, 0)])
        return {reason.name: reason.amount for reason in change.reasons}

    assert reasons({card: Sums(20, 20_000, 600, 19_400), bank: Sums(20, 20_000, 200, 19_800)}) == {"volume": 400}
    assert reasons({card: Sums(15, 15_000, 450, 14_550), bank: Sums(5, 5_000, 50, 4_950)}) == {"mix": 100}
    assert reasons({card: Sums(10, 10_000, 350, 9_650), bank: Sums(10, 10_000, 100, 9_900)}) == {"rate": 50}
    dispute = Segment("dispute", "adjustment", converted=False, method=None)
    assert reasons({**base, dispute: Sums(1, -900, 1_500, -2_400)}) == {"disputes": 1_500}


def test_payments_of_a_cent_are_payments_of_both_periods_and_of_nothing_of_one():
    card = Segment("charge", "charge", converted=False, method="card")

    def reasons(before, after):
        (change,) = purse_changes([purse({card: before}, 0)], [purse({card: after}, 0)])
        return {reason.name: reason.amount for reason in change.reasons}

    cent, dearer, nothing = Sums(1, 1, 1, 0), Sums(1, 1, 2, -1), Sums(1, 0, 5, -5)
    assert reasons(cent, dearer) == {"rate": 1}
    assert reasons(cent, nothing) == {"volume": 4}
    assert reasons(nothing, cent) == {"volume": -4}


def test_a_balance_of_one_period_only_is_compared_with_nothing():
    card = Segment("charge", "charge", converted=False, method=None)
    (change,) = purse_changes([], [purse({card: Sums(1, 100, 3, 97)}, 7)])
    assert (change.fees_before, change.fees_after) == (0, 10)
    assert {reason.name: reason.amount for reason in change.reasons} == {"volume": 3, "apart": 7}


@pytest.mark.parametrize(
    ("type_", "at", "name"),
    [
        ("payout_failure", 101, "failed"),
        ("payout_failure", 103, "returned"),
        ("payout_failure", 110, "returned"),
        ("payout_cancel", 101, "canceled"),
    ],
)
def test_what_came_back_failed_before_it_was_to_arrive_and_was_returned_after(type_, at, name):
    sent = 100 * DAY + 6 * 3600
    figures = Figures(returns={"po_1": Return(at * DAY + 12 * 3600, type_)})
    one = Known("po_1", sent, 103 * DAY, 500, "eur", "paid", destination="ba_1")
    (line,) = bank_lines(payout_states(PERIOD, figures, [one], currency=None))
    assert {key: getattr(line, key) for key in ("failed", "returned", "canceled")} == {
        **dict.fromkeys(("failed", "returned", "canceled"), 0),
        name: 500,
    }
    assert line.left == 0


@pytest.mark.parametrize(
    ("automatic", "method", "kind"),
    [
        (True, "standard", "automatic"),
        (False, "standard", "manual"),
        (False, "instant", "instant"),
        (True, "instant", "instant"),
        (None, "instant", "unknown"),
    ],
)
def test_a_payouts_kind_is_what_its_table_says(automatic, method, kind):
    known = Known("po_1", 0, 0, 5, "usd", "paid", automatic, method)
    assert PayoutState("po_1", 0, 5, 0, "usd", "paid", known, None, None).kind == kind
    assert PayoutState("po_1", 0, 5, 0, "usd", "paid", None, None, None).kind == "unknown"


def undone(state: str, *, arrived: int | None, returned: int | None) -> str:
    return PayoutState("po_1", 0, 5, 0, "usd", state, None, arrived, returned).undone


def test_how_a_payout_was_taken_back_is_told_by_when():
    assert undone("canceled", arrived=5, returned=9) == "canceled"
    assert undone("failed", arrived=5, returned=4) == "failed"
    assert undone("failed", arrived=5, returned=5) == "returned"
    assert undone("failed", arrived=None, returned=5) == "failed"
    assert undone("failed", arrived=5, returned=None) == "failed"


START = 100 * DAY


def state_of(status: str, *, arrival: int, back: Return | None = None):
    figures = Figures(returns={} if back is None else {"po_1": back})
    known = Known("po_1", START + 5, arrival, 5, "usd", status)
    (found,) = payout_states(PERIOD, figures, [known], currency=None)
    return found


def test_a_payout_that_failed_without_a_row_of_it_came_back_when_it_was_to_arrive():
    arrival = START + 2 * DAY + 7
    assert state_of("failed", arrival=arrival).returned == arrival
    assert state_of("canceled", arrival=arrival).returned == arrival
    assert state_of("paid", arrival=arrival).returned is None
    back = state_of("failed", arrival=arrival, back=Return(START + 9, "payout_failure"))
    assert (back.returned, back.state) == (START + 9, "failed")
    assert state_of("paid", arrival=START + 1).arrived == START + 5  # not before it was sent


IN = START + 5
"""A second of the period."""


def told_of(*known: Known, rows=(), returns=None, sent_later=None, currency=None):
    figures = Figures(payouts=list(rows), returns=returns or {}, sent_later=sent_later or {})
    return payout_states(PERIOD, figures, known, currency=currency)


def own_row(name: str, payout: str | None, amount: int = -500, fee: int = 7) -> PayoutRow:
    return PayoutRow(name, payout, "payout", IN, EUR, amount, fee)


@pytest.mark.parametrize(
    ("known", "row"),
    [
        (Known("po_1", 1, 1, 500, "eur", "paid", row="txn_1"), own_row("txn_1", None)),
        (Known("po_1", 1, 1, 500, "eur", "paid"), own_row("txn_1", "po_1")),
        (Known("po_1", 1, 1, 500, "eur", "paid", row="txn_9"), own_row("txn_1", "po_1")),
    ],
)
def test_a_payout_is_found_by_its_row_or_by_the_payout_that_a_row_names(known, row):
    (found,) = told_of(known, rows=[row])
    assert (found.id, found.sent, found.amount, found.fee, found.known) == ("po_1", IN, 500, 7, known)
    assert (found.begin, found.end) == (Stage.NOT_SENT, Stage.ARRIVED)


def test_a_row_that_no_table_knows_tells_what_it_can():
    both = told_of(rows=[own_row("txn_1", None), own_row("txn_2", "po_2", amount=300)])
    assert {(one.id, one.amount, one.currency, one.state) for one in both} == {
        ("txn_1", 500, "eur", "unknown"),
        ("po_2", -300, "eur", "unknown"),
    }
    (returned,) = told_of(rows=[own_row("txn_2", "po_2")], returns={"po_2": Return(IN + 9, "payout_failure")})
    assert (returned.state, returned.returned, returned.end) == ("failed", IN + 9, Stage.RETURNED)
    other = PayoutRow("txn_3", "po_3", "payout_failure", IN, EUR, 500, 0)
    assert told_of(rows=[other]) == []


@pytest.mark.parametrize("later", ["po_1", "txn_1"])
def test_a_payout_that_was_sent_later_is_none_of_the_period(later):
    known = Known("po_1", IN, IN + DAY, 500, "eur", "paid", row="txn_1")
    assert told_of(known, sent_later={later: 9 * DAY}) == []
    assert len(told_of(known)) == 1


def test_a_payout_came_back_by_the_row_that_took_it_back():
    known = Known("po_1", IN, IN + 9 * DAY, 500, "eur", "paid", failure_row="txn_9")
    (found,) = told_of(known, returns={"txn_9": Return(IN + DAY, "payout_cancel")})
    assert (found.returned, found.state, found.end) == (IN + DAY, "canceled", Stage.RETURNED)
    assert found.undone == "canceled"


def test_payouts_are_told_by_time_and_of_one_currency_where_that_is_asked_for():
    several = [
        Known("po_2", IN, IN, 1, "eur", "paid"),
        Known("po_1", IN, IN, 2, "usd", "paid"),
        Known("po_3", IN - 1, IN, 3, "eur", "paid"),
    ]
    assert [one.id for one in told_of(*several)] == ["po_3", "po_1", "po_2"]
    assert [one.id for one in told_of(*several, currency="eur")] == ["po_3", "po_2"]


def test_a_bank_account_has_its_payouts_added_up_and_counted():
    def payout(number, amount, status="paid", *, sent=IN, arrival=IN + DAY, bank="ba_1", currency="eur", **more):
        return Known(f"po_{number}", sent, arrival, amount, currency, status, more.pop("auto", True), destination=bank)

    before, after = START - DAY, 140 * DAY
    known = [
        payout(1, 1, sent=before),  # on the way before, and arrived
        payout(2, 2),
        payout(3, 4),
        payout(4, 8, auto=False),
        payout(5, 16, arrival=after),
        payout(6, 32, "in_transit"),
        payout(7, 64, "failed"),
        payout(8, 128, "canceled"),
        payout(9, 256, bank=None),
        payout(10, 512, bank="ba_0"),
        payout(11, 1_024, currency="aud", bank="ba_9"),
    ]
    found = bank_lines(told_of(*known, returns={"po_7": Return(IN + 9, "payout_failure")}))
    assert [(one.currency, one.destination) for one in found] == [
        ("aud", "ba_9"),
        ("eur", "ba_0"),
        ("eur", "ba_1"),
        ("eur", None),
    ]
    line = found[2]
    assert (line.on_the_way_before, line.on_the_way_after, line.arrived) == (1, 48, 1 + 2 + 4 + 8)
    assert (line.failed, line.returned, line.canceled, line.unknown) == (64, 0, 128, 0)
    assert line.sent == {"automatic": 2 + 4 + 16 + 32 + 64 + 128, "manual": 8}
    assert (line.all_sent, line.left) == (254, 254 - 64 - 128)
    assert line.counts == {
        "on_the_way_before": 1,
        "sent_automatic": 6,
        "sent_manual": 1,
        "arrived": 4,
        "on_the_way_after": 2,
        "failed": 1,
        "canceled": 1,
    }
