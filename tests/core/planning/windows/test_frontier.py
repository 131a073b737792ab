"""The frontier against a server of rows: every row once, nothing called complete that is not, and an end."""

from __future__ import annotations

import random
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Tuning, Walk
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from tests.support.examples import examples

NOW = 1_790_000_000
YEAR = 365 * 86_400


@dataclass
class Drive:
    """Answers a frontier's walks from rows in memory, in any order, and keeps account.

    Attributes:
        created: of all rows, newest first; a row is its position.
        chance: decides whose page arrives next, and how wide the road is.
    """

    frontier: Frontier
    created: list[int]
    chance: random.Random
    widths: tuple[float, float] = (1.0, 40.0)
    requests: int = 0
    delivered: list[int] = field(default_factory=list)
    _open: dict[int, tuple[Walk, int]] = field(default_factory=dict)

    def width(self) -> float:
        return self.chance.uniform(*self.widths)

    def run(self, *, check) -> None:
        """Go on until nothing is left; `check` is called after every step."""
        bound = 20 * len(self.created) + 400
        self._open_more()
        while self._open:
            key = self.chance.choice(list(self._open))
            self._answer(key)
            self._open_more()
            check(self)
            assert self.requests < bound, "the frontier does not come to an end"
        assert self.frontier.done

    def _open_more(self) -> None:
        for _ in range(500):
            walk = self.frontier.open(self.width())
            if walk is None:
                return
            newest = next((n for n, second in enumerate(self.created) if second < walk.window.stop), len(self.created))
            self._open[id(walk)] = (walk, newest)
        raise AssertionError("the frontier opens walks without end")

    def _answer(self, key: int) -> None:
        walk, position = self._open.pop(key)
        size = self.frontier.tuning.page_size
        end = next(
            (n for n in range(position, len(self.created)) if self.created[n] < walk.window.start), len(self.created)
        )
        page = list(range(position, min(position + size, end)))
        self.requests += 1
        self.frontier.advance(
            walk, rows=[self.created[n] for n in page], has_more=position + size < end, width=self.width()
        )
        self.delivered += [n for n in page if self.created[n] >= walk.floor]
        if not walk.done:
            self._open[key] = (walk, position + size)


class FastDrive(Drive):
    """The same for many rows: positions by bisection."""

    def run(self, *, check) -> None:
        self._ascending = self.created[::-1]
        super().run(check=check)

    def _position(self, second: int) -> int:
        """Position of the first row older than `second`."""
        return len(self.created) - bisect_left(self._ascending, second)

    def _open_more(self) -> None:
        while (walk := self.frontier.open(self.width())) is not None:
            self._open[id(walk)] = (walk, self._position(walk.window.stop))

    def _answer(self, key: int) -> None:
        walk, position = self._open.pop(key)
        end = self._position(walk.window.start)
        page = range(position, min(position + 100, end))
        self.requests += 1
        self.frontier.advance(
            walk, rows=[self.created[n] for n in page], has_more=position + 100 < end, width=self.width()
        )
        self.delivered += [n for n in page if self.created[n] >= walk.floor]
        if not walk.done:
            self._open[key] = (walk, position + 100)


def nothing_undelivered_is_complete(drive: Drive) -> None:
    frontier, delivered = drive.frontier, set(drive.delivered)
    missing = [drive.created[n] for n in range(len(drive.created)) if n not in delivered]
    missing = [second for second in missing if second in frontier.todo]
    left = frontier.incomplete
    for second in missing:
        assert second in left, f"{second} has rows to come, and counts as read"
        assert not frontier.is_complete(Interval(second, second + 1))
    for part in left:
        assert not frontier.is_complete(part)
    for part in frontier.todo.minus(left):
        assert frontier.is_complete(part)
    assert not (frontier.done and missing)
    walks = frontier.walks
    assert all(walk.floor < walk.unread <= walk.window.stop and not walk.done for walk in walks)
    assert frontier.expected_pages >= 0
    for walk in walks:
        frontier.urgency(walk)


clusters = st.lists(
    st.tuples(st.integers(0, 2 * YEAR), st.integers(1, 12), st.sampled_from([0, 1, 3, 60, 3_600, 86_400])),
    max_size=14,
)
tunings = st.builds(
    Tuning,
    page_size=st.integers(1, 5),
    longest=st.sampled_from([2.0, 8.0, 40.0]),
    first=st.sampled_from([0.2, 1.0, 8.0, 40.0]),
    probes=st.integers(1, 6),
    slow_start=st.integers(1, 4),
    patience=st.sampled_from([0.1, 1.0]),
)


def rows_of(several) -> list[int]:
    """Rows in clusters, tie-heavy: `count` rows `step` seconds apart, each cluster ending `age` before now."""
    return sorted((NOW - age - step * n for age, count, step in several for n in range(count)), reverse=True)


@settings(max_examples=examples(300), deadline=None)
@given(
    several=clusters,
    tuning=tunings,
    hint=st.sampled_from([0, NOW - 3 * YEAR, NOW - YEAR, NOW + 5]),
    todo=st.none() | st.lists(st.tuples(st.integers(0, 2 * YEAR), st.integers(1, YEAR)), min_size=1, max_size=4),
    widths=st.sampled_from([(1.0, 1.0), (1.0, 4.0), (1.0, 40.0), (30.0, 60.0)]),
    seed=st.integers(0, 2**32),
)
@example(
    several=[(n * 86_400, 5, 60) for n in range(14)],
    tuning=Tuning(page_size=2, first=0.2),
    hint=0,
    todo=None,
    widths=(1.0, 1.0),
    seed=1,
)
def test_every_row_comes_once_and_nothing_is_called_complete_too_early(several, tuning, hint, todo, widths, seed):
    created = rows_of(several)
    asked = (
        Intervals.span(0, END_OF_TIME)
        if todo is None
        else Intervals.of(Interval(NOW - age, NOW - age + length) for age, length in todo)
    )
    frontier = Frontier(asked, likely_start=hint, tuning=tuning)
    drive = Drive(frontier, created, random.Random(seed), widths)
    drive.run(check=nothing_undelivered_is_complete)
    expected = [n for n, second in enumerate(created) if second in asked]
    assert sorted(drive.delivered) == expected


@settings(max_examples=examples(100), deadline=None)
@given(several=clusters, tuning=tunings, stop_after=st.integers(0, 25), seed=st.integers(0, 2**32))
def test_abandoned_at_any_step_it_calls_complete_only_what_was_delivered(several, tuning, stop_after, seed):
    created = rows_of(several)
    drive = Drive(Frontier(Intervals.span(0, END_OF_TIME), tuning=tuning), created, random.Random(seed))

    class Stopped(Exception):  # noqa: N818 - not an error
        pass

    def stop(drive: Drive) -> None:
        if drive.requests > stop_after:
            raise Stopped

    with suppress(Stopped):
        drive.run(check=stop)
    drive.frontier.abandon()
    assert drive.frontier.walks == ()
    nothing_undelivered_is_complete(drive)
    left = drive.frontier.incomplete
    again = Drive(Frontier(left, tuning=tuning), created, random.Random(seed))
    again.run(check=nothing_undelivered_is_complete)
    first = [n for n in drive.delivered if created[n] not in left]
    assert sorted(first + again.delivered) == list(range(len(created)))


@pytest.mark.parametrize("hint", [0, NOW - 5 * YEAR])
@pytest.mark.parametrize(
    ("shape", "factor"),
    [("steady", 1.15), ("burst", 1.45), ("second", 1.45), ("dead", 1.25), ("launch", 1.25), ("growth", 1.2)],
)
def test_requests_stay_near_the_least_possible_for_every_shape(shape, factor, hint):
    chance = random.Random(5)
    day = NOW - 100 * 86_400
    shapes = {
        "steady": lambda n: chance.randrange(NOW - 5 * YEAR, NOW),
        "burst": lambda n: chance.randrange(day, day + 86_400) if n % 2 else chance.randrange(NOW - YEAR, NOW),
        "second": lambda n: day if n < 3_000 else chance.randrange(NOW - YEAR, NOW),
        "dead": lambda n: chance.randrange(NOW - 5 * YEAR, NOW - 4 * YEAR),
        "launch": lambda n: chance.randrange(NOW - 30 * 86_400, NOW),
        "growth": lambda n: NOW - 1 - int(min(5 * YEAR - 1, chance.expovariate(6 / (3 * YEAR)))),
    }
    created = sorted((shapes[shape](n) for n in range(8_000)), reverse=True)
    frontier = Frontier(Intervals.span(0, END_OF_TIME), likely_start=hint)
    drive = FastDrive(frontier, created, random.Random(1), (12.0, 12.0))
    drive.run(check=lambda _: None)
    assert sorted(drive.delivered) == list(range(len(created)))
    assert drive.requests <= factor * ceil(len(created) / 100) + 8


@pytest.mark.parametrize("rows", [0, 1, 60, 100, 101, 600])
@pytest.mark.parametrize("hint", [0, NOW - 5 * YEAR])
def test_a_quiet_account_costs_few_requests(rows, hint):
    chance = random.Random(9)
    created = sorted((chance.randrange(NOW - 5 * YEAR, NOW) for _ in range(rows)), reverse=True)
    frontier = Frontier(Intervals.span(0, END_OF_TIME), likely_start=hint)
    drive = Drive(frontier, created, random.Random(1), (12.0, 12.0))
    drive.run(check=nothing_undelivered_is_complete)
    assert len(drive.delivered) == rows
    assert drive.requests <= {0: 1, 1: 1, 60: 1, 100: 1, 101: 6, 600: 15}[rows]


def test_nothing_to_read_is_done_before_it_begins():
    frontier = Frontier(Intervals())
    assert frontier.done
    assert frontier.open(10.0) is None
    assert frontier.is_complete(Interval(0, END_OF_TIME))


def test_the_newest_window_goes_first_while_there_is_much_to_carve_and_the_longest_walk_at_the_end():
    frontier = Frontier(Intervals.span(0, 200_000), likely_start=1, tuning=Tuning(first=1_000))
    first = frontier.open(4.0)
    frontier.advance(first, rows=list(range(199_999, 199_899, -1)), has_more=True, width=4.0)
    walks = [first, *iter(lambda: frontier.open(4.0), None)]
    assert len(walks) > 3
    assert [frontier.urgency(walk) for walk in walks] == [float(walk.window.stop) for walk in walks]
    ending = Frontier(Intervals.span(0, 2_000), likely_start=1)
    newest = ending.open(4.0)
    ending.advance(newest, rows=list(range(1_999, 1_899, -1)), has_more=True, width=4.0)
    walks = [newest, *iter(lambda: ending.open(4.0), None)]
    assert max(walks, key=ending.urgency) is max(
        walks, key=lambda walk: walk.density.value * (walk.unread - walk.floor)
    )


@pytest.mark.parametrize("width", [5.0, 40.0])
@pytest.mark.parametrize("rows", [101, 500])
def test_a_burst_in_the_few_minutes_that_are_read_again_is_not_looked_for_in_every_second(rows, width):
    start = NOW - 600
    created = [NOW - 5 - number // rows for number in range(rows)]
    frontier = Frontier(Intervals.span(start, END_OF_TIME), likely_start=NOW - YEAR)
    drive = Drive(frontier, created, random.Random(1), widths=(width, width))
    drive.run(check=lambda _: None)
    assert sorted(drive.delivered) == list(range(rows))
    assert drive.requests <= rows // 100 + 16  # every second was 46 windows


@pytest.mark.parametrize("rows", [5, 101, 1_342])
def test_where_one_request_at_a_time_is_all_there_is_one_walk_takes_the_fewest(rows):
    created = sorted((random.Random(rows).randrange(NOW - YEAR, NOW) for _ in range(rows)), reverse=True)
    frontier = Frontier(Intervals.span(0, END_OF_TIME))
    drive = Drive(frontier, created, random.Random(1), widths=(1.0, 1.0))
    drive.run(check=lambda _: None)
    assert drive.requests <= ceil(rows / 100) + 3


def test_what_is_left_of_the_oldest_seconds_after_probes_waits_behind_all_newer_ones():
    frontier = Frontier(Intervals.of([Interval(0, 10**6), Interval(4 * 10**6, 5 * 10**6)]))
    frontier.advance(frontier.open(10.0), rows=[5 * 10**6 - 1 - 40 * n for n in range(100)], has_more=True, width=10.0)
    probes = 0
    while (opened := frontier.open(10.0)).window.stop <= 10**6:
        probes += 1
        frontier.advance(opened, rows=[opened.window.stop - 1], has_more=False, width=10.0)
    assert probes == frontier.tuning.probes
    assert frontier.pool_stop == opened.window.start


def test_windows_are_not_cut_small_while_those_far_down_have_not_answered():
    """All that is left beside the probes seems little then, though what the first page promised is much."""
    frontier = Frontier(Intervals.span(0, NOW), likely_start=NOW - 5 * YEAR)
    frontier.advance(frontier.open(15.0), rows=[NOW - 1 - 13 * n for n in range(100)], has_more=True, width=15.0)
    opened = list(iter(lambda: frontier.open(15.0), None))
    newer = opened[frontier.tuning.probes :]
    assert len(newer) > 2
    for walk in newer:
        assert walk.density.value * walk.answers_for.seconds >= 0.99 * frontier.tuning.meanwhile * 100
