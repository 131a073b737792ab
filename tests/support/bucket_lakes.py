"""Lakes in buckets in tests: the same story is told to a bucket and to a local folder, and both hold the same bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import connector
from connector.core.units import DAY
from connector.lake.stores.base import open_store
from tests.support.lakes import data_files, objects, run, truth
from tests.support.waiting import is_holding, killed_at_request, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def bucket_files(destination: Any) -> dict[str, str]:
    """SHA-256 of every object that readers see, by its path in the lake."""
    store = open_store(destination)
    return {
        info.path: hashlib.sha256(store.read(info.path).data).hexdigest() for info in store.list("balance_transactions")
    }


def same(bucket: Any, local: Path, served: Sandbox) -> None:
    """Hold the lake in the bucket to the local one: rows, bytes, and nothing besides."""
    assert objects(bucket) == truth(served)
    assert bucket_files(bucket) == data_files(local)


def life_of_a_lake(bucket: Any, local: Path, served: Sandbox) -> None:
    """First load, increments, late rows, statuses that change: after each, the bucket holds what the folder does.

    Args:
        bucket: an empty destination.
        local: another.
        served: whom to ask.
    """

    def both() -> None:
        for destination in (bucket, local):
            run(destination, served)
        assert objects(bucket) == objects(local)
        assert bucket_files(bucket) == data_files(local)

    both()
    served.advance(3 * DAY)
    served.add_rows(count=7)
    served.add_rows(count=120, created=served.now - DAY)
    both()
    served.add_rows(count=5, created=served.now - 300, visible_at=served.now + 60)
    both()
    served.advance(900)
    both()
    served.advance(20 * DAY)
    both()
    same(bucket, local, served)


def command(*words: object, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the command line in a process of its own, in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "connector", *map(str, words)],
        env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def store_killed_in_the_middle(store: Any, served: Sandbox) -> None:
    """Kill a store's process while a command waits for an answer of Stripe's, then have Stripe answer again.

    Args:
        store: a service that has a process.
        served: a Stripe that holds its answers back (`hold_answers`), which a command asks.
    """
    wait_until(lambda: is_holding(served), seconds=240)  # a command that starts on a busy machine takes its time
    store.process.kill()
    store.process.wait()
    served.faults.clear()


def backfill_killed(
    name: object, lake: Any, environ: Mapping[str, str], served: Sandbox, *, after: tuple[int, ...]
) -> None:
    """Add sources to a lake by commands that are killed with -9 after some requests, then by one that may end.

    After each, every row is there once, and what had its source has it still.

    Args:
        name: of the lake, for the command line.
        lake: the same, for this process.
        environ: of the processes.
        served: whom they ask.
        after: how many requests of each are answered before it is killed.
    """
    asking = {**environ, "STRIPE_API_BASE": served.url, "STRIPE_API_KEY": served.key}
    words = ("sync", name, "-q", "--rate", "12", "--expand", "source", "--backfill")
    everything = sorted(row["id"] for row in truth(served))
    bare: list[set[str]] = []

    def look() -> None:
        rows = connector.read(lake).to_table().to_pylist()
        assert sorted(row["id"] for row in rows) == everything
        left = {row["id"] for row in rows if row["source"] is not None and row.get("source_object") is None}
        assert not bare or left <= bare[-1]
        bare.append(left)

    look()
    for requests in after:
        served.reset_stats()
        status = killed_at_request(served, requests, lambda: command(*words, environ=asking))
        assert status == -signal.SIGKILL or (status == 0 and len(served.requests()) < requests)
        look()
    last = command(*words, environ=asking)
    _, said = last.communicate(timeout=300)
    assert last.returncode == 0, said
    look()
    assert not bare[-1]
