"""A follower over simulated hours and days: no test here waits."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.core.api.allocation import FIRST, MONTH
from connector.core.planning.follow import MOST_ROWS
from connector.errors import (
    AuthenticationError,
    ConfigError,
    PermissionDeniedError,
    ProtocolError,
    TransportError,
    UsageError,
)
from connector.stripe.follow.options import FollowOptions
from tests.support.examples import examples, slow_but
from tests.support.fakes import NOW, ok, refused
from tests.support.live import OWN, Heard, Hours, Live, TimeUpError, collect, kept

pytestmark = pytest.mark.anyio

HOUR, DAY = 3_600, 86_400
BEGIN = 1_000
"""Where a test's clock begins."""

ROWS = st.lists(st.tuples(st.integers(-3_000, 30_000), st.integers(0, 890)), max_size=60)
FAULTS = st.dictionaries(st.integers(2, 120), st.sampled_from(["network", "500", "429", "broken"]), max_size=30)


def fault(kind):
    if kind == "network":
        return TransportError("no complete answer")
    if kind == "broken":
        return ok({"object": "list", "data": "?"})
    return refused(int(kind))


@settings(max_examples=examples(40), deadline=None)
@given(
    rows=ROWS,
    faults=FAULTS,
    stops=st.lists(st.integers(1, 28_000), max_size=3),
    size=st.sampled_from([1, 3, 100]),
    look_back=st.sampled_from([900, 2_000]),
    since=st.sampled_from([None, BEGIN - 2_000, BEGIN + 5_000]),
)
@example(rows=[(5_616, 0)] * 4, faults={}, stops=[], size=1, look_back=2_000, since=None)
async def test_each_row_comes_exactly_once_whenever_it_is_listed_and_however_often_we_begin_again(
    rows, faults, stops, size, look_back, since
):
    clock = Hours()
    live = Live(
        clock, shuffle=True, size=size, spoil=lambda number: fault(faults[number]) if number in faults else None
    )
    for number, (created, late) in enumerate(rows):
        live.add(number, BEGIN + created, visible=BEGIN + created + late)
    bookmark, found = None, []
    for stop in [*sorted(stops), 40_000]:
        clock.until = BEGIN + stop
        follower = live.follower(
            bookmark, look_back=look_back, since=None if since is None else NOW + since, reads_per_month=20_000
        )
        await collect(follower, found)
        bookmark = kept(follower)
    ids = [one["id"] for one in found]
    assert len(ids) == len(set(ids))
    begin = NOW + BEGIN
    wanted = live.rows.get(OWN, [])
    if since is not None:
        assert set(ids) == {one["id"] for _, one in wanted if one["created"] >= NOW + since}
        return
    new = {one["id"] for at, one in wanted if at > begin or one["created"] >= begin}
    assert set(ids) <= new
    assert set(ids) >= (new if not faults else {one["id"] for _, one in wanted if one["created"] >= begin})


async def test_rows_come_oldest_first_in_each_look():
    clock = Hours(BEGIN + HOUR)
    live = Live(clock, shuffle=True)
    for number in range(300):
        live.add(number, BEGIN + 100 + number // 3)
    found = await collect(live.follower(since=NOW))
    assert len(found) == 300
    looks = [(one["created"], one["id"]) for one in found]
    assert looks == sorted(looks)


async def test_an_idle_look_is_one_request_and_a_month_of_them_stays_within_its_reads():
    clock = Hours(BEGIN + 10 * DAY)
    live = Live(clock)
    assert await collect(live.follower()) == []
    assert 0.9 * 5_000 / 3 < len(live.asked) <= FIRST + 1 + 5_000 * 10 * DAY / MONTH
    waits = [later - earlier for (_, earlier), (_, later) in zip(live.asked[-50:], live.asked[-49:], strict=False)]
    assert max(waits) == pytest.approx(MONTH / 5_000)


async def test_looks_are_quick_when_rows_come_and_slow_down_when_they_stop():
    clock = Hours(BEGIN + DAY)
    live = Live(clock)
    live.add(1, BEGIN + DAY // 2)
    assert len(await collect(live.follower())) == 1
    times = [at for _, at in live.asked]
    seen = next(at for at in times if at >= BEGIN + DAY // 2)
    after = [at for at in times if at >= seen]
    waits = [later - earlier for earlier, later in itertools.pairwise(after)]
    assert waits[0] == pytest.approx(10)
    assert min(waits) == pytest.approx(10)
    assert waits[-1] == pytest.approx(MONTH / 5_000)
    assert sum(wait < 30 for wait in waits) >= 10


async def test_a_row_that_is_listed_at_the_end_of_the_look_back_is_not_lost():
    clock = Hours(BEGIN + 2 * HOUR)
    live = Live(clock)
    late = live.add(1, BEGIN + 500, visible=BEGIN + 500 + 899)
    early = live.add(2, BEGIN + 700)
    assert await collect(live.follower()) == [early, late]


@pytest.mark.parametrize("ahead", slow_but([2 * HOUR], [2 * HOUR, 400 * DAY]))
async def test_a_server_whose_clock_is_ahead_passes_no_row_over(ahead):
    clock = Hours(BEGIN + 5 * HOUR)
    live = Live(clock, ahead=ahead)
    there = [live.add(number, BEGIN - number) for number in range(1, 200)]
    rows = [
        live.add(1_000 + number, BEGIN + 60 + number * 90, visible=BEGIN + 500 + number * 90) for number in range(150)
    ]
    found = await collect(live.follower())
    assert [one["id"] for one in found if one not in there] == [one["id"] for one in rows]


@pytest.mark.slow
async def test_a_long_past_is_caught_up_with_in_order_without_holding_it_all():
    clock = Hours(BEGIN + HOUR)
    live = Live(clock)
    for number in range(25_000):
        live.add(number, BEGIN - 50_000 + number // 10)
    follower = live.follower(since=NOW - 100_000)
    found: list[dict] = []
    most = 0
    with suppress(TimeUpError):
        async for batch in follower:
            found.extend(batch.rows)
            most = max(most, len(follower._waiting))
    assert len({one["id"] for one in found}) == len(found) == 25_000
    assert [one["created"] for one in found] == sorted(one["created"] for one in found)
    assert most <= MOST_ROWS
    assert len(live.asked) < 25_000 / 100 * 2.2  # slices that turned out too crowded were begun in vain


@pytest.mark.slow
async def test_a_day_without_network_is_told_once_and_loses_nothing():
    clock = Hours(BEGIN + 3 * DAY)
    live = Live(clock)
    out = range(BEGIN + DAY, BEGIN + 2 * DAY)
    live.spoil = lambda _: TransportError("unreachable") if int(clock.time) in out else None
    rows = [live.add(number, BEGIN + number * HOUR) for number in range(1, 70)]
    heard = Heard()
    assert await collect(live.follower(listener=heard)) == rows
    assert heard.told == ["lost", "back"]
    during = [at for _, at in live.asked if int(at) in out]
    assert max(later - earlier for earlier, later in itertools.pairwise(during)) <= 301


async def test_a_server_that_fails_for_a_day_is_not_asked_beyond_the_budget_and_is_followed_soon_after():
    clock = Hours(BEGIN + 3 * DAY)
    live = Live(clock)
    out = range(BEGIN + DAY, BEGIN + 2 * DAY)
    live.spoil = lambda _: refused(503) if int(clock.time) in out else None
    row = live.add(1, BEGIN + DAY + HOUR)
    assert await collect(live.follower()) == [row]
    during = [at for _, at in live.asked if int(at) in out]
    assert len(during) < 4 * (5_000 / 30 + FIRST)
    after = next(at for _, at in live.asked if at >= BEGIN + 2 * DAY)
    assert after - (BEGIN + 2 * DAY) <= 3 * MONTH / 5_000 + 1


async def test_a_network_that_is_not_there_yet_is_waited_for():
    clock = Hours(BEGIN + DAY)
    live = Live(clock, spoil=lambda number: TransportError("unreachable") if number < 20 else None)
    row = live.add(1, BEGIN + HOUR * 5)
    heard = Heard()
    assert await collect(live.follower(listener=heard)) == [row]
    assert heard.told == ["lost", "back"]


async def test_a_page_that_fails_in_the_middle_of_a_look_is_no_reason_for_doubles():
    clock = Hours(BEGIN + HOUR)
    live = Live(clock, size=10)
    rows = [live.add(number, BEGIN - 400 + number) for number in range(300)]
    live.spoil = lambda number: ok({"object": "list", "data": [], "has_more": True}) if number in {6, 13, 40} else None
    found = await collect(live.follower(since=NOW))
    assert found == rows


async def test_answers_that_keep_breaking_the_contract_end_it():
    live = Live(Hours(BEGIN + DAY), spoil=lambda number: ok({"object": "list"}) if number > 1 else None)
    with pytest.raises(ProtocolError):
        await collect(live.follower())
    assert len(live.asked) == 1 + 5


async def test_a_key_that_is_revoked_ends_it():
    live = Live(Hours(BEGIN + DAY), spoil=lambda number: refused(401) if number > 10 else None)
    with pytest.raises(AuthenticationError):
        await collect(live.follower())


async def test_accounts_are_looked_at_in_turn_within_one_budget():
    clock = Hours(BEGIN + 5 * DAY)
    live = Live(clock, rows={f"acct_{number}": [] for number in range(4)})
    expected = [live.add(number, BEGIN + number * HOUR, account=f"acct_{number % 4}") for number in range(1, 9)]
    found = []
    follower = live.follower(accounts=(None, *live.rows))
    with suppress(TimeUpError):
        async for batch in follower:
            found += [(batch.account, one["id"]) for one in batch.rows]
    assert sorted(found) == sorted((f"acct_{int(one['id'][4:]) % 4}", one["id"]) for one in expected)
    assert len(live.asked) <= FIRST + 6 + 5_000 * 5 * DAY / MONTH + 100 * len(expected)
    looks = [sum(account == name for account, _ in live.asked) for name in (OWN, *live.rows)]
    assert min(looks) > 100


async def test_the_keys_own_account_named_by_its_id_too_is_followed_once():
    clock = Hours(BEGIN + HOUR)
    live = Live(clock)
    row = live.add(1, BEGIN + 100)
    assert await collect(live.follower(accounts=(None, OWN))) == [row]


async def test_an_account_that_is_refused_is_left_out_and_the_others_go_on():
    clock = Hours(BEGIN + DAY)
    live = Live(clock, rows={"acct_1": []})
    row = live.add(1, BEGIN + HOUR, account="acct_1")
    heard = Heard()
    follower = live.follower(accounts=("acct_1", "acct_gone"), listener=heard)
    assert await collect(follower) == [row]
    assert heard.told == ["refused acct_gone"]
    assert list(follower.refused) == ["acct_gone"]
    assert sum(account == "acct_gone" for account, _ in live.asked) == 1
    assert follower.refused["acct_gone"].__traceback__ is None  # whose frames keep what was being read


@pytest.mark.parametrize(
    "options",
    [
        {"accounts": ("acct_gone",)},
        {"accounts": ("acct_gone", "acct_lost")},
        {"accounts": (None, "acct_gone"), "fail_fast": True},
    ],
)
async def test_where_nobody_is_left_or_the_first_is_to_end_it_the_refusal_is_the_error(options):
    with pytest.raises(PermissionDeniedError, match="no access"):
        await collect(Live(Hours(BEGIN + DAY)).follower(**options))


async def test_what_was_not_taken_comes_again_after_a_restart():
    clock = Hours(BEGIN + HOUR)
    live = Live(clock)
    rows = [live.add(number, BEGIN + number) for number in range(5)]
    follower = live.follower(since=NOW)
    found = []
    async for batch in follower:
        found += batch.rows
        if len(found) == 5:
            break
    follower.took(len(batch.rows) - 2)
    assert await collect(live.follower(kept(follower), since=NOW)) == rows[-2:]


async def test_a_bookmark_keeps_accounts_that_are_not_followed_this_time():
    clock = Hours(BEGIN + 100)
    live = Live(clock, rows={"acct_1": [], "acct_2": []})
    first = live.follower(accounts=("acct_1", "acct_2"))
    await collect(first)
    clock.until += 100
    second = live.follower(kept(first), accounts=("acct_2",))
    await collect(second)
    assert set(kept(second)["accounts"]) == {"acct_1", "acct_2"}


@pytest.mark.parametrize(
    "bookmark",
    [
        {},
        {"version": 2, "about": {"filters": {}, "livemode": False}, "accounts": {}},
        {"version": 1, "about": {"filters": {"type": "charge"}, "livemode": False}, "accounts": {}},
        {"version": 1, "about": {"filters": {}, "livemode": True}, "accounts": {}},
        {"version": 1, "about": {"filters": {}, "livemode": False}, "accounts": {"acct_1": {"floor": "x"}}},
        {"version": 1, "about": {"filters": {}, "livemode": False}, "accounts": []},
    ],
)
def test_a_bookmark_about_other_rows_or_by_somebody_else_is_refused(bookmark):
    with pytest.raises(ConfigError):
        Live(Hours()).follower(bookmark)


@pytest.mark.parametrize(
    "options",
    [
        {"look_back": -1},
        {"interval": 0.5},
        {"interval": float("nan")},
        {"reads_per_month": 0},
        {"accounts": ()},
        {"accounts": (None, None)},
        {"filters": {"colour": "red"}},
        {"since": "soon"},
    ],
)
def test_options_out_of_bounds_are_refused(options):
    with pytest.raises(UsageError):
        FollowOptions(**options)
