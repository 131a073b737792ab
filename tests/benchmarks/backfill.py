"""Time and requests of a backfill behind Stripe's limits, beside the ideal and beside Stripe's own library.

The sandbox, in a process of its own, answers after 600 ms (median of a log-normal, sigma 0.25) and refuses a 26th
request in any second. T is what the limit allows: rows / 100 / rate + two latencies. Times are of the whole command,
from its start to its end; `report` is the run's own. `python tests/benchmarks/backfill.py [rows]`, about three minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.figures import Figure
from tests.benchmarks.served import ROOT, cost_of, paged_by_sdk, served, synced
from tests.benchmarks.simulate import LIMITS

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench

LATENCY = 0.6
LIMIT = 25.0
OURS = 20.0
"""The default of `--rate`."""

STILL = {"start": "2025-01-01", "end": "2026-01-01", "clock": "2026-01-15"}
"""Times of a world that is the same each time."""

SLICE = 2_000
SMALL = 0.05
"""Seconds of latency where only requests are counted."""


PACED = ROOT / "tests" / "benchmarks" / "paced.py"
SPARE = 1.01
"""Seconds in which the paced loop sends what the limit allows in one, so that few of its requests are refused."""

SHAPES = ("steady", "growth", "launch", "burst")
MANY = 200_000


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a backfill took.

    Attributes:
        seconds: of the whole command.
        run: seconds by the run's own clock.
        ideal: seconds that the limit allows: rows / 100 / rate and two latencies.
        seen: what the server saw.
    """

    seconds: float
    run: float
    ideal: float
    seen: dict[str, Any]


def backfilled(rows: int, *, pace: float, latency: float, options: tuple[str, ...] = (), **world: object) -> Backfill:
    """Sync a new lake from a server that allows 25 requests/s, or what else is said; the pace is what is used."""
    limits = {"rate": 25, "latency": latency, "latency_sigma": 0.25}
    with served(transactions=rows, **(limits | world)) as server, tempfile.TemporaryDirectory() as folder:
        cost = synced(server, Path(folder) / "lake", *options)
        seen = server.stats()
    report = json.loads(cost.said)
    assert sum(account["lake_rows"] for account in report["accounts"]) == rows
    return Backfill(cost.seconds, report["duration_seconds"], rows / 100 / pace + 2 * latency, seen)


def scenario(bench: Bench) -> list[Figure]:
    """Time real runs at two limits, in turn with a loop that only fetches; in full, of several shapes."""
    rows = MANY if bench.full else 50_000
    figures = []
    for name, (rate, latency) in LIMITS.items():
        shapes = SHAPES if bench.full else SHAPES[:1]
        takes = {shape: partial(times_ideal, rows, rate, latency, shape) for shape in shapes}
        takes["paced"] = partial(paced, rows, rate, latency)
        took = bench.alternating(takes, rounds=3)
        loop = took.pop("paced")
        note = f"a paced loop that only fetches {median(loop):.3f}"
        note = ", ".join([*(f"{shape} {median(times):.3f}" for shape, times in took.items()), note])
        at = "" if bench.full else f"{rows:,} rows of one shape"
        figures.append(Figure(f"real/{name}", tuple(max(took.values(), key=median)), at=at, note=note))
    return figures


def limited(rate: float) -> dict[str, object]:
    """Return the options of a sandbox whose clock stands and that refuses what is above a rate."""
    return {**STILL, "rate": int(rate), "global_rate": 100}


def times_ideal(rows: int, rate: float, latency: float, shape: str) -> float:
    """Return the time of a run from its first request to the last answer, over the least there could be."""
    options = ("--rate", f"{rate:g}")
    took = backfilled(rows, pace=rate, latency=latency, options=options, shape=shape, **limited(rate))
    return took.seen["seconds"] / took.ideal


def paced(rows: int, rate: float, latency: float) -> float:
    """Return the time of a loop that fetches as many pages as there are, over the least there could be."""
    requests = -(-rows // 100)
    with served(transactions=rows, latency=latency, latency_sigma=0.25, **limited(rate)) as server:
        cost = cost_of([sys.executable, str(PACED), str(requests), str(rate / SPARE)], server.environment)
    return float(cost.said) / (requests / rate + 2 * latency)


def measure(rows: int, *, rate: float, options: tuple[str, ...] = (), **world: object) -> None:
    """Sync a new lake and print what it took."""
    took = backfilled(rows, pace=rate, latency=LATENCY, options=options, **world)
    seen, name = took.seen, f"{world.get('shape', 'steady')} at {rate:g}/s"
    print(
        f"{name:<18} {rows:>7} rows  {took.seconds:6.2f} s = {took.seconds / took.ideal:5.3f} T"
        f"  (report {took.run / took.ideal:5.3f})"
        f"  {seen['requests']:>4} requests = {seen['requests'] / (rows / 100):5.3f} x rows/100"
        f"  {sum(seen['rate_limited'].values())} x 429  at most {seen['max_in_flight']} in flight,"
        f" {seen['peak_requests_per_second']}/s"
    )


def count_small(rows: int, years: int) -> None:
    """Print the requests of a quiet account."""
    start = str(1_795_000_000 - years * 365 * 86_400)
    with (
        served(transactions=rows, latency=SMALL, start=start, end="1795000000", clock="1795000100") as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        first = synced(server, Path(folder) / "lake")
        once = server.stats()["requests"]
        synced(server, Path(folder) / "lake")
        again = server.stats()["requests"] - once
    print(f"{rows:>4} rows in {years} years: {once} requests, {first.seconds:.2f} s; a second run: {again} requests")


def main(rows: int) -> None:
    """Print everything."""
    measure(rows, rate=LIMIT, options=("--rate", "25"))
    measure(rows, rate=OURS)
    for shape in ("burst", "second"):
        measure(rows, rate=LIMIT, options=("--rate", "25"), shape=shape)
    count_small(600, 5)
    count_small(60, 5)
    with served(transactions=rows, latency=LATENCY, latency_sigma=0.25, rate=25) as server:
        cost = paged_by_sdk(server, SLICE)
    whole = cost.seconds / SLICE * rows
    print(
        f"Stripe's own library, one page after the other: {cost.seconds:.1f} s for the newest {SLICE} rows only;"
        f" at that pace {whole:.0f} s = {whole / (rows / 100 / LIMIT + 2 * LATENCY):.1f} T for {rows}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
