"""What it costs to verify the rows of a lake, offline: a year, in full five. Each verifies the one it has made."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, ratios
from tests.benchmarks.peers import FIVE_YEARS, world
from tests.benchmarks.served import served

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench, Peer

ROWS, YEAR = 100_000, 365
FULL = 3_000_000


def scenario(bench: Bench) -> list[Figure]:
    """Compare with the code before."""
    rows = FULL if bench.full else ROWS
    folder = Path(tempfile.mkdtemp())
    peers = {"before": bench.before, "now": bench.now}
    try:
        with served(**world(rows, FIVE_YEARS if bench.full else YEAR)) as server:
            for name, peer in peers.items():
                peer.sync(server, folder / name)
        took = bench.alternating({name: partial(verified, peer, folder / name) for name, peer in peers.items()})
    finally:
        shutil.rmtree(folder)
    at = "" if bench.full else f"{rows:,} rows"
    return [Figure("verify/before", ratios(took["now"], took["before"]), at=at)]


def verified(peer: Peer, lake: Path) -> float:
    """Return seconds of processor time."""
    return peer.command("verify", str(lake), "--json", "--offline", "--layer", "rows").cpu
