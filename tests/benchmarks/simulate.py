"""Simulate the frontier on accounts of many shapes: time against the ideal, requests against the least.

No network and no waiting: an event loop of numbers. `python tests/benchmarks/simulate.py [rows]`.
"""

from __future__ import annotations

import heapq
import random
import sys
from bisect import bisect_left
from math import exp
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.core.frontier import Frontier
from connector.core.intervals import Intervals
from connector.core.times import END_OF_TIME
from connector.core.walk import Tuning, Walk

YEAR = 365 * 86_400
NOW = 1_790_000_000


def uniform(rng, rows, start=NOW - YEAR):
    return [rng.randrange(start, NOW) for _ in range(rows)]


def business(rng, rows):
    out = []
    while len(out) < rows:
        t = rng.randrange(NOW - YEAR, NOW)
        hour = (t // 3600) % 24
        if rng.random() < (1.0 if 8 <= hour < 20 else 0.15) * (0.4 if (t // 86400) % 7 in (2, 3) else 1):
            out.append(t)
    return out


def growth(rng, rows):
    return [int(NOW - 3 * YEAR * min(1, rng.expovariate(6))) - 1 for _ in range(rows)]


def launch(rng, rows):
    return [rng.randrange(NOW - 30 * 86400, NOW) for _ in range(rows)]


def burst(rng, rows):
    day = NOW - 100 * 86400
    return [rng.randrange(day, day + 86400) if i % 2 else rng.randrange(NOW - YEAR, NOW) for i in range(rows)]


def second(rng, rows):
    return [NOW - 50 * 86400] * 3000 + uniform(rng, rows - 3000)


def dead(rng, rows):
    return [rng.randrange(NOW - 5 * YEAR, NOW - 4 * YEAR) for _ in range(rows)]


def seasonal(rng, rows):
    return [NOW - 1 - rng.randrange(5) * YEAR - rng.randrange(40 * 86400) for _ in range(rows)]


def five_years(rng, rows):
    return uniform(rng, rows, NOW - 5 * YEAR)


SHAPES = {
    "uniform": (uniform, YEAR),
    "business": (business, YEAR),
    "growth": (growth, 3 * YEAR),
    "launch": (launch, 5 * YEAR),
    "burst": (burst, YEAR),
    "second": (second, YEAR),
    "dead": (dead, 5 * YEAR),
    "seasonal": (seasonal, 5 * YEAR),
    "five_years": (five_years, 5 * YEAR),
}


def simulate(created, *, rate, latency, sigma, hint, seed, tuning=None, cap=60):
    """Return (seconds, requests, most open)."""
    rng = random.Random(seed)
    created = sorted(created)
    frontier = Frontier(Intervals.span(0, END_OF_TIME), likely_start=hint, tuning=tuning or Tuning())
    wanted = rate * latency * exp(sigma * sigma / 2)
    ready: list[Walk] = []
    flying: list[tuple[float, int, Walk]] = []
    position: dict[int, int] = {}
    clock, token, requests, sequence, most = 0.0, 0.0, 0, 0, 0
    got = 0
    while True:
        while (walk := frontier.open(wanted)) is not None:
            ready.append(walk)
            position[id(walk)] = bisect_left(created, walk.window.stop)
        most = max(most, len(frontier.walks))
        if not ready and not flying:
            break
        if ready and len(flying) < cap and (not flying or max(clock, token) <= flying[0][0]):
            clock = max(clock, token)
            token = clock + 1 / rate
            ready.sort(key=frontier.urgency)
            walk = ready.pop()
            requests += 1
            sequence += 1
            heapq.heappush(flying, (clock + latency * exp(rng.gauss(0, sigma)), sequence, walk))
            continue
        clock, _, walk = heapq.heappop(flying)
        top = position[id(walk)]
        bottom = max(bisect_left(created, walk.window.start), top - 100)
        more = bottom > bisect_left(created, walk.window.start)
        position[id(walk)] = bottom
        page = created[bottom:top]
        frontier.advance(walk, rows=page[::-1], has_more=more, width=wanted)
        got += len(page) if not walk.done else len(page) - bisect_left(page, walk.floor)
        if not walk.done:
            ready.append(walk)
    assert frontier.done
    assert got == len(created), (got, len(created))
    return clock, requests, most


def main(rows: int, tuning=None, quiet=False) -> float:
    worst = 0.0
    for name, (shape, age) in SHAPES.items():
        for hint_name, hint in (("hint", NOW - age), ("none", 0)):
            times, reqs = [], []
            for seed in range(5):
                created = shape(random.Random(seed), rows)
                t, r, most = simulate(created, rate=25, latency=0.6, sigma=0.3, hint=hint, seed=seed, tuning=tuning)
                times.append(t / (rows / 100 / 25 + 1.2))
                reqs.append(r / max(1, rows / 100))
            times.sort()
            reqs.sort()
            if not quiet:
                print(
                    f"{rows:>8} {name:10} {hint_name:5} time {times[2]:.3f} (worst {times[-1]:.3f})  requests {reqs[2]:.3f} (worst {reqs[-1]:.3f}) n={reqs[2] * rows / 100:.0f}"
                )
            worst = max(worst, times[2])
    return worst


if __name__ == "__main__":
    for count in [int(a) for a in sys.argv[1:]] or [50_000, 200_000]:
        main(count)
