"""Which payouts are read again and how, and whose transactions are listed: laws over any record."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.page_size import PAGE_SIZE
from connector.core.state import payouts_record
from connector.core.state.data_file import DataFile, Listing
from connector.core.state.payouts import FAILS_WITHIN, Payout, days_due, likely_starts, plan_payouts
from connector.core.state.payouts_record import PayoutsRecord
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY, AccountId
from tests.support.states import with_payouts, with_transactions

NOW = 20_000 * DAY
ACCOUNT = AccountId("acct_1")
EVER = Interval(0, END_OF_TIME)


def payout(number: int, *, age: int, **fields) -> Payout:
    """An old, paid and reconciled payout, `age` seconds ago, unless told otherwise."""
    made = NOW - age
    plain = Payout(
        f"po_{number}", made, made + 2 * DAY, 100, "usd", "paid", automatic=True, reconciliation_status="completed"
    )
    return replace(plain, **fields)


def record_of(payouts, covered=None) -> PayoutsRecord:
    return PayoutsRecord(
        ACCOUNT,
        "parquet",
        covered=Intervals.span(0, NOW - 600) if covered is None else covered,
        payouts=MappingProxyType({one.id: one for one in payouts}),
    )


statuses = st.sampled_from(["paid", "failed", "canceled", "pending", "in_transit", "a_new_one"])
many_payouts = st.lists(
    st.builds(
        lambda age, status, automatic, reconciliation: (age, status, automatic, reconciliation),
        st.integers(0, 60 * DAY),
        statuses,
        st.booleans(),
        st.sampled_from(["completed", "in_progress", "not_applicable", None]),
    ),
    max_size=400,
).map(
    lambda many: [
        payout(number, age=age, status=status, automatic=automatic, reconciliation_status=reconciliation)
        for number, (age, status, automatic, reconciliation) in enumerate(many)
    ]
)


def due(record, asked, *, again=frozenset(), rewrite=frozenset(), lost=()):
    return days_due(record, asked, again=again, rewrite=rewrite, lost=lost)


@given(many_payouts, st.integers(0, 50 * DAY), st.integers(0, 50 * DAY))
def test_whatever_may_change_is_read_again_and_nothing_that_was_not_asked_for(payouts, since, length):
    asked = Interval(NOW - 60 * DAY + since, NOW - 60 * DAY + since + length + 1)
    plan = plan_payouts(record_of(payouts), asked, now=NOW)
    retrieved = set(plan.retrieve)
    for one in payouts:
        if one.created in asked and one.may_change(NOW):
            assert (one.created in plan.todo) != (one.id in retrieved)
        elif one.id in retrieved:
            raise AssertionError(one)
    assert all(asked.start <= part.start and part.stop <= asked.stop for part in plan.todo)


@given(many_payouts)
def test_a_list_never_takes_more_requests_than_retrieving_would(payouts):
    plan = plan_payouts(record_of(payouts), EVER, now=NOW)
    for part in plan.todo.parts:
        inside = [one for one in payouts if one.created in part]
        assert ceil(len(inside) / PAGE_SIZE) <= max(1, sum(one.may_change(NOW) for one in inside))
    assert len(plan.retrieve) <= 1 + len(payouts) / PAGE_SIZE


def test_what_is_new_and_what_may_change_comes_with_one_request():
    payouts = [payout(number, age=number * DAY) for number in range(1, 40)]
    plan = plan_payouts(record_of(payouts), EVER, now=NOW)
    oldest_due = min(one.created for one in payouts if one.may_change(NOW))
    assert plan == replace(plan, todo=Intervals.span(oldest_due, END_OF_TIME), retrieve=())
    assert 14 <= sum(one.created in plan.todo for one in payouts) <= 16


@pytest.mark.parametrize("names", [("po_400", "po_440"), ("po_400", "po_420", "po_440")])
def test_a_lone_old_payout_that_may_change_is_retrieved_and_neighbours_are_listed(names):
    payouts = [payout(number, age=number * DAY) for number in range(20, 900)]
    lone, *_ = [one for one in payouts if one.id == "po_850"]
    near = [one for one in payouts if one.id in names]
    waiting = {one.id: replace(one, reconciliation_status="in_progress") for one in (lone, *near)}
    plan = plan_payouts(record_of([waiting.get(one.id, one) for one in payouts]), EVER, now=NOW)
    assert plan.retrieve == ("po_850",)
    assert Interval(near[-1].created, near[0].created + 1) in plan.todo.parts


def test_a_request_for_older_seconds_than_all_that_is_known_brings_nothing_that_may_change():
    young = payout(1, age=DAY)
    plan = plan_payouts(record_of([young], Intervals.span(young.created, END_OF_TIME)), EVER, now=NOW)
    assert (plan.todo, plan.retrieve) == (Intervals.span(0, young.created), ("po_1",))


def test_with_nothing_new_asked_for_only_what_may_change_is_read():
    asked = Interval(NOW - 40 * DAY, NOW - 20 * DAY)
    settled = [payout(number, age=number * DAY) for number in range(20, 40)]
    assert not plan_payouts(record_of(settled), asked, now=NOW).todo
    assert plan_payouts(record_of(settled), asked, now=NOW, full_refresh=True).todo == Intervals((asked,))
    assert plan_payouts(None, asked, now=NOW).todo == Intervals((asked,))


@pytest.mark.parametrize(
    ("fields", "later", "changes"),
    [
        ({"status": "pending"}, 400 * DAY, True),
        ({"status": "in_transit"}, 400 * DAY, True),
        ({"status": "unheard_of"}, 400 * DAY, True),
        ({"status": "paid"}, FAILS_WITHIN - 1, True),
        ({"status": "paid"}, FAILS_WITHIN, False),
        ({"status": "failed"}, 0, False),
        ({"status": "canceled"}, 0, False),
        ({"reconciliation_status": "in_progress"}, 400 * DAY, True),
        ({"reconciliation_status": "in_progress", "automatic": False}, 400 * DAY, False),
        ({"reconciliation_status": "not_applicable"}, 400 * DAY, False),
    ],
)
def test_a_payout_may_change_until_it_is_final_reconciled_and_no_bank_returns_it(fields, later, changes):
    one = payout(1, age=0, **fields)
    assert one.may_change(one.arrival_date + later) is changes


def with_file(record: PayoutsRecord, day: int, *ids: str) -> PayoutsRecord:
    path = f"{payouts_record.transactions_folder(ACCOUNT, day)}/part-0.parquet"
    listings = {name: Listing(2, {"usd": 0}) for name in sorted(ids)}
    return with_transactions(record, DataFile(path, 4, 10, "0" * 64, listings=listings))


def test_only_reconciled_automatic_payouts_without_transactions_are_listed_newest_day_first():
    payouts = [
        payout(1, age=30 * DAY),
        payout(2, age=29 * DAY),
        payout(3, age=28 * DAY, automatic=False, reconciliation_status="not_applicable"),
        payout(4, age=27 * DAY, reconciliation_status="in_progress"),
        payout(5, age=26 * DAY),
        payout(6, age=26 * DAY - 5),
    ]
    record = with_file(record_of(payouts), payouts[1].arrival_day, "po_2")
    found = due(record, EVER)
    assert [[one.id for one in day.to_list] for day in found] == [["po_5", "po_6"], ["po_1"]]
    assert due(record, EVER, again=frozenset({"po_2"}))[1].to_list == (payouts[1],)
    assert due(record, Interval(NOW - 31 * DAY, NOW - 29 * DAY - 1))[0].to_list == (payouts[0],)


def test_a_payout_that_arrives_on_another_day_leaves_the_old_days_file_for_the_new_ones():
    one = payout(1, age=30 * DAY)
    record = with_file(record_of([replace(one, arrival_date=one.arrival_date + DAY)]), one.arrival_day, "po_1", "po_9")
    later, earlier = due(record, EVER)
    assert (later.start, [each.id for each in later.to_list], later.gone) == (
        one.arrival_day + DAY,
        ["po_1"],
        frozenset(),
    )
    assert (earlier.start, earlier.to_list, earlier.gone) == (one.arrival_day, (), frozenset({"po_1"}))


def test_a_file_is_written_again_with_nothing_listed_where_that_is_wanted():
    one = payout(1, age=30 * DAY)
    record = with_file(record_of([one]), one.arrival_day, "po_1")
    (day,) = due(record, Interval(0, 1), rewrite=frozenset({one.arrival_day, one.arrival_day + DAY}))
    assert (day.start, day.to_list, day.gone) == (one.arrival_day, (), frozenset())


def test_forgetting_a_file_forgets_its_day_and_forgetting_a_list_forgets_the_list_alone():
    payouts = [payout(number, age=number * DAY) for number in (20, 21)]
    day = payouts_record.payouts_folder(ACCOUNT, payouts[0].created)
    file = DataFile(f"{day}/part-0.parquet", 1, 9, "a" * 64)
    record = with_file(with_payouts(record_of(payouts), [file], []), payouts[0].arrival_day, "po_20")
    without = record.without([file.path])
    assert set(without.payouts) == {"po_21"}
    assert payouts[0].created not in without.covered
    assert payouts[1].created in without.covered
    assert set(without.listings) == {"po_20"}
    (listed,) = record.transaction_files
    assert not record.without([listed]).listings
    assert record.without([listed]).payouts == record.payouts


def test_no_transaction_of_a_payout_is_expected_before_the_one_before_it_and_two_days():
    def payout(number: int, created: int, currency: str = "usd", *, automatic: bool = True) -> Payout:
        return Payout(f"po_{number}", created, created, 5, currency, "paid", automatic, None)

    found = likely_starts(
        [payout(3, 20 * DAY), payout(1, 10 * DAY), payout(2, 15 * DAY, automatic=False), payout(4, 21 * DAY, "eur")]
    )
    assert found == {"po_1": 7 * DAY, "po_3": 8 * DAY, "po_4": 18 * DAY}
    assert likely_starts([payout(1, DAY)]) == {"po_1": 0}
