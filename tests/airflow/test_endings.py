"""What an error means to Airflow, and when a run stops by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import errors
from connector.airflow.endings import LONGEST_WAIT, STOP_SECONDS, Ending, deadline_of, ending_of
from connector.errors import (
    AccountsError,
    ConnectorError,
    LockedError,
    RateLimitError,
    ServerError,
    UnpublishedError,
    UsageError,
)


def classes():
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ConnectorError)]


def error_of(kind):
    return kind(ServerError("no", status=500)) if kind is UnpublishedError else kind("no")


def asking(seconds, kind=RateLimitError):
    error = kind("no")
    error.retry_after = seconds
    return error


@pytest.mark.parametrize(
    "kind", [kind for kind in classes() if kind is not AccountsError], ids=lambda kind: kind.__name__
)
def test_what_is_retryable_is_tried_again_and_nothing_else_is(kind):
    error = error_of(kind)
    assert ending_of(error) == Ending(error.retryable)


def test_an_error_of_somebody_else_is_left_to_the_tasks_settings():
    assert ending_of(ValueError("no")) == Ending(None)


def test_the_error_that_another_was_raised_from_counts():
    outer = RuntimeError("task failed")
    outer.__cause__ = asking(30.0)
    assert ending_of(outer) == Ending(again=True, after=30.0)
    outer.__cause__ = UsageError("no")
    assert ending_of(outer) == Ending(again=False)


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (0.0, 0.0), (1e9, LONGEST_WAIT)])
def test_a_task_waits_as_long_as_stripe_asked_within_bounds(asked, waited):
    assert ending_of(asking(asked, ServerError)) == Ending(again=True, after=waited)


def test_of_several_accounts_the_longest_wait_of_those_that_may_succeed_counts():
    both = AccountsError({"acct_1": asking(5.0), "acct_2": asking(9.0), "acct_3": LockedError("no")}, of=4)
    assert ending_of(both) == Ending(again=True, after=9.0)
    none = AccountsError({"acct_1": UsageError("no")}, of=2)
    assert ending_of(none) == Ending(again=False)


@given(st.floats(0.1, 1e6), st.none() | st.floats(0.1, 1e6))
def test_a_run_stops_before_airflow_would_end_it_and_no_later_than_it_was_told(timeout, told_deadline):
    deadline = deadline_of(timedelta(seconds=timeout), told_deadline)
    assert deadline is not None
    assert 0 < deadline < timeout
    assert told_deadline is None or deadline <= told_deadline
    if timeout >= 2 * STOP_SECONDS and (told_deadline is None or told_deadline >= timeout):
        assert timeout - deadline == pytest.approx(STOP_SECONDS)


def test_without_a_timeout_only_a_deadline_that_was_told_counts():
    assert deadline_of(None, None) is None
    assert deadline_of(None, 60.0) == 60.0
    assert deadline_of(timedelta(0), None) is None
