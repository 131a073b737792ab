"""Tasks at once over one account's history against one process: how much longer they take, reckoned without waiting.

The plan is the real one, made by asking a sandbox for a few pages. What its tasks then take is reckoned: a page for
each hundred rows of a window and a few requests besides, each task at its part of the rate, after the time that it
takes to start. So the figures are the same whatever else a machine does. That tasks keep to their rates, and that the
lake comes out equal, is what `tests/airflow/live` and `tests/spark/live` see.

`python -m tests.benchmarks.mapped [SHAPE …]` prints it for each shape of an account and number of windows.
"""

from __future__ import annotations

import heapq
import sys
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from math import ceil, inf
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import anyio

import connector
from connector.config.config import DEFAULT_RATE, ApiKey, Config
from connector.core.planning.shares import LEAST_ROWS
from connector.lake.state.lease import LOOK_SECONDS
from connector.sandbox import Limits, Sandbox, World
from connector.stripe.sharing import LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

START = 1_672_531_200
"""2023-01-01: a history that is over, by any clock."""

DAYS = 730
ROWS = 200_000
PAGE = 100
BESIDES = 4
"""Requests of a task that bring no page of its own: who it is, where its window ends, the past."""

SLOTS = 4
STARTS = {"spark": 0.3, "airflow": 4.0}
"""Seconds that a task takes to start in a slot that has come free, as seen on two cores with nothing else to do."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How long tasks take, in seconds from the first request to the last.

    Attributes:
        whole: all tasks.
        one: one process at the whole rate.
    """

    whole: float
    one: float

    @property
    def ratio(self) -> float:
        """How many times longer than one process."""
        return self.whole / self.one


STEP = 0.25
"""Seconds of a step of the reckoning."""


@dataclass
class _Running:
    """A task at work: requests left, and how many were at work at its looks."""

    left: float
    begun: float
    seen: deque[int]
    among: float


def taken(rows: Sequence[int], *, slots: int, start: float, rate: float = DEFAULT_RATE, shares: bool = True) -> Taken:
    """Reckon how long windows take as tasks, in the order given.

    Args:
        rows: of each window.
        slots: tasks at work at once.
        start: seconds that a task takes to start.
        rate: requests per second that they share.
        shares: whether they take the parts of those that stay away, as `connector.stripe.sharing` has it.
    """
    at_once = min(slots, len(rows))
    waiting, running, free = deque(rows), list[_Running](), [start] * at_once
    now = start
    while waiting or running:
        while waiting and free and free[0] <= now:
            heapq.heappop(free)
            requests = ceil(waiting.popleft() / PAGE) + BESIDES
            running.append(_Running(requests, now, deque([at_once] * LOOKS, LOOKS), at_once))
        for one in running:
            if shares and (now - one.begun) % LOOK_SECONDS < STEP and now > one.begun:
                one.seen.append(len(running))
                one.among = min(at_once, max(one.seen) if len(rows) > slots else len(running))
            one.left -= STEP * rate / one.among
        for one in [one for one in running if one.left <= 0]:
            running.remove(one)
            heapq.heappush(free, now + start)
        now += STEP
    requests = ceil(sum(rows) / PAGE) + BESIDES
    return Taken(now - start, requests / rate)


def windows_of(shape: str, counts: Sequence[int], *, rows: int = ROWS) -> dict[int, list[int]]:
    """Return the rows in each window of a plan, by how many windows it was to have."""
    end = START + DAYS * 86_400
    world = World(transactions=rows, start=START, end=end, now=end + 3 * 86_400, connected=0, seed=5, shape=shape)
    found: dict[int, list[int]] = {}
    with Sandbox(world, limits=Limits.none()) as served, TemporaryDirectory() as folder:
        config = Config(api_key=ApiKey(served.key), api_base=served.url, rate=inf)
        times = served.world.ledger(0).times
        for count in counts:

            async def plan(count: int = count) -> list[dict[str, int | None]]:
                return await connector.plan(
                    f"{folder}/{count}", config=config, windows=count, least_rows=LEAST_ROWS, settled=True
                )

            windows = anyio.run(plan)
            edges = [(one["since"] or 0, one["until"]) for one in windows]
            found[count] = [
                (len(times) if stop is None else bisect_left(times, stop)) - bisect_left(times, start)
                for start, stop in edges
            ]
    return found


def main(shapes: Sequence[str]) -> None:
    """Print the figures."""
    for shape in shapes:
        found = windows_of(shape, [SLOTS * number for number in (1, 2, 4)])
        for rows in found.values():
            largest = max(rows) * len(rows) / sum(rows)
            print(f"{shape}, {len(rows)} windows for {SLOTS} slots, the largest {largest:.2f} of its part:")
            for engine, start in STARTS.items():
                order = rows[::-1] if engine == "spark" else rows
                kept, shared = (taken(order, slots=SLOTS, start=start, shares=one) for one in (False, True))
                print(f"  {engine:8} {kept.ratio:.3f} of one process, {shared.ratio:.3f} where parts are taken over")


if __name__ == "__main__":
    main(sys.argv[1:] or ["growth", "steady"])
