"""Simulate the frontier on accounts of many shapes: time against the ideal, requests against the least.

No network and no waiting, only numbers: 25 requests/s, 600 ms median latency. The ideal is rows/100/rate plus two
latencies, the least rows/100. By itself the pace is even; the bench simulates with the pace that the client has, and
with second witnesses. `python tests/benchmarks/simulate.py [ROWS …]`.
"""

from __future__ import annotations

import heapq
import random
import sys
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from math import exp, inf
from statistics import median
from typing import TYPE_CHECKING

from connector.config.config import DEFAULT_IN_FLIGHT
from connector.core.api.pace import Pace
from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Tuning, Walk
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from tests.benchmarks.figures import Figure

if TYPE_CHECKING:
    from connector.core.planning.absence.absence import Absence
    from tests.benchmarks.peers import Bench

DAY = 86_400
YEAR = 365 * DAY
NOW = 1_790_000_000
RATE, LATENCY, SIGMA = 25.0, 0.6, 0.3
IN_FLIGHT = 60
SEEDS = 5
LIST = "balance_transactions.list"


def uniform(rng, rows, span=YEAR):
    return [rng.randrange(NOW - span, NOW) for _ in range(rows)]


def business(rng, rows):
    found = []
    while len(found) < rows:
        second = rng.randrange(NOW - YEAR, NOW)
        busy = 8 <= second // 3600 % 24 < 20
        weekend = second // DAY % 7 in (2, 3)
        if rng.random() < (1.0 if busy else 0.15) * (0.4 if weekend else 1.0):
            found.append(second)
    return found


def growth(rng, rows):
    found = []
    while len(found) < rows:
        if (ago := rng.expovariate(6)) < 1.0:  # none is older than the account; a hot second is a shape of its own
            found.append(NOW - 1 - int(3 * YEAR * ago))
    return found


def launch(rng, rows):
    return uniform(rng, rows, 30 * DAY)


def burst(rng, rows):
    day = NOW - 100 * DAY
    return [rng.randrange(day, day + DAY) for _ in range(rows // 2)] + uniform(rng, rows - rows // 2)


def hot_second(rng, rows):
    hot = min(3000, rows // 2)
    return [NOW - 50 * DAY] * hot + uniform(rng, rows - hot)


def dead(rng, rows):
    return [second - 4 * YEAR for second in uniform(rng, rows)]


def seasonal(rng, rows):
    return [NOW - 1 - rng.randrange(5) * YEAR - rng.randrange(40 * DAY) for _ in range(rows)]


def five_years(rng, rows):
    return uniform(rng, rows, 5 * YEAR)


SHAPES = {
    uniform: YEAR,
    business: YEAR,
    growth: 3 * YEAR,
    launch: 5 * YEAR,
    burst: YEAR,
    hot_second: YEAR,
    dead: 5 * YEAR,
    seasonal: 5 * YEAR,
    five_years: 5 * YEAR,
}
"""Shapes of accounts, and how long ago each was made."""


@dataclass
class Server:
    """Answers like Stripe's list, from the sorted `created` of all rows; lies now and then.

    Attributes:
        created: of all rows, ascending.
        lies: what a lie is, `nothing` (no rows and no more) or `end` (no more), and the share of the answers that are.
        chance: decides which.
        cut: the number of one answer, from 1, that shows only so many of its rows, and no more.
    """

    created: list[int]
    lies: tuple[str, float] | None = None
    chance: random.Random = field(default_factory=random.Random)
    cut: tuple[int, int] = (0, 0)
    answers: int = 0
    _next: dict[Walk, int] = field(default_factory=dict)

    def page(self, walk: Walk) -> tuple[range, bool]:
        """Return the rows of a walk's next page by their places, oldest first, and whether there is more."""
        stop = self._next.setdefault(walk, bisect_left(self.created, walk.window.stop))
        low = bisect_left(self.created, walk.window.start)
        start = self._next[walk] = max(low, stop - 100)
        self.answers += 1
        if self.answers == self.cut[0]:
            return range(max(start, stop - self.cut[1]), stop), False
        if self.lies and self.chance.random() < self.lies[1]:
            return (range(0) if self.lies[0] == "nothing" and not walk.pages else range(start, stop)), False
        return range(start, stop), start > low


@dataclass
class Even:
    """An even pace, known beforehand; of `Pace` it has what a simulation asks for."""

    rate: float
    latency: float
    flying: int = 0
    due: float = 0.0

    def wait(self, _: str, now: float) -> float:
        return max(0.0, self.due - now) if self.flying < IN_FLIGHT else inf

    def start(self, _: str, now: float) -> None:
        self.flying += 1
        self.due = max(now, self.due) + 1 / self.rate

    def end(self, _: float) -> None:
        self.flying -= 1

    def width(self, _: str) -> float:
        return self.rate * self.latency * exp(SIGMA * SIGMA / 2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backfill came to: seconds, requests, rows that never came, and what weighed the ends."""

    seconds: float
    requests: int
    hidden: int
    absence: Absence


def simulate(
    created,
    *,
    likely_start,
    seed,
    tuning=None,
    rate=RATE,
    latency=LATENCY,
    pace=None,
    wary=False,
    lies=None,
    cut=(0, 0),
    usual=None,
    todo=None,
):
    """Return the outcome of a backfill; `wary` with second witnesses, of which the account was never read before."""
    rng = random.Random(seed)
    server = Server(sorted(created), lies, random.Random(seed + 7), cut)
    pace = pace or Even(rate, latency)
    frontier = Frontier(
        todo or Intervals.span(0, END_OF_TIME),
        likely_start=likely_start,
        tuning=tuning or Tuning(),
        wary=wary,
        usual=usual if wary else 0.0,
        present=NOW if wary else 0,
    )
    came = bytearray(len(created))
    ready: list[Walk] = []
    flying: list[tuple[float, int, float, Walk]] = []
    clock = 0.0
    requests = 0
    while True:
        while (walk := frontier.open(pace.width(LIST))) is not None:
            ready.append(walk)
        if not ready and not flying:
            break
        turn = clock + pace.wait(LIST, clock)
        if ready and (not flying or turn <= flying[0][0]):
            clock = turn
            pace.start(LIST, clock)
            requests += 1
            walk = max(ready, key=frontier.urgency)
            ready.remove(walk)
            takes = latency * exp(rng.gauss(0, SIGMA))
            heapq.heappush(flying, (clock + takes, requests, takes, walk))
            continue
        clock, _, took, walk = heapq.heappop(flying)
        pace.end(took)
        places, more = server.page(walk)
        if disagrees(frontier, walk, server.created, places, came):
            continue
        page = [server.created[place] for place in reversed(places)]
        for place in places:
            came[place] |= server.created[place] >= walk.floor
        frontier.advance(walk, rows=page, has_more=more, width=pace.width(LIST))
        if not walk.done:
            ready.append(walk)
    return Outcome(clock, requests, len(created) - sum(came), frontier.absence)


def disagrees(frontier, walk, created, places, came) -> bool:
    """Do as the scan does with a witness's page: have its walk dropped where it shows, or denies, what it must not."""
    if (doubt := walk.doubted) is None:
        return False
    shown = [created[place] for place in reversed(places) if created[place] in doubt.seconds and not came[place]]
    if shown:
        frontier.refute(walk, shown)
        return True
    edge = range(bisect_left(created, doubt.seconds.stop - 1), bisect_left(created, doubt.seconds.stop))
    denied = not doubt.void and not walk.pages and not places and any(came[place] for place in edge)
    return denied and frontier.ask_again(walk)


LIMITS = {"25": (25.0, 0.6), "100": (100.0, 0.15)}
"""Requests a second and median seconds of latency that the bench simulates."""

COMMON = (uniform, business, growth, launch)
MANY = 200_000
"""Rows of an account in the bench."""

SIMULATED = 4
"""Simulations for each round of the bench: they are cheap, and five say little of a median."""


def scenario(bench: Bench) -> list[Figure]:
    """Simulate a first load with the client's own pace and second witnesses; the worst shape is the figure."""
    requests: dict[str, list[float]] = {}
    figures: list[Figure] = []
    for name, limit in LIMITS.items():
        times: dict[str, list[float]] = {}
        for shape in (*COMMON, burst):
            done = [first_load(shape, MANY, limit, seed) for seed in range(SIMULATED * bench.rounds)]
            ideal = MANY / 100 / limit[0] + 2 * limit[1]
            times[shape.__name__] = [one.seconds / ideal for one in done]
            requests.setdefault(shape.__name__, []).extend(100 * one.requests / MANY for one in done)
        figures.append(Figure(f"time/{name}/burst", tuple(times.pop(burst.__name__))))
        figures.append(worst_of(f"time/{name}", times))
    bursty = median(requests.pop(burst.__name__))
    several = worst_of("requests", requests)
    return [replace(several, note=f"{several.note}; half the rows in one day: {bursty:.3f}"), *figures]


def first_load(shape, rows: int, limit: tuple[float, float], seed: int) -> Outcome:
    """Read an account whose age is known, as a sync does that finds no lake."""
    rate, latency = limit
    return simulate(
        shape(random.Random(seed), rows),
        likely_start=NOW - SHAPES[shape],
        seed=seed,
        latency=latency,
        pace=Pace(rate, max(rate, 100.0), DEFAULT_IN_FLIGHT),
        wary=True,
    )


def worst_of(key: str, by_shape: dict[str, list[float]]) -> Figure:
    """Return the shape with the largest median, and say what each has."""
    note = ", ".join(f"{name} {median(values):.3f}" for name, values in by_shape.items())
    return Figure(key, tuple(max(by_shape.values(), key=median)), note=note)


def main(counts: list[int]) -> None:
    print(
        f"{'rows':>8}  {'shape':10} {'hint':5} {'time / ideal':>14} {'worst':>7} {'requests / least':>18} {'worst':>7}"
    )
    for rows in counts:
        for shape, age in SHAPES.items():
            for hint, likely_start in (("right", NOW - age), ("none", 0)):
                runs = [
                    simulate(shape(random.Random(seed), rows), likely_start=likely_start, seed=seed)
                    for seed in range(SEEDS)
                ]
                times = [one.seconds / (rows / 100 / RATE + 2 * LATENCY) for one in runs]
                requests = [one.requests / -(-rows // 100) for one in runs]
                print(
                    f"{rows:>8}  {shape.__name__:10} {hint:5} {median(times):14.3f} {max(times):7.3f}"
                    f" {median(requests):18.3f} {max(requests):7.3f}"
                )


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [600, 50_000])
