"""Simulate the frontier on accounts of many shapes: time against the ideal, requests against the least.

No network and no waiting, only numbers: 25 requests/s, 600 ms median latency. The ideal is rows/100/rate plus two
latencies, the least rows/100. `python tests/benchmarks/simulate.py [ROWS …]`.
"""

from __future__ import annotations

import heapq
import random
import sys
from bisect import bisect_left
from dataclasses import dataclass, field
from math import exp
from statistics import median
from typing import TYPE_CHECKING

from connector.core.frontier import Frontier
from connector.core.intervals import Intervals
from connector.core.times import END_OF_TIME
from connector.core.walk import Tuning, Walk

if TYPE_CHECKING:
    from connector.core.absence import Absence

DAY = 86_400
YEAR = 365 * DAY
NOW = 1_790_000_000
RATE, LATENCY, SIGMA = 25.0, 0.6, 0.3
IN_FLIGHT = 60
SEEDS = 5


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
    return [NOW - 1 - int(3 * YEAR * min(1.0, rng.expovariate(6))) for _ in range(rows)]


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
    """

    created: list[int]
    lies: tuple[str, float] | None = None
    chance: random.Random = field(default_factory=random.Random)
    _next: dict[Walk, int] = field(default_factory=dict)

    def page(self, walk: Walk) -> tuple[range, bool]:
        """Return the rows of a walk's next page by their places, oldest first, and whether there is more."""
        stop = self._next.setdefault(walk, bisect_left(self.created, walk.window.stop))
        low = bisect_left(self.created, walk.window.start)
        start = self._next[walk] = max(low, stop - 100)
        if self.lies and self.chance.random() < self.lies[1]:
            return (range(0) if self.lies[0] == "nothing" and not walk.pages else range(start, stop)), False
        return range(start, stop), start > low


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
    wary=False,
    lies=None,
    usual=None,
    todo=None,
):
    """Return the outcome of a backfill; `wary` with second witnesses, of which the account was never read before."""
    rng = random.Random(seed)
    server = Server(sorted(created), lies, random.Random(seed + 7))
    frontier = Frontier(
        todo or Intervals.span(0, END_OF_TIME),
        likely_start=likely_start,
        tuning=tuning or Tuning(),
        wary=wary,
        usual=usual if wary else 0.0,
        present=NOW if wary else 0,
    )
    came = bytearray(len(created))
    width = rate * LATENCY * exp(SIGMA * SIGMA / 2)
    ready: list[Walk] = []
    flying: list[tuple[float, int, Walk]] = []
    clock = due = 0.0
    requests = 0
    while True:
        while (walk := frontier.open(width)) is not None:
            ready.append(walk)
        if not ready and not flying:
            break
        if ready and len(flying) < IN_FLIGHT and (not flying or max(clock, due) <= flying[0][0]):
            clock = max(clock, due)
            due = clock + 1 / rate
            requests += 1
            walk = max(ready, key=frontier.urgency)
            ready.remove(walk)
            heapq.heappush(flying, (clock + LATENCY * exp(rng.gauss(0, SIGMA)), requests, walk))
            continue
        clock, _, walk = heapq.heappop(flying)
        places, more = server.page(walk)
        if disagrees(frontier, walk, server.created, places, came):
            continue
        page = [server.created[place] for place in reversed(places)]
        for place in places:
            came[place] |= server.created[place] >= walk.floor
        frontier.advance(walk, rows=page, has_more=more, width=width)
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
