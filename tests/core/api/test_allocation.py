"""The read allocation, and the budget a follower keeps within it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.allocation import (
    AUDITS_IN_HAND,
    FIRST,
    LEAST,
    MONTH,
    READS_FOR_A_ROW,
    Budget,
    Savings,
    allocation,
    share_of_floor,
    wait_between_looks,
)

LOOKS = st.lists(st.tuples(st.floats(0.1, 50_000), st.integers(0, 3), st.integers(0, 1)), max_size=80)


def test_every_account_has_ten_thousand_reads_and_busy_ones_five_hundred_a_row():
    assert [allocation(rows) for rows in (0, 20, 21, 1_000)] == [10_000, 10_000, 10_500, 500_000]
    assert share_of_floor(204) == 0.0204


@given(looks=LOOKS, reads_per_month=st.integers(1, 100_000))
def test_who_waits_as_told_spends_no_more_than_time_and_rows_have_brought(looks, reads_per_month):
    budget, now, spent, rows = Budget(reads_per_month, 0.0), 0.0, 0, 0
    for idle, found, reads in looks:
        now += idle
        now += budget.wait(now)
        budget = budget.spend(reads, rows=found, now=now)
        spent, rows = spent + reads, rows + found
        assert spent <= FIRST + reads_per_month * now / MONTH + READS_FOR_A_ROW * rows + 1e-6


def test_reads_for_audits_come_with_time_alone_up_to_those_in_hand():
    spent = Savings(1_000).spend(10_000)
    assert spent.in_hand == 0.0
    assert spent.grown(1_000, rows=0) == spent
    assert spent.grown(500, rows=0) == spent  # a clock that was put back
    some = spent.grown(1_000 + 3_600, rows=0).in_hand
    assert 0.0 < some < 2.0
    assert spent.grown(1_000 + 7_200, rows=0).in_hand == pytest.approx(2 * some)
    assert spent.grown(1_000 + 10 * int(MONTH), rows=0).in_hand == AUDITS_IN_HAND


def test_time_alone_saves_up_no_more_than_the_first_reads():
    budget = Budget(5_000, 0.0).spend(1, rows=0, now=10 * MONTH)
    assert budget.saved == FIRST - 1


def test_a_failing_server_costs_at_most_a_few_reads_ahead():
    budget = Budget(5_000, 0.0).spend(10_000, rows=0, now=0.0)
    assert budget.saved == LEAST
    assert budget.wait(0.0) == pytest.approx(3 * MONTH / 5_000)


def test_rows_pay_for_the_reads_that_follow_them():
    spent = Budget(5_000, 0.0, saved=0.0).spend(1, rows=1, now=0.0)
    assert spent.wait(0.0) == 0
    assert spent.saved == READS_FOR_A_ROW - 1


@given(quiet=st.floats(0, 1e9), least=st.floats(1, 1_000), longest=st.floats(1, 100_000))
def test_looks_are_never_closer_than_asked_for_and_seldom_only_after_long_quiet(quiet, least, longest):
    wait = wait_between_looks(quiet, least=least, longest=longest)
    assert least <= wait <= max(least, longest)
    assert wait <= max(least, quiet)
    assert wait <= wait_between_looks(quiet + 1, least=least, longest=longest)
