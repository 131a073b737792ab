"""A sandbox in a process of its own, and children whose cost is measured from outside; each on a core of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.cores import CLIENT, SERVER, only_on

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """A running sandbox: its address and its key."""

    url: str
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a child needs to ask it."""
        return {**os.environ, "PYTHONPATH": str(ROOT), "STRIPE_API_KEY": self.key, "STRIPE_API_BASE": self.url}

    def stats(self) -> dict[str, Any]:
        """What it has seen."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/stats", timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)


@contextmanager
def served(**options: object) -> Iterator[Served]:
    """Serve a world; options are those of the command, `_` for `-`."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command = [
        sys.executable,
        "-m",
        "connector.sandbox",
        "--port",
        "0",
        *(() if "connected" in options else ("--connected", "0")),
        *words,
    ]
    with only_on(SERVER):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        facts = process.stdout.readline().split()
        yield Served(facts[2], facts[3].removeprefix("key="))
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True)
class Cost:
    """What a child took.

    Attributes:
        seconds: from its start to its end.
        cpu: seconds of processor time, its own and the kernel's for it.
        peak: megabytes of memory at most; Linux says at least what this process has had itself.
        said: its standard output.
    """

    seconds: float
    cpu: float
    peak: float
    said: str


def cost_of(command: list[str], environment: dict[str, str], *, folder: Path = ROOT) -> Cost:
    """Run a child to its end, in a folder, and measure it.

    Raises:
        RuntimeError: it failed.
    """
    started = time.perf_counter()
    with only_on(CLIENT):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=folder, text=True)
    assert child.stdout is not None
    try:
        with child.stdout:
            said = child.stdout.read()
    except BaseException:  # told to stop: nothing that was started goes on
        child.kill()
        child.wait()
        raise
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if child.returncode:
        raise RuntimeError(f"{' '.join(command[1:4]):.60} ended with {child.returncode}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, megabytes(usage.ru_maxrss), said)


def megabytes(peak: int) -> float:
    """Convert what `getrusage` says of memory: kilobytes on Linux, bytes on macOS."""
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def synced(server: Served, lake: Path, *options: str) -> Cost:
    """Sync from the command line, as a user would; `said` is the run report."""
    command = [sys.executable, "-m", "connector.cli", "sync", str(lake), "--json", *options]
    return cost_of(command, server.environment)


SDK = """
import itertools, os, stripe
client = stripe.StripeClient(os.environ["STRIPE_API_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
rows = client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()
print(sum(1 for _ in itertools.islice(rows, %d)))
"""


def paged_by_sdk(server: Served, rows: int) -> Cost:
    """Page through the newest rows with Stripe's own library, only counting them."""
    return cost_of([sys.executable, "-c", SDK % rows], server.environment)
