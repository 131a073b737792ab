"""A first load into a bucket beside one into a folder, in turn: seconds, and how many times as long the bucket takes.

The store is SeaweedFS on loopback where it is installed (`make integrations` sets it up), else the stand-in for S3.
`.venv-integrations/bin/python tests/benchmarks/buckets.py --rows 20000 --days 365 --times 5`
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.config.destination import placed
from tests.integrations import services
from tests.integrations.services import settings_of
from tests.support.bucket_server import bucket_server
from tests.support.lakes import run, sandbox, world

if TYPE_CHECKING:
    from collections.abc import Generator

MIB = 2**20


@contextmanager
def store(folder: Path) -> Generator[tuple[str, str, dict[str, str]]]:
    """Serve a bucket; yield the store's name, the bucket's address, and its storage options."""
    if Path(sys.executable).with_name("weed").exists():
        with services.seaweedfs(folder) as service:
            yield service.name, service.url, settings_of(service)
        return
    with bucket_server() as server:
        yield "the stand-in", "s3://lake", server.s3()


def seconds(destination: Any, served: Any) -> float:
    """Load everything, and return how long it took."""
    began = time.perf_counter()
    run(destination, served)
    return time.perf_counter() - began


def measure(rows: int, days: int, times: int, latency: float) -> list[float]:
    """Load in turn, and return how many times as long the bucket took each time."""
    with (
        tempfile.TemporaryDirectory() as folder,
        store(Path(folder) / "store") as (name, url, settings),
        sandbox(world(rows, days=days), latency=latency) as served,
    ):
        ratios: list[float] = []
        for number in range(times + 1):
            local = seconds(Path(folder) / f"local{number}", served)
            remote = seconds(placed(f"{url}/{number}", settings), served)
            if number:  # the first is for imports
                ratios.append(remote / local)
                print(f"folder {local:.2f} s, bucket on {name} {remote:.2f} s: {remote / local:.2f} times")
        print(f"median {statistics.median(ratios):.2f} times, {rows:,} rows in {days} files, {times} times")
        return ratios


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer of Stripe's takes")
    chosen = parser.parse_args()
    measure(chosen.rows, chosen.days, chosen.times, chosen.latency)
