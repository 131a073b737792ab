"""Processor time and memory per row, from the first byte to files committed, without limits and without latency.

Two sizes of the same year: the difference leaves start-up and the cost per file out. Measured from outside, as the
child process's own use; the sandbox runs in another. Beside it Stripe's own library, which only counts the rows.
`python tests/benchmarks/cpu.py [small] [large]`, about two minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.served import Cost, cost_of, paged_by_sdk, served

SLICES = (2_000, 12_000)
SYNC = """
import sys, connector
report = connector.run_sync(sys.argv[1], format=sys.argv[2], rate=float("inf"), max_in_flight=8)
print(report["accounts"][0]["lake_rows"])
"""


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
