"""How fast and how many at once, against a strict limiter and a clock of numbers."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.core.api.pace import GUARD, Cap, Latency, Pace, Rate

LIST = "balance_transactions.list"
TICK = 1e-9

gaps = st.floats(0, 3) | st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.04, 1.0, 60.0])
jitters = st.floats(0, GUARD * 0.999)


def send(rate: Rate, now: float, *, bound: int = 50) -> float:
    """Wait as told, then start a request; the moment it started."""
    for _ in range(bound):
        wait = rate.wait(now)
        if wait <= 0:
            rate.start(now)
            return now
        now += max(wait, TICK)
    raise AssertionError("the pace never lets anybody go")


def most_in_a_second(moments: list[float]) -> int:
    """The strictest limiter there is: any window of one second, however it is placed."""
    ordered, most, first = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= 1.0 - TICK:
            first += 1
        most = max(most, last - first + 1)
    return most


@settings(deadline=None)
@given(
    st.sampled_from([0.5, 1.0, 2.0, 3.0, 20.0, 25.0, 100.0]) | st.floats(0.5, 60.0),
    st.lists(st.tuples(gaps, jitters), min_size=1, max_size=150),
)
@example(25.0, [(0.0, 0.0099), *[(0.0, 0.0)] * 60])
@example(2.5, [(0.0, 0.0)] * 12)
def test_no_second_ever_sees_more_than_the_limit_whatever_is_wanted_and_however_it_arrives(limit, wanted):
    rate, now, arrivals = Rate(limit), 0.0, []
    for gap, jitter in wanted:
        now = send(rate, now + gap)
        arrivals.append(now + jitter)
    assert most_in_a_second(arrivals) <= ceil(limit)


@settings(deadline=None)
@given(
    st.sampled_from([5.0, 25.0, 100.0]),
    st.lists(st.tuples(gaps, jitters, st.booleans()), min_size=1, max_size=150),
)
def test_nor_does_it_after_429s_and_while_recovering(limit, wanted):
    rate, now, arrivals = Rate(limit), 0.0, []
    for gap, jitter, refused in wanted:
        now = send(rate, now + gap)
        arrivals.append(now + jitter)
        if refused:
            rate.slow(now)
        assert min(0.5, limit) <= rate.current <= limit
    assert most_in_a_second(arrivals) <= ceil(limit)


@pytest.mark.parametrize("limit", [0.5, 1.0, 2.5, 20.0, 25.0, 100.0])
def test_a_steady_demand_reaches_nearly_the_limit(limit):
    rate, now, count = Rate(limit), 0.0, 1_000
    for _ in range(count):
        now = send(rate, now)
    assert count / now >= 0.98 * limit


def test_a_pause_is_not_saved_up_into_a_burst():
    rate = Rate(25.0)
    send(rate, 0.0)
    moments = []
    now = 100.0
    for _ in range(30):
        now = send(rate, now)
        moments.append(now)
    at_once = sum(moment < 100.001 for moment in moments)
    assert at_once <= 3
    assert max(after - before for before, after in pairwise(moments[5:])) < 0.2


@pytest.mark.parametrize("limit", [1.0, 25.0])
def test_429s_take_a_tenth_off_then_a_third_once_a_second_and_never_stop_everything(limit):
    rate = Rate(limit)
    rate.slow(10.0)
    assert rate.current == pytest.approx(limit * 0.9)
    rate.slow(10.5)
    assert rate.current == pytest.approx(limit * 0.9)
    rate.slow(11.0)
    assert rate.current == pytest.approx(max(0.5, limit * 0.9 * 2 / 3))
    for second in range(60):
        rate.slow(12.1 + 1.01 * second)
    assert rate.current == 0.5


def test_a_stray_429_costs_less_than_a_second_and_those_that_come_again_cost_a_third():
    rate = Rate(25.0)
    seen = []
    for moment in (0.0, 40.0, 69.0):  # the last one within half a minute
        now = moment
        while rate.current < rate.limit:
            now = send(rate, now)
        rate.slow(moment)
        seen.append(rate.current)
    assert seen == pytest.approx([22.5, 22.5, 25 * 2 / 3])


def test_a_slowed_rate_recovers_slowly_and_never_beyond_the_limit():
    rate = Rate(25.0)
    rate.slow(0.0)
    rate.slow(2.0)
    now, seen = 2.0, [rate.current]
    while now < 60.0:
        now = send(rate, now)
        seen.append(rate.current)
    assert max(after - before for before, after in pairwise(seen)) <= 0.5 + TICK
    assert seen[-1] == 25.0
    assert rate.limit == 25.0


def test_without_a_limit_nobody_waits():
    rate = Rate(inf)
    for _ in range(1_000):
        assert rate.wait(0.0) == 0.0
        rate.start(0.0)


def test_a_429_without_a_limit_of_ours_slows_gently_from_what_was_sent():
    rate, now = Rate(inf), 0.0
    for _ in range(400):  # a hundred a second
        now = send(rate, now + 0.01)
    rate.slow(now)
    assert 30 < rate.current < 100
    after = send(rate, now + 1.1)
    send(rate, after)
    assert rate.current < 200


def test_the_cap_follows_concurrency_answers_down_and_recovers_one_by_one():
    cap = Cap(40)
    for _ in range(20):
        cap.start(0.0)
    cap.lower(0.0)
    assert cap.current == 15
    assert not cap.free
    cap.lower(0.5)
    assert cap.current == 15
    for second in range(1, 200):
        cap.lower(float(second))
    assert cap.current == 1
    for _ in range(20):
        cap.end()
    for step in range(60):
        cap.start(200.0 + 5.0 * step)
        cap.end()
    assert cap.current == 40


@given(st.integers(1, 60), st.lists(st.sampled_from(["start", "end", "lower"]), max_size=200))
def test_the_cap_stays_within_its_bounds(limit, steps):
    cap, now = Cap(limit), 0.0
    for step in steps:
        now += 0.7
        if step == "start" and cap.free:
            cap.start(now)
        elif step == "end" and cap.flying:
            cap.end()
        elif step == "lower":
            cap.lower(now)
        assert 1 <= cap.current <= limit
        assert 0 <= cap.flying <= limit


@pytest.mark.parametrize(
    ("reason", "endpoint_slower", "account_slower", "fewer"),
    [
        (None, True, False, False),
        ("endpoint-rate", True, False, False),
        ("resource-specific", True, False, False),
        ("global-rate", True, True, False),
        ("endpoint-concurrency", False, False, True),
        ("global-concurrency", False, False, True),
        ("a-reason-of-next-year", True, False, False),
    ],
)
def test_each_reason_moves_its_own_controller(reason, endpoint_slower, account_slower, fewer):
    pace = Pace(rate=20.0, account_rate=100.0, in_flight=40)
    for _ in range(4):
        pace.cap.start(0.0)
    pace.limited(reason, LIST, 0.0)
    assert (pace.endpoint(LIST).current < 20.0) == endpoint_slower
    assert (pace.whole().current < 100.0) == account_slower
    assert (pace.cap.current < 40) == fewer
    assert pace.endpoint("balance.retrieve").current == 20.0


def test_groups_have_rates_of_their_own_and_share_what_is_in_flight():
    pace = Pace(rate=10.0, account_rate=25.0, in_flight=5)
    for _ in range(3):
        assert pace.wait(LIST, 0.0, "acct_1") == 0.0
        pace.start(LIST, 0.0, "acct_1")
    assert pace.wait(LIST, 0.0, "acct_1") > 0.0
    for _ in range(2):
        assert pace.wait(LIST, 0.0, "acct_2") == 0.0
        pace.start(LIST, 0.0, "acct_2")
    assert pace.wait(LIST, 0.0, "acct_2") == float("inf")
    pace.limited("global-rate", LIST, 0.0, "acct_2")
    assert pace.whole("acct_1").current == 25.0


def test_endpoints_have_rates_of_their_own_within_the_accounts():
    pace = Pace(rate=25.0, account_rate=25.0, in_flight=400)
    now, moments = 0.0, []
    for turn in range(200):
        endpoint = ("a", "b", "c")[turn % 3]
        while (wait := pace.wait(endpoint, now)) > 0:
            now += max(wait, TICK)
        pace.start(endpoint, now)
        moments.append(now)
    assert most_in_a_second(moments) <= 25


def test_a_full_cap_waits_for_an_end_not_for_a_time():
    pace = Pace(rate=inf, account_rate=inf, in_flight=1)
    pace.start(LIST, 0.0)
    assert pace.wait(LIST, 0.0) == inf
    pace.end(None)
    assert pace.wait(LIST, 0.0) == 0.0
    assert pace.latency.count == 0


def test_width_is_rate_times_latency_between_one_and_the_cap():
    pace = Pace(rate=20.0, account_rate=25.0, in_flight=30)
    assert pace.width(LIST) == pytest.approx(10.0)
    for _ in range(200):
        pace.start(LIST, 0.0)
        pace.end(0.001)
    assert pace.width(LIST) == 1.0
    for _ in range(300):
        pace.start(LIST, 0.0)
        pace.end(60.0)
    assert pace.width(LIST) == 30.0


def test_latency_follows_the_last_thirty_or_so():
    latency = Latency()
    latency.add(2.0)
    assert latency.mean == 2.0
    for _ in range(300):
        latency.add(0.2)
    assert latency.mean == pytest.approx(0.2, rel=0.01)


def test_a_429_right_after_the_cap_is_whole_again_lowers_it_and_others_of_its_second_do_not():
    cap = Cap(4)
    for _ in range(3):
        cap.start(0.0)
    cap.lower(0.0)
    assert cap.current == 3
    cap.start(Cap.RECOVERY)
    assert cap.current == 4
    cap.lower(Cap.RECOVERY + 0.5)
    assert cap.current == 3
    cap.lower(Cap.RECOVERY + 1.0)
    assert cap.current == 3
    cap.lower(Cap.RECOVERY + 1.5)
    assert cap.current == 2


def test_how_long_ago_the_last_429_was_is_told_whatever_time_it_is():
    rate = Rate(30.0)
    rate.slow(1_000.0)
    rate.slow(1_000.9)
    assert rate.current == pytest.approx(27.0)
    rate.slow(1_001.0)
    assert rate.current == pytest.approx(18.0)
    late = Rate(30.0)
    late.slow(1_000.0)
    late.slow(1_000.0 + Rate.STRAY)
    assert late.current == pytest.approx(27.0 * 0.9)
