"""Time and requests of a backfill behind Stripe's limits, beside the ideal and beside Stripe's own library.

The sandbox, in a process of its own, answers after 600 ms (median of a log-normal, sigma 0.25) and refuses a 26th
request in any second. T is what the limit allows: rows / 100 / rate + two latencies. Times are of the whole command,
from its start to its end; `report` is the run's own. `python tests/benchmarks/backfill.py [rows]`, about three minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.served import paged_by_sdk, served, synced

LATENCY = 0.6
LIMIT = 25.0
OURS = 20.0
"""The default of `--rate`."""

SLICE = 2_000
SMALL = 0.05
"""Seconds of latency where only requests are counted."""


def measure(rows: int, *, rate: float, options: tuple[str, ...] = (), **world: object) -> None:
    """Sync a new lake and print what it took."""
    with (
        served(transactions=rows, latency=LATENCY, latency_sigma=0.25, rate=25, **world) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        cost = synced(server, Path(folder) / "lake", *options)
        seen = server.stats()
    ideal = rows / 100 / rate + 2 * LATENCY
    report = json.loads(cost.said)
    assert sum(account["lake_rows"] for account in report["accounts"]) == rows
    name = f"{world.get('shape', 'steady')} at {rate:g}/s"
    print(
        f"{name:<18} {rows:>7} rows  {cost.seconds:6.2f} s = {cost.seconds / ideal:5.3f} T"
        f"  (report {report['duration_seconds'] / ideal:5.3f})"
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
