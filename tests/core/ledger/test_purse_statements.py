"""From figures to statements: openings, lines, what is final and what is not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.bridge import BankLine, PayoutState
from connector.core.ledger.ledger import (
    CONVERSION,
    CONVERSION_TYPE,
    Conversion,
    DisputeSums,
    FeeKind,
    Figures,
    Purse,
    Sums,
    category_of,
    is_fee_row,
    purse_of,
)
from connector.core.ledger.openings import MOST, Opening, Recorded, between, covers, opening_of, worth_asking
from connector.core.ledger.purse_statements import bridges_of, complete_to, purse_statements, reasons_of
from connector.core.ledger.statement import (
    AccountStatement,
    CategoryLine,
    ConversionLine,
    DisputeLine,
    FeeLine,
    PurseStatement,
    Split,
)
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.periods import Period

USD, EUR, ISSUING = Purse("payments", "usd"), Purse("payments", "eur"), Purse("issuing", "usd")
DAY = 86_400
START = 100 * DAY
PERIOD = Period("p", Interval(START, 130 * DAY), "America/New_York", ZoneInfo("America/New_York"))


def spans(*pairs: tuple[int, int]) -> Intervals:
    return Intervals.of(Interval(*pair) for pair in pairs)


# What is complete, and why not ----------------------------------------------------------------------------------------


def test_complete_up_to_where_what_holds_the_first_second_ends():
    covered = spans((5, 10), (20, 30))
    assert complete_to(covered, 5) == 10
    assert complete_to(covered, 9) == 10
    assert complete_to(covered, 20) == 30
    assert complete_to(covered, 4) is None
    assert complete_to(covered, 10) is None


BOUNDS = Interval(10, 20)


@pytest.mark.parametrize(
    ("covered", "words"),
    [
        (spans((0, 30)), ()),
        (spans((10, 20)), ()),
        (spans(), ("the lake has none of its time: sync",)),
        (spans((0, 10), (20, 25)), ("the lake has none of its time: sync",)),
        (spans((12, 20)), ("the lake begins within it, at 1970-01-01 00:00:12 UTC: sync",)),
        (spans((0, 15)), ("the lake is complete up to 1970-01-01 00:00:15 UTC only: sync",)),
        (spans((0, 15), (25, 30)), ("the lake is complete up to 1970-01-01 00:00:15 UTC only: sync",)),
        (
            spans((0, 15), (16, 30)),
            ("the lake is complete up to 1970-01-01 00:00:15 UTC only, and has gaps after it: sync",),
        ),
    ],
)
def test_a_period_that_is_not_final_says_why(covered, words):
    period = Period("p", BOUNDS, "UTC", UTC)
    assert reasons_of(covered, period, 0) == words
    assert reasons_of(covered, period, 1_200) == (*words, "1,200 rows of it are still pending")


def test_why_a_period_is_not_final_is_said_by_its_own_clocks():
    period = Period("p", BOUNDS, "Europe/Paris", ZoneInfo("Europe/Paris"))
    assert reasons_of(spans((0, 15)), period, 0) == ("the lake is complete up to 1970-01-01 01:00:15 +0100 only: sync",)
    assert reasons_of(spans((12, 20)), period, 0) == ("the lake begins within it, at 1970-01-01 01:00:12 +0100: sync",)


def test_a_statement_is_final_where_there_is_no_reason():
    assert AccountStatement("a", None, None, 0, 0, (), ()).final
    assert not AccountStatement("a", None, None, 0, 0, ("x",), ()).final


# Openings -------------------------------------------------------------------------------------------------------------


def test_the_seconds_between_a_recorded_balance_and_a_begin_are_those_of_the_rows_that_part_them():
    assert between(5, 10) == (6, 10)
    assert between(10, 10) == (10, 11)
    assert between(15, 10) == (10, 16)
    assert covers(spans((6, 10)), 6, 10)
    assert not covers(spans((7, 10)), 6, 10)
    assert covers(spans(), 6, 6)
    assert covers(spans(), 7, 6)
    assert not covers(spans(), 6, 7)


def test_recorded_balances_worth_asking_are_the_nearest_with_all_rows_between():
    recorded = [Recorded(at, {}) for at in (*range(80, 100), 100, 101, 102, 130)]
    found = worth_asking(recorded, 100, spans((90, 103)))
    assert [one.at for one in found] == [100, 99, 101, 98, 102, 97, 96, 95]
    assert len(found) == MOST


def figures(**others) -> Figures:
    found = Figures()
    for name, value in others.items():
        setattr(found, name, value)
    return found


def opening(recorded=(), *, covered=None, purse=USD, first=0, clocks=UTC, **others) -> Opening:
    there = spans((50, 200)) if covered is None else covered
    period = Period("p", Interval(100, 150), str(clocks), clocks)
    return opening_of(purse, period, there, figures(**others), list(recorded), first=first)


def test_an_opening_is_the_sum_of_all_rows_before_where_they_are_there():
    found = opening(first=50, before={USD: 7, EUR: 9})
    assert (found.amount, found.basis, found.recorded_at) == (7, "rows", None)
    assert opening(first=50).amount == 0
    assert opening(first=49, before={USD: 7}).amount is None


@pytest.mark.parametrize(("at", "amount"), [(90, 105), (100, 95), (110, 95)])
def test_an_opening_is_a_recorded_balance_and_what_moved_between(at, amount):
    found = opening([Recorded(at, {USD: 100})], since_snapshot={at: {USD: 5, EUR: 3}})
    assert (found.amount, found.basis, found.recorded_at) == (amount, "snapshot", at)
    assert "doubt" not in found.reason
    assert found.reason == f"from the balance recorded at 1970-01-01 00:01:{at - 60:02d} UTC"
    there = opening([Recorded(at, {USD: 100})], clocks=ZoneInfo("Europe/Paris"))
    assert there.reason == f"from the balance recorded at 1970-01-01 01:01:{at - 60:02d} +0100"
    assert opening([Recorded(at, {})]).amount == 0
    assert opening([Recorded(at, {EUR: 5})]).amount == 0


def test_a_quiet_recorded_balance_goes_before_a_nearer_one_and_one_with_rows_in_its_seconds_is_no_good():
    near, quiet, bad = Recorded(99, {USD: 1}), Recorded(90, {USD: 2}), Recorded(101, {USD: 3})
    given = {"near_snapshot": Counter({101: 1}), "fresh_snapshot": Counter({99: 2})}
    assert opening([bad, near, quiet], **given).amount == 2
    lonely = opening([bad, near], **given)
    assert lonely.amount == 1
    assert lonely.reason.endswith("; 2 rows of the ten minutes before it may have come after it")
    none = opening([bad], **given)
    assert (none.amount, none.basis) == (None, "not_known")
    assert "rows were made in the seconds of those recorded" in none.reason
    assert "no balance was recorded that tells" in opening().reason


def test_of_a_balance_that_stripe_shows_no_whole_of_no_recorded_one_tells():
    found = opening([Recorded(99, {Purse("risk_reserved", "usd"): 5})], purse=Purse("risk_reserved", "usd"))
    assert (found.amount, found.basis) == (None, "not_known")
    assert "Stripe shows no whole balance of risk_reserved" in found.reason


# Statements of purses -------------------------------------------------------------------------------------------------

MOVES = {
    "refund": Sums(1, -100, 0, -100),
    "charge": Sums(2, 1_000, 30, 970),
    "payout": Sums(1, -500, 10, -510),
}


def statements(covered=None, *, currency=None, first=0, recorded=(), **others) -> tuple[PurseStatement, ...]:
    there = spans((0, 200 * DAY)) if covered is None else covered
    return purse_statements(PERIOD, there, figures(**others), list(recorded), first=first, currency=currency)


def test_a_purses_lines_are_sorted_and_its_closing_is_what_they_make_of_the_opening():
    (one,) = statements(moves={USD: MOVES}, before={USD: 40})
    assert [(line.part, line.category) for line in one.lines] == [
        ("activity", "charge"),
        ("activity", "refund"),
        ("payouts", "payout"),
    ]
    assert (one.opening.amount, one.closing) == (40, 400)
    assert one.total("activity") == Sums(3, 900, 30, 870)
    assert one.total("payouts") == MOVES["payout"]
    assert [line.category for line in one.refunds] == ["refund"]
    assert one.dispute_lines == ()


def test_purses_are_those_with_rows_or_something_in_them_that_of_payments_first():
    found = statements(moves={ISSUING: MOVES, USD: MOVES}, before={EUR: 5, Purse("payments", "gbp"): 0})
    assert [one.purse for one in found] == [EUR, USD, ISSUING]
    assert [one.purse for one in statements(moves={ISSUING: MOVES, EUR: MOVES}, currency="usd")] == [ISSUING]
    told = statements(spans((START - 9, 200 * DAY)), recorded=[Recorded(START - 5, {EUR: 3})])
    assert [(one.purse, one.opening.amount) for one in told] == [(EUR, 3)]


def test_where_the_opening_is_not_known_neither_are_the_closing_and_what_can_be_used():
    (one,) = statements(spans((START, 200 * DAY)), moves={USD: MOVES}, waiting_after={USD: Counter({131 * DAY: 5})})
    assert (one.opening.amount, one.closing, one.opening_split, one.closing_split, one.waiting) == (
        None, None, None, None, ()
    )  # fmt: skip


def test_what_waits_is_not_available_and_told_by_its_day():
    after = Counter({131 * DAY: 5, 131 * DAY + 3_600: 7, 132 * DAY: 4, 133 * DAY: 0})
    (one,) = statements(
        moves={USD: MOVES}, before={USD: 40}, waiting_before={USD: Counter({START: 15})}, waiting_after={USD: after}
    )
    assert one.opening_split == Split(25, 15)
    assert one.closing_split == Split(400 - 16, 16)
    day = datetime.fromtimestamp(131 * DAY, UTC).date()
    # An hour after midnight UTC it is still the day before in New York; a midnight stands for that UTC day.
    assert one.waiting == (
        (date.fromordinal(day.toordinal() - 1), 7),
        (day, 5),
        (date.fromordinal(day.toordinal() + 1), 4),
    )
    (none,) = statements(moves={USD: MOVES})
    assert (none.opening_split, none.closing_split, none.waiting) == (Split(0, 0), Split(360, 0), ())


def test_fees_are_by_kind_taxes_last_and_what_rows_do_not_itemize_has_a_line():
    stripe, tax = FeeKind("stripe_fee", "Card"), FeeKind("tax", "VAT")
    own = FeeKind("fee", "Radar", apart=True)
    other = FeeKind("stripe_fee", None)
    (one,) = statements(moves={USD: MOVES}, fees={USD: {tax: (2, 5), stripe: (2, 12), own: (1, 99), other: (1, 12)}})
    assert one.fees == (
        FeeLine(own, 1, 99),
        FeeLine(other, 1, 12),
        FeeLine(stripe, 2, 12),
        FeeLine(None, 0, 40 - 5 - 12 - 12),
        FeeLine(tax, 2, 5),
    )
    (all_told,) = statements(moves={USD: MOVES}, fees={USD: {stripe: (3, 40)}})
    assert all_told.fees == (FeeLine(stripe, 3, 40),)


def test_a_tax_and_a_conversion_are_told_by_their_kind():
    assert FeeLine(FeeKind("tax", None), 1, 1).taxed
    assert FeeLine(FeeKind("withheld_tax", None), 1, 1).taxed
    assert not FeeLine(FeeKind("stripe_fee", None), 1, 1).taxed
    assert FeeLine(FeeKind("tax", None, apart=True), 1, 1).taxed
    assert not FeeLine(FeeKind("withheld_tax", None, apart=True), 1, 1).taxed
    assert not FeeLine(None, 1, 1).taxed
    assert FeeLine(FeeKind("stripe_fee", CONVERSION), 1, 1).converts
    assert FeeLine(FeeKind(CONVERSION_TYPE, None, apart=True), 1, 1).converts
    assert not FeeLine(FeeKind(CONVERSION_TYPE, None), 1, 1).converts
    assert not FeeLine(FeeKind("fee", None, apart=True), 1, 1).converts
    assert not FeeLine(None, 1, 1).converts


def test_disputes_are_the_dearest_first_and_conversions_by_currency_the_unknown_last():
    disputes = {
        "dp_1": DisputeSums(5, withdrawn=100, reinstated=100, fee=15),
        "dp_2": DisputeSums(9, withdrawn=100, fee=15),
        "dp_3": DisputeSums(4, withdrawn=115),
    }
    conversions = {None: Conversion(1, 5, None), "gbp": Conversion(2, 9, 8), "eur": Conversion(1, 1, 1)}
    (one,) = statements(moves={USD: MOVES}, disputes={USD: disputes}, conversions={USD: conversions})
    assert [(line.dispute, line.cost) for line in one.disputes] == [("dp_3", 115), ("dp_2", 115), ("dp_1", 15)]
    assert [line.paid_currency for line in one.conversions] == ["eur", "gbp", None]
    assert one.conversions[0] == ConversionLine("eur", conversions["eur"])
    assert DisputeLine("x", DisputeSums(0, 7, 2, 1)).cost == 6


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(0, 9)), max_size=4), st.integers(-99, 99))
def test_whatever_moved_the_opening_and_the_lines_are_the_closing(moved, before):
    moves = {f"c{n}": Sums(1, gross, fee, gross - fee) for n, (gross, fee) in enumerate(moved)}
    for one in statements(moves={USD: moves}, before={USD: before}):
        assert one.closing == before + sum(gross - fee for gross, fee in moved)


# To the bank ----------------------------------------------------------------------------------------------------------


def bank(left: int, currency: str = "usd") -> BankLine:
    line = BankLine("ba_1", currency)
    line.add(PayoutState("po_1", START, left, 0, currency, "paid", None, START + 5, None))
    return line


def told(*purses: PurseStatement, lines=()) -> list:
    return list(bridges_of(purses, lines))


def test_a_bridge_leads_from_the_balance_to_what_left_for_the_bank():
    (one,) = statements(moves={USD: MOVES}, before={USD: 40})
    (bridge,) = told(one, lines=[])
    assert (bridge.currency, bridge.opening, bridge.activity, bridge.payout_fees) == ("usd", 40, 870, 10)
    assert (bridge.closing, bridge.left, bridge.apart) == (400, 500, 500)
    assert bridge.opening + bridge.activity - bridge.payout_fees - bridge.closing == bridge.left


def test_what_no_line_of_a_bank_account_has_is_apart_in_a_bridge():
    (one,) = statements(moves={USD: MOVES}, before={USD: 40})
    (bridge,) = told(one, lines=[bank(300), bank(150, "eur")])
    assert (bridge.left, bridge.apart) == (500, 200)


def test_only_purses_of_payments_with_payouts_have_a_bridge():
    quiet = {"charge": MOVES["charge"]}
    (issuing,), (plain,) = statements(moves={ISSUING: MOVES}), statements(moves={USD: quiet})
    assert told(issuing, plain) == []
    assert told(plain, lines=[bank(0)]) == []


# Words of rows --------------------------------------------------------------------------------------------------------


def test_rows_without_a_category_or_a_balance_are_told_by_their_type():
    assert category_of("charge", "payout") == "charge"
    assert category_of(None, "payout") == "payout"
    assert category_of(None, "payout_failure") == category_of(None, "payout_cancel") == "payout_reversal"
    assert category_of(None, "charge") == "uncategorized"
    assert purse_of(None, "usd") == USD
    assert purse_of("issuing", "usd") == ISSUING
    assert is_fee_row("fee", "x")
    assert is_fee_row("tax", "x")
    assert is_fee_row("x", CONVERSION_TYPE)
    assert not is_fee_row("charge", "stripe_fee")
    assert Sums(fee=5, returned=2).charged == 7
    assert CategoryLine("x", "activity", Sums()).sums + Sums(1, 2, 3, 4, 5, 6) == Sums(1, 2, 3, 4, 5, 6)
