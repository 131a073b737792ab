from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.http.limits import Limiter, Limits

GAPS = st.lists(st.floats(0, 0.4), min_size=1, max_size=200)


def admitted(limits, gaps, *, live=False):
    limiter, now, out = Limiter(limits, live=live), 1_000.0, []
    for gap in gaps:
        now += gap
        if limiter.arrive("list", now) is None:
            out.append(now)
            limiter.leave("list")
    return out


@given(GAPS, st.integers(1, 10))
def test_a_sliding_limit_is_never_exceeded_in_any_second(gaps, rate):
    times = admitted(Limits(rate, 0), gaps)
    for first, later in zip(times, times[rate:], strict=False):
        assert later - first >= 1.0


@given(GAPS, st.integers(1, 10), st.sampled_from(["bucket", "fixed"]))
def test_the_other_algorithms_admit_at_most_twice_the_rate_in_a_second(gaps, rate, algorithm):
    times = admitted(Limits(rate, 0, algorithm=algorithm), gaps)
    for first, later in zip(times, times[2 * rate + 1 :], strict=False):
        assert later - first >= 1.0


@given(st.sampled_from(["sliding", "bucket", "fixed"]))
def test_a_steady_stream_below_the_limit_is_never_refused(algorithm):
    assert len(admitted(Limits(25, 25, algorithm=algorithm), [1 / 24] * 200)) == 200


def test_each_endpoint_has_a_limit_and_the_account_another():
    limiter = Limiter(Limits(3, 5), live=False)
    assert [limiter.arrive("a", 0.0) for _ in range(4)] == [None, None, None, "endpoint-rate"]
    assert [limiter.arrive("b", 0.1) for _ in range(3)] == [None, None, "global-rate"]
    assert limiter.arrive("a", 1.0) is None


@pytest.mark.parametrize(("live", "most"), [(False, 25), (True, 100)])
def test_a_live_key_may_ask_four_times_as_often(live, most):
    limiter = Limiter(Limits(0, None, 0, 0), live=live)
    assert [limiter.arrive("a", 0.0) for _ in range(101)].count(None) == most


def test_requests_in_flight_are_limited_until_they_leave():
    limiter = Limiter(Limits(0, 0, 2, 3), live=False)
    assert [limiter.arrive("a", 0.0) for _ in range(3)] == [None, None, "endpoint-concurrency"]
    assert [limiter.arrive("b", 0.0) for _ in range(2)] == [None, "global-concurrency"]
    limiter.leave("a")
    assert limiter.arrive("b", 0.0) is None
    assert limiter.in_flight == 3


def test_an_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match="sliding"):
        Limits(algorithm="guess")
