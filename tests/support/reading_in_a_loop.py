"""Engines that read a lake again and again while it is written, each in a thread of its own, and what they may meet.

A look makes everything anew, as a query does: the listing or the table, and the rows. What it gives has each row once;
of each day a state that a run brought or found there, but of the newest one that is there, of which it may be part; and
never less of a day than the look before. Where an engine raises instead, what it said is kept: the documentation
names it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connector.core.state.partition import Granularity, partition_of
from tests.support.fakes import ENDLESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from connector.core.api.page import Row

DAY = "created_date"
"""Column of the time that a file is of, where that is a day."""

Rows = list[tuple[str, str, str]]
"""Day, id and status of each row that a look gave."""

PAUSE_SECONDS = 0.01
"""Between two looks of an engine, so that writers have their turn."""


@dataclass
class Expected:
    """What may be met of each day: every state of it that a run began or ended with.

    Attributes:
        granularity: of the partitions.
        days: by its label, the sets of ids it may have.
    """

    granularity: Granularity = Granularity.DAY
    days: dict[str, set[frozenset[str]]] = field(default_factory=dict[str, set[frozenset[str]]])

    @property
    def column(self) -> str:
        """The column of a partition's time."""
        return partition_of(0, self.granularity).label.partition("=")[0]

    def grow(self, rows: Iterable[Row]) -> None:
        """Rows are about to be brought: from now on their days may be met with them, too."""
        found: dict[str, set[str]] = {}
        for row in rows:
            label = partition_of(row["created"], self.granularity).label.partition("=")[2]
            found.setdefault(label, set()).add(row["id"])
        for label, ids in found.items():
            self.days.setdefault(label, set()).add(frozenset(ids))

    def wrong(self, held: Mapping[str, set[str]]) -> list[str]:
        """Return what is not as it may be met.

        Args:
            held: ids by the label of their day, as one look gave them.
        """
        newest = max(held, default="")
        return [
            f"{label} has {len(ids)} rows of {sorted(map(len, self.days.get(label, ())))}"
            for label, ids in sorted(held.items())
            if ids not in self.days.get(label, ())
            and not (label == newest and any(ids <= whole for whole in self.days.get(label, ())))
        ]


@dataclass
class Looker:
    """An engine that looks again and again.

    Attributes:
        name: of the engine.
        look: reads everything anew.
        expected: what may be met.
        looks: how often it gave rows.
        raised: how often it raised what, in its own words; not what it said before there was anything to be read.
        broken: what should not be.
        taken: a day that something else takes away: it may be there or not.
    """

    name: str
    look: Callable[[], Rows]
    expected: Expected
    looks: int = 0
    raised: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])
    taken: str | None = None
    _last: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def once(self) -> None:
        """Look, and hold what was given to what may be."""
        try:
            rows = self.look()
        except BaseException as error:  # noqa: BLE001 - Polars' panics are no `Exception`
            if self.looks:
                self.raised[f"{type(error).__name__}: {' '.join(str(error).split())}"] += 1
            return
        self.looks += bool(rows)
        held: dict[str, set[str]] = {}
        for day, name, _ in rows:
            held.setdefault(day, set()).add(name)
        doubled = len(rows) - sum(map(len, held.values()))
        found = self.expected.wrong(held) + ([f"{doubled} rows twice"] if doubled else [])
        gone = [day for day, ids in self._last.items() if not ids <= held.get(day, set()) and day != self.taken]
        found += [f"{day} has lost rows since the last look" for day in gone]
        self.broken += [f"{self.name}: {one}" for one in found]
        self._last = held


@contextmanager
def looking(lookers: list[Looker]) -> Generator[None]:
    """Have engines look until the end of the block, and once more when nothing is written any more."""
    done = threading.Event()

    def again(one: Looker) -> None:
        while not done.wait(PAUSE_SECONDS):
            one.once()

    threads = [threading.Thread(target=again, args=(one,), daemon=True) for one in lookers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        end = time.monotonic() + ENDLESS_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads), "an engine did not come to an end"
    for one in lookers:
        known = one.raised.copy()
        one.once()
        assert one.raised == known, f"{one.name} raises with nobody writing: {one.raised - known}"
        assert one.looks, one.name


def judged(lookers: list[Looker], may_raise: Mapping[str, str]) -> None:
    """Hold what engines met to what they may meet.

    Args:
        lookers: the engines.
        may_raise: a pattern of what an engine may say instead, by its name; for those not named, nothing.
    """
    for one in lookers:
        assert one.broken == []
        unknown = [said for said in one.raised if not re.search(may_raise.get(one.name, r"(?!)"), said)]
        assert not unknown, f"{one.name} raised what is not documented: {unknown}"


# How each engine looks ------------------------------------------------------------------------------------------------


def columns_of(column: str) -> list[str]:
    """Columns that a look reads: time of the file, id, status."""
    return [column, "id", "status"]


def of_arrow(table: Any, column: str = DAY) -> Rows:
    """Return a table's rows, whatever texts and days are made of."""
    columns = [[str(value) for value in table[name].to_pylist()] for name in columns_of(column)]
    return list(zip(*columns, strict=True))


def duckdb_files(pattern: str | list[str], filesystem: Any = None, column: str = DAY) -> Rows:
    """DuckDB over a pattern, or a list of files."""
    with import_module("duckdb").connect() as connection:
        if filesystem is not None:
            connection.register_filesystem(filesystem)
        connection.execute("set threads = 1")
        names = ", ".join(f"'{one}'" for one in ([pattern] if isinstance(pattern, str) else pattern))
        query = f"select {', '.join(columns_of(column))} from read_parquet([{names}], hive_partitioning = true)"  # noqa: S608 - names of ours
        return of_arrow(connection.sql(query).to_arrow_table(), column)


def duckdb_over(rows: Any, column: str = DAY) -> Rows:
    """DuckDB over what Arrow gives."""
    with import_module("duckdb").connect() as connection:
        connection.execute("set threads = 1")
        connection.register("rows_of_the_table", rows)
        query = f"select {', '.join(columns_of(column))} from rows_of_the_table"  # noqa: S608 - names of ours
        return of_arrow(connection.sql(query).to_arrow_table(), column)


def polars_files(folder: str, options: Mapping[str, str] | None = None, column: str = DAY) -> Rows:
    """Polars over a folder of files."""
    pl = import_module("polars")
    frame = pl.scan_parquet(
        folder,
        glob=False,
        hive_partitioning=True,
        hive_schema={"account": pl.String, column: pl.Date if column == DAY else pl.String},
        **({"storage_options": dict(options)} if options else {}),
    )
    return of_arrow(frame.select(columns_of(column)).collect().to_arrow(), column)


def pyarrow_files(folder: Any, filesystem: Any = None, column: str = DAY) -> Rows:
    """pyarrow's dataset over a folder of files."""
    ds = import_module("pyarrow.dataset")
    found = ds.dataset(folder, format="parquet", partitioning="hive", filesystem=filesystem)
    return of_arrow(found.to_table(columns=columns_of(column)), column)


def delta(folder: str, options: Mapping[str, str] | None = None, column: str = DAY) -> Rows:
    """deltalake by itself."""
    table = import_module("deltalake").DeltaTable(folder, storage_options=dict(options) if options else None)
    return of_arrow(table.to_pyarrow_table(columns=columns_of(column)), column)


def delta_polars(folder: str, options: Mapping[str, str] | None = None, column: str = DAY) -> Rows:
    """Polars over a Delta table."""
    frame = import_module("polars").scan_delta(folder, storage_options=dict(options) if options else None)
    return of_arrow(frame.select(columns_of(column)).collect().to_arrow(), column)


def delta_duckdb(folder: str, options: Mapping[str, str] | None = None, column: str = DAY) -> Rows:
    """DuckDB over deltalake's dataset."""
    table = import_module("deltalake").DeltaTable(folder, storage_options=dict(options) if options else None)
    return duckdb_over(table.to_pyarrow_dataset(), column)


def iceberg(load: Callable[[], Any], column: str = DAY) -> Rows:
    """pyiceberg by itself."""
    return of_arrow(load().scan(selected_fields=tuple(columns_of(column))).to_arrow(), column)


def iceberg_polars(load: Callable[[], Any], options: Mapping[str, str] | None = None, column: str = DAY) -> Rows:
    """Polars over an Iceberg table: its own client takes nothing of what pyiceberg was told of the store."""
    frame = import_module("polars").scan_iceberg(load(), storage_options=dict(options) if options else None)
    return of_arrow(frame.select(columns_of(column)).collect().to_arrow(), column)


def iceberg_duckdb(load: Callable[[], Any], column: str = DAY) -> Rows:
    """DuckDB over what pyiceberg scans."""
    return duckdb_over(load().scan(selected_fields=tuple(columns_of(column))).to_arrow(), column)
