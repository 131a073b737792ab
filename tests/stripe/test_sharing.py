"""Runs on one lake that read the same account share the rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.config.config import DEFAULT_RATE, ApiKey, Config
from connector.core.api.pace import Pace, Rate
from connector.core.state.leases import LEASE_VERSION, Holder, Lease, Others, Sign, with_changes
from connector.events import RateShared
from connector.stripe.gate import Gate
from connector.stripe.sharing import ALONE_SECONDS, LOOKS, NEWCOMER_PART, RateSharing
from tests.support.fakes import KEY, Client, FakeTransport

LIMIT = 25
"""Requests a second that Stripe allows for one endpoint."""


def lease(run: str = "mine", **fields) -> Lease:
    holder = Holder(host="here", boot="b", pid=7)
    return Lease(lease_version=LEASE_VERSION, id=run, command="sync", holder=holder, begun=1, renewed=2, **fields)


def sharing(**settings):
    """What shares a client's rate, the client, and what was told."""
    chosen, heard = Config(ApiKey(KEY), **settings), []
    gate = Gate(Pace(chosen.rate, chosen.account_rate, chosen.max_in_flight, chosen.sharers))
    client = Client(chosen, FakeTransport(), gate, on_event=heard.append)
    return RateSharing(client, lambda: lease(accounts=("acct_a",))), client, heard


def others(*accounts: str, begun: int = 1) -> Others:
    """So many other runs, each about an account."""
    signs = {
        f"{n}": Sign(f"{n}", 0.0, with_changes(lease(f"{n}", accounts=(one,)), begun=begun))
        for n, one in enumerate(accounts)
    }
    return Others(0.0, signs)


def rate(client, endpoint="list") -> float:
    return client.gate.pace.endpoint(endpoint).current


def test_a_run_alone_goes_at_the_rate():
    shared, client, heard = sharing()
    shared.heed(others())
    shared.heed(others("acct_b", "acct_c"))
    assert (rate(client), heard) == (DEFAULT_RATE, [])


def test_a_run_that_comes_takes_half_its_share_until_the_others_have_seen_it():
    shared, client, heard = sharing()
    shared.heed(others("acct_a"))
    assert rate(client) == DEFAULT_RATE / 2 / NEWCOMER_PART
    shared.heed(others("acct_a"))
    assert rate(client) == rate(client, "another") == DEFAULT_RATE / 2
    assert heard == [RateShared(2, DEFAULT_RATE / 2)]


def test_a_run_that_others_join_takes_its_share_at_once_and_has_all_again_when_they_end():
    shared, client, heard = sharing()
    for there in (others(), others("acct_a"), others("acct_a", "acct_a"), others("acct_a"), others()):
        shared.heed(there)
    assert [one.runs for one in heard] == [2, 3, 2, 1]
    assert rate(client) == DEFAULT_RATE
    assert client.gate.pace.whole().current == client.config.account_rate


@pytest.mark.parametrize("settings", [{"rate": 12.0}, {"shares_rate": False}])
def test_a_rate_that_was_chosen_is_kept_as_it_is_and_it_is_told_that_there_are_others(settings):
    shared, client, heard = sharing(**settings)
    shared.heed(others("acct_a"))
    shared.heed(others("acct_a"))
    chosen = settings.get("rate", DEFAULT_RATE)
    assert rate(client) == chosen
    assert heard == [RateShared(2, chosen)]


def test_whether_a_rate_was_chosen_is_known_where_it_is_given_as_a_setting():
    environ = {"STRIPE_API_KEY": KEY}
    assert Config.from_env(environ).goes_shares
    assert not Config.from_env(environ, rate=DEFAULT_RATE).goes_shares
    assert Config.from_env(environ, rate=None).goes_shares
    assert Config.from_env(environ, rate=5.0, shares_rate=True).goes_shares


@given(st.integers(1, 30))
def test_all_together_stay_under_the_limit_also_while_one_comes(already):
    before = already * DEFAULT_RATE / already
    assert before + DEFAULT_RATE / (already + 1) / NEWCOMER_PART <= LIMIT


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 5)), min_size=1, max_size=6),
    st.floats(4, 40),
)
def test_no_second_sees_more_than_the_limit_of_its_time_whoever_comes_and_goes(steps, limit):
    controller, now, sent = Rate(limit), 0.0, []
    for seconds, among in steps:
        controller.resize(limit / among)
        lowered, until = now, now + seconds
        while (now := now + controller.wait(now)) <= until:
            controller.start(now)
            sent.append(now)
            inside = [at for at in sent if max(lowered, now - 1.0) < at <= now]
            assert len(inside) <= max(1.0, limit / among) + 1
        now = until


def test_a_rate_that_a_429_has_slowed_does_not_go_up_at_once_when_others_end():
    controller = Rate(20.0)
    controller.resize(10.0)
    controller.slow(100.0)
    slowed = controller.current
    controller.resize(20.0)
    assert (controller.current, controller.limit) == (slowed, 20.0)
    controller.resize(5.0)
    assert controller.current == 5.0


SLOTS = 4


def task(**settings):
    """The same of one of four tasks of a plan."""
    return sharing(**({"rate": DEFAULT_RATE / SLOTS, "sharers": SLOTS, "max_in_flight": 10} | settings))


def test_a_task_goes_at_its_part_while_others_are_gone_for_a_moment_and_takes_theirs_when_they_stay_away():
    shared, client, heard = task()
    shared.heed(others(*["acct_a"] * 3))
    seen = []
    for _ in range(LOOKS):
        shared.heed(others("acct_a"))
        seen.append(rate(client))
    assert seen == [5.0, 5.0, 10.0]
    for _ in range(LOOKS):
        shared.heed(others())
    assert rate(client) == DEFAULT_RATE
    assert client.gate.pace.whole().current == pytest.approx(LIMIT)
    assert client.gate.pace.cap.current == 40
    told = [(4, 5.0), (2, 5.0), (2, 10.0), (1, 10.0), (1, 20.0)]
    assert heard == [RateShared(*one) for one in told]
    shared.heed(others(*["acct_a"] * 3))  # others have begun: back at once
    assert rate(client) == DEFAULT_RATE / SLOTS
    assert client.gate.pace.cap.current == 10


def test_a_task_that_nobody_follows_takes_the_parts_of_others_at_the_look_that_misses_them_once_all_had_begun():
    shared, client, _ = task(followed=False)
    shared.heed(others())
    shared.heed(others())
    assert rate(client) == 5.0  # they may not have begun yet
    shared.heed(others(*["acct_a"] * 3))
    seen = []
    for there in (3, 1, 0):
        shared.heed(others(*["acct_a"] * there))
        seen.append(rate(client))
    assert seen == [5.0, 10.0, 20.0]


def test_more_runs_than_slots_leave_a_task_its_part():
    shared, client, _ = task()
    for _ in range(5):
        shared.heed(others(*["acct_a"] * 6))
    assert rate(client) == DEFAULT_RATE / SLOTS


@given(st.integers(2, 64), st.data())
def test_tasks_that_begin_while_others_have_more_keep_all_together_under_the_limit(slots, data):
    there = data.draw(st.integers(0, slots - 1))
    comes = data.draw(st.integers(1, slots - there))
    whole = DEFAULT_RATE if there else 0.0  # what those that stayed may have taken by then
    for begun in range(comes):
        shared, client, _ = task(rate=DEFAULT_RATE / slots, sharers=slots)
        shared.lease = lambda: with_changes(lease(accounts=("acct_a",)), begun=1 + ALONE_SECONDS)
        long, short = others(*["acct_a"] * there).signs, others(*["acct_a"] * begun, begun=1 + ALONE_SECONDS).signs
        shared.heed(Others(0.0, long | {f"new{name}": one for name, one in short.items()}))
        whole += rate(client)
    assert whole <= LIMIT + 1e-9


def test_tasks_that_begin_together_have_their_part_at_once():
    for there in range(SLOTS):
        shared, client, _ = task()
        shared.heed(others(*["acct_a"] * there))
        assert rate(client) == DEFAULT_RATE / SLOTS


def most_in_a_second(pace, seconds: float = 20.0) -> int:
    """Requests that a pace lets start in the second that has most of them."""
    now, sent = 0.0, []
    while (now := now + pace.wait("list", now)) < seconds:
        pace.start("list", now)
        pace.end(None)
        sent.append(now)
    return max(sum(begin <= at < begin + 1.0 for at in sent) for begin in sent)


@pytest.mark.parametrize("left", [4, 3, 2, 1])
def test_tasks_at_the_limit_itself_stay_within_it_whenever_each_begins_its_second(left):
    pace = Pace(LIMIT / SLOTS, LIMIT / SLOTS, 10, SLOTS)
    pace.share(left / SLOTS)
    assert LIMIT * 0.9 <= left * most_in_a_second(pace) <= LIMIT


@pytest.mark.parametrize("slots", [3, 4, 6, 16])
def test_tasks_at_the_default_pace_lose_nothing_of_it_by_rounding(slots):
    pace = Pace(DEFAULT_RATE / slots, LIMIT / slots, 10, slots)
    rate_, seconds = pace.endpoint("list"), 200.0
    now, sent = 0.0, 0
    while (now := now + rate_.wait(now)) < seconds:
        rate_.start(now)
        sent += 1
    assert sent >= 0.97 * seconds * DEFAULT_RATE / slots
