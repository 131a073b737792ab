"""What second witnesses cost an honest server's account, and what a lying one hides with and without them.

Simulated as in `simulate`. Per shape of account, with and without a hint when it was made: requests more and time more
with an honest server; then rows hidden by a server that answers once in so many with nothing at all, or calls a page
the last one. Then, of accounts of 3,000 rows, what one answer hides that shows a few of its rows and calls them the
last, whichever answer it is. `python tests/benchmarks/absence.py [ROWS …]`.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from statistics import mean

from tests.benchmarks.simulate import NOW, SHAPES, simulate

SEEDS = 4
LIES = 0.005
"""Share of the answers that are lies: some in each backfill of 50,000 rows. Two in a row about one thing are one in
40,000."""


FEW = 3_000
"""Rows of an account of which each answer is cut short in turn."""

SHOWN = (0, 1, 7, 50, 100)
"""Rows that an answer shows which is cut short."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What witnesses cost, as shares of the requests and of the time without them."""

    requests: float
    time: float


def cost_of(shape, rows: int, likely_start: int, *, seeds: int = SEEDS) -> Cost:
    """Read an account of a shape with and without witnesses, from a server that never lies."""
    plain = [run(shape, rows, likely_start, seed) for seed in range(seeds)]
    wary = [run(shape, rows, likely_start, seed, wary=True) for seed in range(seeds)]
    if any(one.hidden for one in (*plain, *wary)):
        raise AssertionError("an honest server hid rows")
    return Cost(
        mean(one.requests for one in wary) / mean(one.requests for one in plain) - 1,
        mean(one.seconds for one in wary) / mean(one.seconds for one in plain) - 1,
    )


def run(shape, rows: int, likely_start: int, seed: int, **options):
    """Read one account."""
    return simulate(shape(random.Random(seed), rows), likely_start=likely_start, seed=seed, **options)


def hidden_by(lie: str, shape, rows: int, likely_start: int, *, wary: bool) -> int:
    """Return how many rows a lying server hid in all seeds."""
    lies = (lie, LIES)
    return sum(run(shape, rows, likely_start, seed, wary=wary, lies=lies).hidden for seed in range(SEEDS))


def hidden_by_one(shape, rows: int, likely_start: int, *, wary: bool, seeds: int = SEEDS) -> list[int]:
    """Return how many rows were hidden by each answer in turn that was cut short, ascending."""
    return sorted(
        run(shape, rows, likely_start, seed, wary=wary, cut=(number, shown)).hidden
        for seed in range(seeds)
        for number in range(1, run(shape, rows, likely_start, seed, wary=wary).requests + 1)
        for shown in SHOWN
    )


def main(counts: list[int]) -> None:
    print(f"{'':8}  {'':16} honest server       rows hidden of {SEEDS} accounts, one answer in {1 / LIES:.0f} a lie")
    print(f"{'rows':>8}  {'shape':10} {'hint':5} {'requests':>8} {'time':>8}  {'nothing there':>24} {'no more':>24}")
    for rows in counts:
        for shape, age in SHAPES.items():
            for hint, start in (("right", NOW - age), ("none", 0)):
                cost = cost_of(shape, rows, start)
                told = ""
                for lie in ("nothing", "end"):
                    before, after = (hidden_by(lie, shape, rows, start, wary=wary) for wary in (False, True))
                    told += f"  {before:>11,} -> {after:>8,}"
                name = f"{rows:>8}  {shape.__name__:10} {hint:5}"
                print(f"{name} {100 * cost.requests:+7.2f}% {100 * cost.time:+7.2f}%{told}", flush=True)
    print(
        f"\nof {FEW:,} rows, hidden by one answer that shows {', '.join(map(str, SHOWN))} rows and no more: worst, mean"
    )
    for shape, age in SHAPES.items():
        for hint, start in (("right", NOW - age), ("none", 0)):
            before, after = (hidden_by_one(shape, FEW, start, wary=wary) for wary in (False, True))
            told = "  ".join(f"{some[-1]:>5,} {mean(some):8.1f}" for some in (before, after))
            print(f"{FEW:>8}  {shape.__name__:10} {hint:5} {told}", flush=True)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [600, 50_000])
