"""A sync by tasks of Spark behind Stripe's limiter: four partitions of one account, and accounts over a cluster.

`python -m tests.spark.live.at_limit [account|accounts]`, in an environment with Spark, prints what it took as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import connector.spark
from connector.config.config import DEFAULT_RATE
from tests.spark.live.spark_here import executors, session, standalone, wait_for
from tests.support.behind_limit import LIMIT, history, read_by_one, reading_of, uneven

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyspark.sql import SparkSession

    from connector.sandbox import Sandbox

FOUR_SLOTS = "local-cluster[2,2,1024]"
WORKERS = 2


@contextmanager
def four_slots() -> Generator[SparkSession]:
    """A session with two executors of two cores each."""
    with session(FOUR_SLOTS, spark__executor__cores="2") as one:
        yield one


@contextmanager
def cluster(folder: Path) -> Generator[SparkSession]:
    """A session of a master and two workers of one core each."""
    with standalone(folder, workers=WORKERS) as master, session(master) as one:
        wait_for(lambda: len(executors(one.sparkContext.applicationId)) == WORKERS)
        yield one


def by_tasks(
    spark: SparkSession, served: Sandbox, lake: Any, rate: float = DEFAULT_RATE, **options: Any
) -> dict[str, Any]:
    """Bring what a server has into a lake by tasks, and return the report; the server forgets what it saw before."""
    served.reset_stats()
    return connector.spark.sync(spark, lake, key=lambda: served.key, api_base=served.url, rate=rate, **options)


def main(what: str) -> None:
    """Have one process and tasks read the same in turn, both at the limiter's rate, and print what each took."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if what == "account":
            serving, making, options, words = history(), four_slots(), {}, ()
        else:
            serving, making = uneven(), cluster(place / "spark")
            options, words = {"all_accounts": True}, ("--all-accounts",)
        with serving as served, making as spark:
            by_tasks(spark, served, place / "warm", rate=LIMIT, accounts=served.world.accounts[:1], until="2023-02-01")
            one = read_by_one(served, str(place / "one"), "--rate", f"{LIMIT:g}", *words)
            report = by_tasks(spark, served, place / "tasks", rate=LIMIT, **options)
            tasks = reading_of(served)
            by_tasks(spark, served, place / "default", **options)
            default = reading_of(served)
    lists = report["requests"]["by_endpoint"]["balance_transactions.list"]
    print(json.dumps({"one": asdict(one), "tasks": asdict(tasks), "default": asdict(default), "lists": lists}))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["account"]))
