"""Accounts in groups for tasks at once."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.shares import MOST_ROWS, ample_rows, groups_of


@given(st.lists(st.integers(0, 99), unique=True), st.integers(1, 20))
def test_every_account_is_in_one_group_and_groups_are_of_about_one_size(accounts, count):
    groups = groups_of(accounts, count)
    assert sorted(one for group in groups for one in group) == sorted(accounts)
    assert len(groups) <= count
    assert not groups or max(map(len, groups)) - min(map(len, groups)) <= 1


def test_more_windows_than_slots_have_enough_to_read_for_longer_than_a_task_takes_to_start():
    assert ample_rows(5.0) == 40_000
    assert ample_rows(0.0001) == 1
    assert ample_rows(inf) == MOST_ROWS
