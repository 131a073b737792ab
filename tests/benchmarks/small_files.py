"""What one small file costs: written, forced to the disk and recorded. The same rows, over many days and over few.

The difference between the two loads, per file, leaves the rows and the start out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.peers import new_lake, world
from tests.benchmarks.served import served

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench, Peer
    from tests.benchmarks.served import Served

ROWS = 8_000
FEW, MANY = 90, 730
"""Days: each of few has about 90 rows, each of many about 11."""


def scenario(bench: Bench) -> list[Figure]:
    """Compare a file's cost with that of the code before."""
    with served(**world(ROWS, FEW)) as few, served(**world(ROWS, MANY)) as many:
        takes = {
            "before": lambda: a_file(bench.before, few, many),
            "now": lambda: a_file(bench.now, few, many),
        }
        took = bench.alternating(takes)
    return [Figure("file/before", ratios(took["now"], took["before"]))]


def a_file(peer: Peer, few: Served, many: Served) -> float:
    """Return seconds of processor time for one file more."""
    costs, files = [], []
    for server in (few, many):
        with new_lake() as lake:
            costs.append(peer.sync(server, lake).cpu)
            files.append(sum(1 for _ in lake.glob("balance_transactions/**/part-0.parquet")))
    return (costs[1] - costs[0]) / (files[1] - files[0])
