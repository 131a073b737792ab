"""How mapped tasks share out a plan, and whether the lake has what was planned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.airflow.shares import MOST_TASKS, mapped, rate_of, tasks_for, wanting
from connector.config.config import ApiKey, Config
from connector.errors import UsageError


@given(st.integers(1, 10_000))
def test_there_are_four_windows_a_slot_as_far_as_airflow_maps_them(slots):
    assert tasks_for(slots) == min(4 * slots, MOST_TASKS) <= 1_024


@pytest.mark.parametrize("slots", [0, -1, 1.5, True, None])
def test_slots_are_a_whole_number(slots):
    with pytest.raises(UsageError, match="`slots`"):
        tasks_for(slots)


@given(st.integers(1, 100), st.floats(0.1, 100))
def test_slots_at_work_at_once_keep_to_the_budget(slots, budget):
    assert rate_of(budget, slots) * slots == pytest.approx(budget)


@pytest.mark.parametrize("budget", [0, -1.0, float("inf"), float("nan")])
def test_a_budget_is_a_number_above_zero(budget):
    with pytest.raises(UsageError, match="`budget`"):
        rate_of(budget, 1)


def test_windows_become_arguments_of_tasks_and_more_than_airflow_maps_are_refused():
    window = {"since": 1, "until": 2}
    five = mapped([window] * 5, budget=20.0, slots=4)
    assert five == [{**window, "rate": 5.0, "sharers": 4, "followed": True}] * 5
    assert mapped([window], budget=20.0, slots=4) == [{**window, "rate": 20.0, "sharers": 1, "followed": False}]
    with pytest.raises(UsageError, match="1,001 windows"):
        mapped([{}] * 1_001, budget=1.0, slots=4)


@pytest.mark.parametrize(("key", "allowed"), [("rk_test_1", 25.0), ("rk_live_1", 100.0)])
@given(slots=st.integers(1, 64))
def test_tasks_at_work_at_once_keep_to_what_stripe_allows_the_account(key, allowed, slots):
    task = mapped([{}] * 64, budget=20.0, slots=slots)[0]
    config = Config(api_key=ApiKey(key), rate=task["rate"]).divided(task["sharers"])
    assert config.account_rate * slots == pytest.approx(allowed)
    assert config.rate * slots == pytest.approx(20.0)
    assert config.max_in_flight * slots < 40 + slots


def account(name, *covered, **facts):
    return {"account": name, "covered": [list(one) for one in covered], "differences": [], "retired": None, **facts}


WINDOWS = [{"since": None, "until": 100}, {"since": 100, "until": 200}]


def test_a_lake_that_has_every_window_wants_nothing():
    assert wanting([account("acct_1", (0, 150), (150, 250))], WINDOWS) is None


@pytest.mark.parametrize("covered", [[(0, 99)], [(0, 150), (151, 300)], [(1, 200)]])
def test_a_hole_in_a_window_is_named(covered):
    assert "lacks some of" in wanting([account("acct_1", *covered)], WINDOWS)


def test_each_account_is_held_to_its_own_windows():
    windows = [*WINDOWS, {"since": 0, "until": 500, "accounts": ["acct_2"]}]
    own, other = account("acct_1", (0, 200)), account("acct_2", (0, 500))
    assert wanting([own, other], windows) is None
    assert "the key's own account" in wanting([account("acct_1"), other], windows)
    assert "acct_2" in wanting([own, account("acct_2", (0, 499))], windows)
    assert "acct_3" in wanting([own, other], [{"since": 0, "until": 1, "accounts": ["acct_3"]}])


def test_of_an_account_without_a_window_something_has_to_be_there():
    groups = [{"accounts": ["acct_2", None]}]
    assert wanting([account("acct_1", (0, 1)), account("acct_2", (5, 6))], groups) is None
    assert wanting([account("acct_1", (0, 1)), account("acct_2")], groups) == "it has nothing of acct_2"
    assert wanting([account("acct_2", (5, 6))], groups) == "it has nothing of the key's own account"


def test_of_a_window_whose_end_nobody_told_something_has_to_be_there():
    windows = [{"since": None, "until": None}]
    assert wanting([account("acct_1", (0, 1))], windows) is None
    assert wanting([account("acct_1")], windows) == "it has nothing of the key's own account"


def test_a_file_that_is_not_as_its_record_says_is_named_unless_its_account_is_retired():
    broken = account("acct_1", (0, 200), differences=[{"path": "a"}])
    assert "1 data files are not as" in wanting([broken], WINDOWS)
    assert wanting([{**broken, "retired": {"at": 1}}], WINDOWS) is None
