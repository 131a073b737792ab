"""Thousands of connected accounts under one pace: how much of the limit is used, and whether a killed run goes on.

The sandbox, in a process of its own, has accounts of uneven size (most less than a page, a few two thousand rows),
answers after 300 ms (median of a log-normal, sigma 0.25) and refuses a 26th request in any second. Utilisation is
requests to the list over what 25/s allow in the time of the whole command, start-up and the list of accounts included;
the least number of requests is the pages there are, one for an account without rows. Beside it Stripe's own library,
which pages through accounts one after the other. `python tests/benchmarks/accounts.py [accounts]`, about seven minutes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import new_lake
from tests.benchmarks.served import Served, cost_of, served, synced

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench

LATENCY = 0.3
LIMIT = 25
SLICE = 25
KILLS = 3
OPTIONS = ("--json", "--all-accounts", "--rate", str(LIMIT))

SDK = """
import os, stripe
client = stripe.StripeClient(os.environ["STRIPE_API_KEY"], base_addresses={"api": os.environ["STRIPE_API_BASE"]})
rows = 0
for account in list(client.v1.accounts.list({"limit": 100}).data)[:%d]:
    listing = client.v1.balance_transactions.list({"limit": 100}, {"stripe_account": account.id})
    rows += sum(1 for _ in listing.auto_paging_iter())
print(rows)
"""


MANY, SOME = 2_000, 300
"""Connected accounts in the bench: in full, and else."""


def scenario(bench: Bench) -> list[Figure]:
    """Say how much of the limit one load of all accounts uses, from its start to its end."""
    accounts = MANY if bench.full else SOME
    with served(**world(accounts)) as server, new_lake() as lake:
        report = json.loads(bench.now.command("sync", str(lake), *OPTIONS, server=server).said)
    listed, least = lists_of(report)
    used = 100 * listed / LIMIT / report["duration_seconds"]
    note = f"{listed:,} lists where {least:,} are the least"
    return [Figure("accounts", (used,), at="" if bench.full else f"{accounts} accounts", note=note)]


def world(accounts: int) -> dict[str, object]:
    """Return the options of the sandbox: the same world each time."""
    times = {"start": "2025-01-01", "end": "2026-01-01", "clock": "2026-01-15"}
    limits = {"latency": LATENCY, "latency_sigma": 0.25, "rate": LIMIT}
    return {"transactions": 2_000, "connected": accounts, **limits, **times}


def lists_of(report: dict[str, Any]) -> tuple[int, int]:
    """Return how many lists of transactions a run asked for, and the least: a request a page, one where no rows are."""
    listed = report["requests"]["by_endpoint"]["balance_transactions.list"]
    return listed, sum(max(1, -(-one["rows_received"] // 100)) for one in report["accounts"])


def main(accounts: int) -> None:
    """Print everything."""
    options = world(accounts)
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = Path(folder) / "whole", Path(folder) / "cut"
        with served(**options) as server:
            cost = synced(server, whole, *OPTIONS)
            seen = server.stats()
            sdk = cost_of([sys.executable, "-c", SDK % SLICE], server.environment)
        report = json.loads(cost.said)
        listed, least = lists_of(report)
        rows = sum(one["lake_rows"] for one in report["accounts"])
        print(
            f"{len(report['accounts']):,} accounts, {rows:,} rows: {cost.seconds:.1f} s,"
            f" {listed / LIMIT / cost.seconds:.1%} of the limit"
            f" ({report['requests']['utilisation']:.1%} by the run's own clock),"
            f" {listed:,} lists where {least:,} are the least, {sum(report['requests']['limited'].values())} 429s,"
            f" peak {cost.peak:.0f} MB; {seen['requests']:,} requests in all"
        )
        print(f"Stripe's own library, the newest {SLICE} accounts: {sdk.seconds:.1f} s for {int(sdk.said):,} rows")
        with served(**options) as server:
            for kill in range(KILLS):
                killed(server, cut, seconds=random.uniform(0.1, 0.3) * cost.seconds)
                print(f"killed: {len(table_states.accounts(LocalStore(cut))):,} accounts begun after {kill + 1}")
            again = json.loads(synced(server, cut, *OPTIONS).said)
        differing = files(whole) != files(cut)
        print(f"after {KILLS} kills: {'NOT ' if differing else ''}the same files, {again['outcome']}")


def killed(server: Served, lake: Path, *, seconds: float) -> None:
    """Kill a sync after some seconds."""
    command = [sys.executable, "-m", "connector.cli", "sync", str(lake), *OPTIONS]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=server.environment)
    time.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()


def files(lake: Path) -> dict[str, bytes]:
    """The data files and what is in them."""
    return {str(path.relative_to(lake)): path.read_bytes() for path in lake.glob("balance_transactions/**/part-0.*")}


if __name__ == "__main__":
    main(*([int(word) for word in sys.argv[1:]] or [2_000]))
