"""How long a second with 10,000 rows takes, whose pages followed each other by cursor, beside the code before."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.peers import load_cost, world
from tests.benchmarks.served import served

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench, Peer
    from tests.benchmarks.served import Served

HOT, AROUND, DAYS = 10_000, 5_000, 30
LATENCY = 0.6
"""Seconds that each answer takes, as in the other scenarios; there is no limit on the pace."""

ROUNDS = 3


def scenario(bench: Bench) -> list[Figure]:
    """Compare the time of a load, by the runs' own clocks."""
    slow = world(HOT + AROUND, DAYS, shape="second", hot=HOT, latency=LATENCY, latency_sigma=0)
    with served(**slow) as server:
        peers = {"before": bench.before, "now": bench.now}
        takes = {name: partial(seconds, peer, server) for name, peer in peers.items()}
        took = bench.alternating(takes, rounds=ROUNDS)
    return [Figure("second/before", ratios(took["now"], took["before"]))]


def seconds(peer: Peer, server: Served) -> float:
    """Return the seconds of a load."""
    return json.loads(load_cost(peer, server).said)["duration_seconds"]
