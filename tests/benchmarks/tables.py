"""What publishing costs beside what the libraries do themselves, in a table of 1,826 days, Delta and Iceberg.

Compared in turn, in one process: a replaced day, published by us (states loaded, the catalog opened, the table read,
the difference committed), beside `write_deltalake` with a predicate in a table that it has written, and beside
pyiceberg's bare overwrite producer, in a table that it has made of the same files, and in ours; the first commit of all
days beside the time it took to write the files; a commit after many others, with upkeep now and then, beside one before
them, as Delta, as Iceberg, and of the state alone, which is all there is in a lake of files. With `--cpu` in seconds of
the CPU, where other programs on the machine count for nothing, nor does what waits.
`.venv-integrations/bin/python tests/benchmarks/tables.py --days 1826 --times 5 --commits 100`
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.transaction import AddAction, RemoveAction
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _OverwriteFiles

import connector
from connector.core.state.data_file import with_changes
from connector.core.state.tables import TRANSACTIONS
from connector.lake.catalogs import following
from connector.lake.catalogs.iceberg_catalog import open_catalog
from connector.lake.catalogs.lake_tables import opened_tables, publish_tables
from connector.lake.catalogs.maintenance import maintain
from connector.lake.state import state_log, table_states
from connector.lake.stores.local import LocalStore
from tests.support.lakes import run, sandbox, world

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.core.state.data_file import DataFile

TABLE = "balance_transactions"

GOALS = {
    "delta: a replaced day / write_deltalake(predicate=)": 0.35,
    "iceberg: a replaced day / a bare overwrite": 1.10,
    "delta: the first commit / writing the files": 0.25,
    "iceberg: the first commit / writing the files": 0.25,
    "delta: a commit after many / among the first": 1.5,
    "iceberg: a commit after many / among the first": 1.5,
    "parquet: a commit after many / among the first": 1.5,
}
"""Ratios, at most."""

ALONE = "delta: one file for another, by deltalake's own commit alone / write_deltalake(predicate=)"
"""The least that a replaced day can take: the table opened, and a commit."""

UPKEEP, KEPT = 24, 168
"""Commits from one upkeep to the next, and those whose versions it leaves: as by a run each hour, kept for a week."""


CLOCKS = [time.perf_counter]
"""The clock that is gone by, last."""


def seconds(act: Callable[[], Any], clock: Callable[[], float] | None = None) -> float:
    chosen = clock or CLOCKS[-1]
    began = chosen()
    act()
    return chosen() - began


def loaded(lake: Path, kind: str, served: Any) -> tuple[float, float]:
    """Load a lake; return how long its files took to come about, and how long their first commit did."""
    publish, first = following.publish_tables, []

    def timed(*words: Any, **options: Any) -> Any:
        began = time.perf_counter()
        done = publish(*words, **options)
        first.append(time.perf_counter() - began)
        return done

    following.publish_tables = timed
    try:
        whole = seconds(lambda: run(lake, served, format=kind), time.perf_counter)
    finally:
        following.publish_tables = publish
    return whole - first[-1], first[-1]


def replaced(lake: Path, number: int) -> DataFile:
    """Put a day's file under another name, and let the state name it; return it as it was."""
    store = LocalStore(lake)
    state = next(table_states.states(store))
    old = state.files[sorted(state.files)[number % len(state.files)]]
    path = f"{old.path.rpartition('/')[0]}/part-{old.sha256[:12]}-20260101T000000Z-{number:08x}.parquet"
    shutil.copy(lake / old.path, lake / path)
    files = {one: file for one, file in state.files.items() if one != old.path}
    new = replace(state, files={**files, path: with_changes(old, path=path)})
    state_log.commit(store, TRANSACTIONS, new, run=f"20260101T000000Z-{number:08x}")
    return old


def by_delta(table: Path, lake: Path, old: DataFile) -> float:
    """Replace a day by deltalake's own means, in a table that it has written itself."""
    account, day = (part.partition("=")[2] for part in old.path.split("/")[1:3])
    if not table.exists():
        rows = connector.read(lake).to_table()
        write_deltalake(str(table), rows, partition_by=["account", "created_date"])
    rows = connector.read(lake).to_table().filter(pc.field("created_date") == date.fromisoformat(day))
    return seconds(
        lambda: write_deltalake(
            str(table), rows, mode="overwrite", predicate=f"account = '{account}' and created_date = '{day}'"
        )
    )


def by_delta_alone(table: Path, lake: Path, number: int) -> float:
    """Have deltalake open a table like ours and commit one file for another: no less is possible."""
    if not table.exists():
        shutil.copytree(lake / TABLE / "_delta_log", table / "_delta_log")
    listed = sorted(DeltaTable(str(table)).file_uris())
    old = listed[7 * number % len(listed)].removeprefix(f"{table}/")
    values = dict(part.split("=") for part in old.split("/")[:-1])
    new = f"{old.rpartition('/')[0]}/part-{number}.parquet"

    def act() -> None:
        opened = DeltaTable(str(table))
        added = AddAction(new, 1, values, 0, data_change=True, stats='{"numRecords": 1}')
        removed = RemoveAction(old, data_change=True, deletion_timestamp=0, partition_values=values)
        opened.create_write_transaction([added, removed], "append", opened.schema(), list(values))

    return seconds(act)


def by_iceberg(lake: Path, old: DataFile, name: str) -> float:
    """Replace a file by itself with pyiceberg's overwrite producer alone, after the file was looked up.

    Args:
        lake: in whose catalog the table is.
        old: the file.
        name: of the table; one that is not there is made of the lake's files by the same producer.
    """
    catalog = open_catalog(str(lake))
    if not catalog.table_exists(f"stripe.{name}"):
        ours = catalog.load_table(f"stripe.{TABLE}")
        place = f"file://{lake}/{name}"
        made = catalog.create_table(f"stripe.{name}", ours.schema(), location=place, partition_spec=ours.spec())
        with made.transaction() as transaction, _OverwriteFiles(Operation.APPEND, transaction, made.io) as one:
            for task in ours.scan().plan_files():
                one.append_data_file(task.file)

    def act() -> None:
        table = catalog.load_table(f"stripe.{name}")
        known = next(one.file for one in table.scan().plan_files() if one.file.file_path.endswith(old.path))
        with table.transaction() as transaction, _OverwriteFiles(Operation.OVERWRITE, transaction, table.io) as one:
            one.delete_data_file(known)
            one.append_data_file(known)

    try:
        return seconds(act)
    finally:
        catalog.close()


def many(lake: Path, numbers: range) -> None:
    """Commit again and again, with upkeep now and then that lets go of all but the latest versions."""
    moments: list[float] = []
    for number in numbers:
        replaced(lake, 7 * number)
        publish_tables(LocalStore(lake))
        moments.append(time.time())
        if len(moments) % UPKEEP == 0:
            cutoff = moments[-KEPT] if len(moments) > KEPT else 0.0
            with opened_tables(LocalStore(lake), states=None) as opened:
                if (table := opened(TABLE)) is not None:
                    table.read()
                    table.tidy(cutoff, act=True)
    maintain(lake)


def growth(lake: Path, kind: str, times: int, commits: int) -> dict[str, list[float]]:
    """Measure a commit after many others beside those before; return the ratio by what it is of."""

    def one(number: int) -> float:
        took = seconds(lambda: replaced(lake, 7 * number))
        published = seconds(lambda: publish_tables(LocalStore(lake)))
        return took if kind == "parquet" else published

    early = [one(number) for number in range(1_000, 1_000 + times)]
    many(lake, range(2_000, 2_000 + commits))
    late = [one(number) for number in range(9_000, 9_000 + times)]
    told = ", ".join(f"{1e3 * statistics.median(some):.0f} ms" for some in (early, late))
    print(f"{kind}: a commit before and after {commits:,} others: {told}")
    return {f"{kind}: a commit after many / among the first": [statistics.median(late) / statistics.median(early)]}


def measure(kind: str, days: int, times: int, commits: int) -> dict[str, list[float]]:
    """Measure one kind of table; return ratios by what they are of."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sandbox(world(4 * days, days=days)) as served:
        lake, other = Path(folder) / "lake", Path(folder) / "other"
        if kind == "parquet":
            run(lake, served)
        else:
            files, first = loaded(lake, kind, served)
            found[f"{kind}: the first commit / writing the files"] = [first / files]
            print(f"{kind}: {files:.1f} s for {days:,} files, {first:.2f} s for their first commit")
        for number in range(times if kind != "parquet" else 0):
            old, far = replaced(lake, 7 * number), far_file(lake, number)
            ours = seconds(lambda: publish_tables(LocalStore(lake)))
            others = (
                {"delta: a replaced day / write_deltalake(predicate=)": by_delta(other, lake, old)}
                if kind == "delta"
                else {
                    "iceberg: a replaced day / a bare overwrite": by_iceberg(lake, far, "bare"),
                    "iceberg: a replaced day / a bare overwrite in our table": by_iceberg(lake, far, TABLE),
                }
            )
            if kind == "delta":
                alone = by_delta_alone(Path(folder) / "alone", lake, number)
                found.setdefault(ALONE, []).append(alone / next(iter(others.values())))
            for name, theirs in others.items():
                found.setdefault(name, []).append(ours / theirs)
                print(f"{name}: {1e3 * ours:.0f} ms / {1e3 * theirs:.0f} ms")
        if commits:
            found |= growth(lake, kind, times, commits)
    return found


def far_file(lake: Path, number: int) -> DataFile:
    """A file that nothing was done to: in the large manifest of the first commit, as the one that is replaced."""
    state = next(table_states.states(LocalStore(lake)))
    return state.files[sorted(state.files)[-1 - 7 * number]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=1_826)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--kind", choices=["delta", "iceberg", "parquet"], action="append")
    parser.add_argument("--cpu", action="store_true")
    chosen = parser.parse_args()
    if chosen.cpu:
        CLOCKS.append(time.process_time)
    for one in chosen.kind or ["delta", "iceberg", "parquet"]:
        for what, ratios in measure(one, chosen.days, chosen.times, chosen.commits).items():
            middle, most = statistics.median(ratios), GOALS.get(what)
            verdict = "" if most is None else f", goal ≤ {most:.2f} x, {'holds' if middle <= most else 'does not hold'}"
            print(f"{what}: {middle:.2f} x{verdict}")
