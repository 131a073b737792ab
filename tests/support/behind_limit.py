"""One account's history behind Stripe's limiter: what reads it, by one process or by tasks of an engine, and how long.

The sandbox answers after 600 ms and refuses a 26th request in any second. Time is from the first request to the last.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import connector
from connector.sandbox import Limits, Sandbox, World

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ROOT = Path(__file__).parents[2]
START = 1_672_531_200
"""2023-01-01."""

DAYS, ROWS = 730, 200_000
DAY = 86_400
LIMIT = 25.0
"""Requests per second that the limiter lets through."""

LATENCY = 0.6


@dataclass(frozen=True, slots=True)
class Reading:
    """What a server has seen of a reading.

    Attributes:
        seconds: from the first request to the last.
        requests: all of them.
        refused: with 429.
    """

    seconds: float
    requests: int
    refused: int

    def __str__(self) -> str:
        return f"{self.requests:,} requests in {self.seconds:.0f} s, {self.refused} refused"


@contextmanager
def history(rows: int = ROWS, **options: Any) -> Generator[Sandbox]:
    """Serve an account that grows, behind the limiter."""
    end = START + DAYS * DAY
    chosen = {"connected": 0, "seed": 5, "shape": "growth"} | options
    world = World(transactions=rows, start=START, end=end, now=end + 3 * DAY, **chosen)
    with Sandbox(world, limits=Limits(), latency=LATENCY) as served:
        yield served


@contextmanager
def uneven(accounts: int = 2_000) -> Generator[Sandbox]:
    """Serve connected accounts of uneven size, most less than a page, behind the limiter."""
    end = START + 365 * DAY
    world = World(transactions=2_000, start=START, end=end, now=end + 14 * DAY, connected=accounts, seed=7)
    with Sandbox(world, limits=Limits(), latency=0.3) as served:
        yield served


def reading_of(served: Sandbox) -> Reading:
    """Return what a server has seen since it began, or since it was told to forget."""
    seen = served.requests()
    times = [one.at for one in seen]
    return Reading(max(times) - min(times), len(seen), sum(one.status == 429 for one in seen))


def read_by_one(served: Sandbox, lake: str, *options: str, environ: Mapping[str, str] | None = None) -> Reading:
    """Have one process sync into a lake, and return what the server saw of it."""
    served.reset_stats()
    asking = {"STRIPE_API_KEY": served.key, "STRIPE_API_BASE": served.url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "connector", "sync", lake, "-q", *options]
    environment = {**os.environ, **(environ or {}), **asking}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        assert process.wait() == 0
    return reading_of(served)


def reference(folder: Path, world: World) -> str:
    """Have `sync` bring a world into a folder without any limit; return where the lake is."""
    lake = str(folder / "by-one")
    with Sandbox(world, limits=Limits.none()) as served:
        read_by_one(served, lake, "--rate", "0", "--all-accounts")
    return lake


def same_rows(lake: Any, other: Any) -> bool:
    """Say whether two lakes have the same rows of the same accounts, each with the same values."""
    first, second = (
        connector.read(one).to_table().sort_by([("account", "ascending"), ("id", "ascending")]) for one in (lake, other)
    )
    return first.equals(second.select(first.column_names))
