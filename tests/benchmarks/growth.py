"""Whether anything grows faster than the number of days, or of accounts: what the last ones cost, over the first ones.

Three sizes, each about twice the one before, told by the files there are: connected accounts are of uneven size, and of
all ages. Measured are the processor's time of a load (which plans and commits), of a
second run with nothing new, of `status` and of `verify` offline, and the bytes of the state on the disk.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, Missing, bend
from tests.benchmarks.goals import GROWN
from tests.benchmarks.peers import world
from tests.benchmarks.served import served

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench

ROUNDS = 3
FILES = "files"
DAYS, FULL_DAYS = (1_000, 2_000, 4_000), (1_250, 2_500, 5_000)
A_DAY, FULL_DAY = 2, 2_000
"""Rows of a day."""

ACCOUNTS, FULL_ACCOUNTS = (50, 100, 200), (50, 100, 200)
LONG, FULL_LONG = 60, 2_000
"""Days of which connected accounts have rows."""


def scenario(bench: Bench) -> list[Figure | Missing]:
    """Measure both kinds of growth."""
    days, rows = (FULL_DAYS, FULL_DAY) if bench.full else (DAYS, A_DAY)
    accounts, long = (FULL_ACCOUNTS, FULL_LONG) if bench.full else (ACCOUNTS, LONG)
    by_days = {size: world(size * rows, size) for size in days}
    by_accounts = {size: world(0, long, connected=size) for size in accounts}
    return [
        *figures_of(bench, "days", by_days, f"{days[-1]:,} days"),
        *figures_of(bench, "accounts", by_accounts, f"{accounts[-1]} accounts x {long} days", "--all-accounts"),
    ]


def figures_of(
    bench: Bench, unit: str, worlds: dict[int, dict[str, object]], at: str, *options: str
) -> list[Figure | Missing]:
    """Measure three sizes, some rounds in turn, and return how each cost bends."""
    took: dict[str, dict[int, list[float]]] = {what: {size: [] for size in worlds} for what in (FILES, *GROWN)}
    for _ in range(1 if bench.full else ROUNDS):
        for size, options_of_world in worlds.items():
            for what, cost in costs(bench, options_of_world, *options).items():
                took[what][size].append(cost)
    middle = {what: [median(costs) for costs in by_size.values()] for what, by_size in took.items()}
    found: list[Figure | Missing] = []
    for what in GROWN:
        key, note = f"growth/{unit}/{what}", f"at the largest size {middle[what][-1] / middle[what][0]:.2f} x the first"
        try:
            found.append(Figure(key, (bend(middle[FILES], middle[what]),), at="" if bench.full else at, note=note))
        except ValueError as error:
            found.append(Missing(key, str(error)))
    return found


def costs(bench: Bench, served_world: dict[str, object], *options: str) -> dict[str, float]:
    """Return how many files a lake has and what it costs: its state in bytes, everything else in seconds."""
    folder = Path(tempfile.mkdtemp())
    lake = folder / "lake"
    try:
        with served(**served_world) as server:
            load = bench.now.sync(server, lake, *options).cpu
            again = bench.now.sync(server, lake, *options).cpu
        status = bench.now.command("status", str(lake), "--json").cpu
        verify = bench.now.command("verify", str(lake), "--json", "--offline", "--layer", "rows").cpu
        files = sum(1 for _ in lake.glob("balance_transactions/**/part-0.parquet"))
        state = sum(path.stat().st_size for path in (lake / "_stripe_balance").rglob("*") if path.is_file())
    finally:
        shutil.rmtree(folder)
    return dict(zip((FILES, *GROWN), (float(files), load, again, status, verify, float(state)), strict=True))
