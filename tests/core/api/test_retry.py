"""When to try again, and after how long."""

from __future__ import annotations

import inspect

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.retry import RetryPolicy, Timeouts, wait_before
from connector.errors import (
    AuthenticationError,
    InvalidRequestError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    TransportError,
)

RETRYABLE = [RateLimitError, ServerError, TransportError]
FINAL = [AuthenticationError, PermissionDeniedError, InvalidRequestError, ProtocolError]
POLICY = RetryPolicy()

attempts = st.integers(1, 10**6)
jitters = st.floats(0, 1, exclude_max=True)
hostile = st.none() | st.floats(0, 1e300) | st.sampled_from([0.0, 1e9, float("inf")])


@given(attempts, st.sampled_from(RETRYABLE), jitters, st.none() | st.just(True), hostile)  # noqa: FBT003 - a hint's value
def test_a_wait_lies_within_bounds_whatever_the_server_asks_for(attempt, kind, jitter, hint, asked):
    wait = wait_before(attempt, kind("no"), POLICY, jitter=jitter, should_retry=hint, retry_after=asked)
    if attempt >= POLICY.attempts:
        assert wait is None
    else:
        assert wait is not None
        assert POLICY.least <= wait <= POLICY.longest


@pytest.mark.parametrize("kind", FINAL)
def test_what_no_retry_can_mend_is_given_up_at_once(kind):
    assert wait_before(1, kind("no"), POLICY, jitter=0.5) is None
    assert wait_before(1, kind("no"), POLICY, jitter=0.5, retry_after=1.0) is None


@pytest.mark.parametrize("kind", [*RETRYABLE, *FINAL])
def test_stripes_hint_decides_where_it_is_given(kind):
    assert wait_before(1, kind("no"), POLICY, jitter=0.5, should_retry=False) is None
    assert wait_before(1, kind("no"), POLICY, jitter=0.5, should_retry=True) is not None
    assert wait_before(POLICY.attempts, kind("no"), POLICY, jitter=0.5, should_retry=True) is None


def test_waits_double_and_a_limiter_gets_twice_the_time():
    failures = [wait_before(attempt, ServerError("no"), POLICY, jitter=0.999) or 0.0 for attempt in range(1, 7)]
    limits = [wait_before(attempt, RateLimitError("no"), POLICY, jitter=0.999) or 0.0 for attempt in range(1, 5)]
    assert failures == pytest.approx([0.4995 * 2**n for n in range(6)])
    assert limits == pytest.approx([0.999 * 2**n for n in range(4)])


def test_what_the_server_asks_for_is_waited_at_least():
    assert wait_before(1, RateLimitError("no"), POLICY, jitter=0.0, retry_after=7.0) == 7.0
    assert wait_before(1, RateLimitError("no"), POLICY, jitter=0.0, retry_after=1e9) == POLICY.longest


def test_one_attempt_means_none_again():
    assert wait_before(1, ServerError("no"), RetryPolicy(attempts=1), jitter=0.5, should_retry=True) is None


def test_an_attempt_may_take_as_long_as_with_stripes_own_library_and_its_parts_no_longer():
    default = inspect.signature(stripe.RequestsClient.__init__).parameters["timeout"].default
    assert Timeouts().total == default
    assert 0 < Timeouts().connect < Timeouts().read < Timeouts().total


def test_a_wait_doubles_from_half_a_second_to_twenty_and_attempts_are_eight():
    waits = [
        wait_before(attempt, ServerError("no", status=500), RetryPolicy(), jitter=0.9999) for attempt in range(1, 9)
    ]
    assert waits[:6] == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 16.0], rel=1e-3)
    assert waits[6] == pytest.approx(20.0, rel=1e-3)
    assert waits[7] is None
