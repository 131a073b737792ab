"""A reader that globs the tree while runs write, fail, are cancelled and are killed: it only ever meets whole days."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pyarrow.parquet
import pytest

from connector.core.state.partition import Granularity, partition_of
from connector.core.tuning import RunTuning
from connector.errors import ConnectorError
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import config_for, data_files, objects, run, sandbox, sync_given, truth, world
from tests.support.waiting import killed_at_request

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from connector.core.api.page import Row

ROWS, DAYS = 3_000, 6


class Reader:
    """Reads what is there again and again, in a thread of its own.

    Args:
        lake: the destination.
        days: ids of every row there is, by the label of its day.
    """

    def __init__(self, lake: Path, days: Mapping[str, set[str]]) -> None:
        self.lake, self.days = lake, days
        self.looked = 0
        self.broken: list[str] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def look(self) -> None:
        """Glob once, as any engine does, and read every file that was found."""
        for path in sorted(self.lake.glob("balance_transactions/*/*/*.parquet")):
            with path.open("rb") as file:
                held = set(pyarrow.parquet.read_table(file, columns=["id"]).column("id").to_pylist())
            if held != self.days[path.parent.name]:
                self.broken.append(f"{path.parent.name} has {len(held)} of {len(self.days[path.parent.name])} rows")
            self.looked += 1

    def _read(self) -> None:
        while not self._done.wait(0.001):
            self.look()

    @contextmanager
    def looking(self) -> Generator[Reader]:
        """Look until the end of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._done.set()
            self._thread.join(ENDLESS_SECONDS)
        self.look()
        assert self.looked
        assert self.broken == []


def days_of(rows: list[Row]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(partition_of(row["created"], Granularity.DAY).label, set()).add(row["id"])
    return found


EAGER = {"tuning": RunTuning(commit_seconds=0.002, park_rows=50, park_seconds=0.002)}
"""Commits and parks all the time, as a long run does now and then."""


def test_a_reader_at_any_moment_meets_whole_days_only(tmp_path):
    chance, lake = random.Random(5), tmp_path / "lake"
    faults = ["500:every=9", "out-of-order:endpoint=balance_transactions,every=25,times=2"]
    with sandbox(world(ROWS, days=DAYS), latency=0.004, faults=faults) as stripe_:

        async def interrupted() -> None:
            with anyio.move_on_after(chance.uniform(0.05, 0.4)):
                await sync_given(lake, config_for(stripe_, max_in_flight=4), EAGER)

        with Reader(lake, days_of(truth(stripe_))).looking():
            for _ in range(4):
                with suppress(ConnectorError):
                    anyio.run(interrupted)
            stripe_.faults.clear()
            run(lake, stripe_, services=EAGER)
            run(lake, stripe_, services=EAGER, full_refresh=True)
        assert objects(lake) == truth(stripe_)


ROOT = Path(__file__).parents[2]
CHILD = """
import sys, anyio
from connector.config.config import ApiKey, Config
from connector.core.tuning import RunTuning
from tests.support.lakes import sync_given
tuning = RunTuning(commit_seconds=0.03, park_rows=100, park_seconds=0.03)
config = Config(ApiKey(sys.argv[2]), api_base=sys.argv[3], rate=float("inf"), max_in_flight=4)
anyio.run(lambda: sync_given(sys.argv[1], config, {"tuning": tuning}))
"""


@pytest.mark.slow
def test_a_reader_meets_whole_days_only_while_runs_are_killed(tmp_path):
    lake, chance = tmp_path / "lake", random.Random(4)
    with sandbox(world(ROWS, days=DAYS)) as stripe_:
        run(tmp_path / "expected", stripe_)
    with sandbox(world(ROWS, days=DAYS), latency=0.03) as stripe_:
        with Reader(lake, days_of(truth(stripe_))).looking():
            for _ in range(4):
                words = [sys.executable, "-c", CHILD, str(lake), stripe_.key, stripe_.url]
                request, later = chance.randint(2, 7), chance.uniform(0.0, 0.2)  # of 30, so that none is the last
                status = killed_at_request(
                    stripe_, request, lambda words=words: subprocess.Popen(words, cwd=ROOT), later=later
                )
                assert status == -signal.SIGKILL
            run(lake, stripe_)
        assert objects(lake) == truth(stripe_)
    assert data_files(lake) == data_files(tmp_path / "expected")
