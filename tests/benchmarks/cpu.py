"""Processor time per row, from the first byte to files committed, without limits and without latency.

Two sizes of the same year: the difference leaves start-up and the cost per file out. Measured from outside, as the
child process's own use; the sandbox runs in another. The bench runs it in turn with the script of an afternoon and with
an older state of the code. By itself it has Stripe's own library beside it, which only counts the rows, and says how
much memory was used. `python tests/benchmarks/cpu.py [small] [large]`, about two minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.peers import Bench, load_cost, script_cost, world
from tests.benchmarks.served import Cost, Served, cost_of, paged_by_sdk, served

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL, LARGE, DAYS = 50_000, 250_000, 365
"""Rows between which the bench measures, and days over which they lie: one file each."""

SLICES = (2_000, 12_000)
SYNC = """
import sys, connector
report = connector.run_sync(sys.argv[1], format=sys.argv[2], rate=float("inf"), max_in_flight=8)
print(report["accounts"][0]["lake_rows"])
"""


def scenario(form: str, bench: Bench) -> list[Figure]:
    """Compare the cost of a row in one format with that of the script and of the code before."""
    with served(**world(SMALL, DAYS)) as few, served(**world(LARGE, DAYS)) as many:

        def a_row(run: Callable[[Served], Cost]) -> float:
            costs = []
            for server, rows in ((few, SMALL), (many, LARGE)):
                costs.append(run(server))
                if rows_in(costs[-1].said) != rows:
                    raise RuntimeError(f"{rows} rows were to come, not {costs[-1].said:.200}")
            return (costs[1].cpu - costs[0].cpu) / (LARGE - SMALL) * 1e6

        before = partial(load_cost, bench.before)
        now = partial(load_cost, bench.now)
        took = bench.alternating(
            {
                "script": lambda: a_row(script_cost),
                "before": lambda: a_row(lambda server: before(server, "--format", form)),
                "now": lambda: a_row(lambda server: now(server, "--format", form)),
            }
        )
    older = median(ratios(took["before"], took["script"]))
    for name in ("before", "now"):
        bench.seen[f"{form}, {name}"] = list(enumerate(ratios(took[name], took["script"])))
    return [
        Figure(f"{form}/script", ratios(took["now"], took["script"]), note=f"before is {older:.2f} x the script"),
        Figure(f"{form}/before", ratios(took["now"], took["before"])),
    ]


def rows_in(said: str) -> int:
    """Return how many rows came: what the script prints, or what a run's report has."""
    document = json.loads(said)
    return document if isinstance(document, int) else sum(one["lake_rows"] for one in document["accounts"])


def main(small: int, large: int) -> None:
    """Print everything."""
    costs: dict[tuple[str, int], Cost] = {}
    sdk: list[Cost] = []
    for rows in (small, large):
        with served(transactions=rows, rate=0, global_rate=0, in_flight=0, global_in_flight=0) as server:
            for form in ("parquet", "jsonl"):
                with tempfile.TemporaryDirectory() as folder:
                    command = [sys.executable, "-c", SYNC, f"{folder}/lake", form]
                    costs[form, rows] = cost_of(command, server.environment)
                assert int(costs[form, rows].said) == rows
            if rows == small:
                sdk = [paged_by_sdk(server, count) for count in SLICES]
    for form in ("parquet", "jsonl"):
        few, many = costs[form, small], costs[form, large]
        print(
            f"{form:<8} {(many.cpu - few.cpu) / (large - small) * 1e6:6.2f} µs CPU a row between {small} and {large};"
            f" peak {few.peak:.0f} MB and {many.peak:.0f} MB; {many.seconds:.1f} s for {large} rows"
        )
    spread = SLICES[1] - SLICES[0]
    print(
        f"Stripe's own library, only counting: {(sdk[1].cpu - sdk[0].cpu) / spread * 1e6:.1f} µs CPU a row"
        f" between {SLICES[0]} and {SLICES[1]} rows (a slice: all would take minutes)"
    )


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:]]
    main(*(sizes or (100_000, 1_000_000)))
