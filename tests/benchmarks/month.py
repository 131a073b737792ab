"""A month passes: one sync brings every flipped status home. With how many requests, beside the fewest there could be?

The fewest are found knowing everything: a row that is new or due comes either by itself (a retrieval) or in a page of
100 that lie together; one request more asks whose key it is. Who does not know where pages will end loses about half a
page for each window read at once. `python tests/benchmarks/month.py [rows]`, half a minute.
"""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.sandbox import World
from tests.benchmarks.served import Served, served, synced
from tests.support.lakes import in_order, objects

if TYPE_CHECKING:
    from connector.core.api.page import Row

DAY = 86_400
END = 1_767_225_600
PAGE = 100


def at(server: Served, now: int) -> None:
    """Put the sandbox's clock at a second."""
    body = json.dumps({"set": now}).encode()
    request = urllib.request.Request(f"{server.url}/_sandbox/clock", data=body, method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def fewest(rows: list[Row], wanted: set[str], new: int) -> int:
    """Return the fewest requests that bring all wanted rows.

    Args:
        rows: all there are, in order.
        wanted: ids of those that are new or due.
        new: first second of the new ones, which cannot be retrieved as nobody knows their ids.
    """
    places = [place for place, row in enumerate(rows) if row["id"] in wanted]
    best = [0]
    for number, place in enumerate(places):
        alone = best[number] + 1 if rows[place]["created"] < new else len(rows)
        first = bisect_left(places, place - PAGE + 1)
        best.append(min(alone, best[first] + 1))  # a page ends here and holds all that lies less than a page before
    return best[-1]


def measure(rows: int, *, shape: str = "steady", days: int = 30, partition: str = "day") -> bool:
    """Sync, let the time pass, sync again, and print what it took; say whether everything is as Stripe has it."""
    start, first = END - 730 * DAY, END - days * DAY
    options = {"transactions": rows, "start": start, "end": END, "clock": first, "shape": shape}
    limits = {"rate": 0, "global_rate": 0, "in_flight": 0, "global_in_flight": 0}
    world = World(transactions=rows, start=start, end=END, shape=shape, connected=0, now=first)
    with served(latency=0.02, **options, **limits) as server, tempfile.TemporaryDirectory() as folder:
        lake, words = Path(folder) / "lake", ("--rate", "0", "--partition", partition)
        synced(server, lake, *words)
        before = {row["id"]: row for row in world.rows()}
        world.set_clock(END)
        at(server, END)
        there = in_order(world.rows())
        due = {row["id"] for row in there if row["id"] in before and row["status"] != before[row["id"]]["status"]}
        again = {row["id"] for row in there if row["created"] >= first - 600}  # not settled when it was read
        used = server.stats()["requests"]
        report = json.loads(synced(server, lake, *words).said)
        used = server.stats()["requests"] - used
        home = objects(lake) == there
        changed = sum(account["rows_changed"] for account in report["accounts"])
    least = 1 + fewest(there, due | again, first - 600)
    print(
        f"{shape:<8} {rows:>6} rows in two years, {partition} files, {days:>2} days pass:"
        f" {len(there) - len(before)} new, {len(due)} flipped, {changed} changed here:"
        f" {used} requests, the fewest possible {least}; {'every row as Stripe has it' if home else 'ROWS DIFFER'}"
    )
    return home and changed == len(due)


def main(rows: int) -> int:
    """Print several accounts; 1 when one is wrong."""
    right = measure(rows)
    right &= measure(rows, days=2)
    right &= measure(rows, partition="month")
    right &= measure(rows, shape="seasonal")
    right &= measure(600, partition="month")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000))
