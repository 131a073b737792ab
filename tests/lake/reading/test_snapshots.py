"""A reading is of one state, or an error that says to read again: whatever is replaced, however it is read."""

from __future__ import annotations

import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from connector.config.open_files import SPARE_FILES, room_for_files
from connector.core.state.data_file import folder_of
from connector.core.state.intent import IntendedFile
from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import DAY, AccountId
from connector.errors import ConfigError, LakeChangedError, StorageError
from connector.lake.formats.formats import format_named
from connector.lake.formats.parquet import GROUP_ROWS
from connector.lake.reading.dataset import read
from connector.lake.reading.moment import Comparer
from connector.lake.reading.table_snapshot import FILES_AT_ONCE, TableSnapshot
from connector.lake.state import intents
from connector.lake.state.table_states import commit
from connector.lake.stores.local import LocalStore
from connector.lake.writing.rewrite import PartitionRewrite, stage
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.tables.balance_transactions import to_batch, to_lines
from tests.lake.reading.test_dataset import START, row
from tests.support.examples import EXTENT
from tests.support.samples import publish
from tests.support.states import with_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.lake.writing.rewrite import StagedFile

ACCOUNT = AccountId("acct_1")
DAYS = 5
ALIKE = 100
"""States are told apart by the nets of their rows, all of which are the same; from here on files are of one size."""

LAST = ALIKE + (24 if EXTENT == "thorough" else 4)

each_form = pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl.plain"])


@dataclass
class Writer:
    """Writes states in which all rows have the state's number as their net, one file a day, each replaced each time."""

    root: Path
    form: str
    days: int = DAYS
    rows: int = 4
    state: TableState = field(init=False)

    def __post_init__(self) -> None:
        self.store = LocalStore(self.root)
        self.said = intents.RunIntents(self.store, "balance_transactions", ACCOUNT, "run")
        self.state = TableState(ACCOUNT, self.form, Granularity.DAY)

    def staged(self, number: int, day: int) -> StagedFile:
        form = format_named(self.form)
        make = to_lines if self.form.startswith("jsonl") else to_batch
        a_second = self.rows // DAY + 1
        rows = [
            row(24 * day + i, created=START + DAY * day + i // a_second, net=number, amount=number + 30)
            for i in range(self.rows)
        ]
        key = partition_of(rows[0]["created"], Granularity.DAY)
        with RowBuffer(self.store.scratch, memory=Memory(1 << 20)) as buffer:
            buffer.put(key, make(rows))
            whole = Intervals((key.bounds,))
            with buffer.take(key, whole) as runs:
                return stage(
                    self.store,
                    form,
                    PartitionRewrite(partition_folder("balance_transactions", ACCOUNT, key), None, whole, lost=True),
                    runs,
                )

    def announce(self, number: int) -> list[StagedFile]:
        made = [self.staged(number, day) for day in range(self.days)]
        self.said.write(
            self.state.number, [IntendedFile(folder=folder_of(one.file.path), file=one.file) for one in made]
        )
        return made

    def publish(self, made: list[StagedFile]) -> None:
        for one in made:
            publish(self.store, one)

    def record(self, made: list[StagedFile]) -> None:
        self.state = commit(self.store, with_files(self.state, [one.file for one in made if one.file], Intervals()))
        self.said.settle({folder_of(path) for path in self.state.files})
        self.said.clear()

    def write(self, number: int) -> None:
        made = self.announce(number)
        self.publish(made)
        self.record(made)


WAYS: dict[str, Callable[[Path], list[tuple[int, int]]]] = {
    "table": lambda lake: _nets(read(lake).to_table()),
    "stream": lambda lake: _nets(pa.Table.from_batches(list(read(lake).reader()))),
    "pyarrow": lambda lake: _nets(pa.table(read(lake))),
    "pandas": lambda lake: list(read(lake).to_pandas().groupby("net").size().items()),
    "pandas, by itself": lambda lake: list(pd.DataFrame.from_arrow(read(lake)).groupby("net").size().items()),
    "polars": lambda lake: read(lake).to_polars().group_by("net").len().rows(),
    "polars, by itself": lambda lake: pl.DataFrame(read(lake)).group_by("net").len().rows(),
    "duckdb": lambda lake: _by_duckdb(read(lake)),
}
OF_DATASETS: dict[str, Callable[[Path], list[tuple[int, int]]]] = {
    "dataset": lambda lake: _nets(read(lake).dataset().to_table()),
    "duckdb, of a dataset": lambda lake: _by_duckdb(read(lake).dataset()),
    "polars, of a dataset": lambda lake: (
        pl.scan_pyarrow_dataset(read(lake).dataset()).group_by("net").len().collect().rows()
    ),
}


def _nets(table: pa.Table) -> list[tuple[int, int]]:
    return [(row["net"], row["net_count"]) for row in table.group_by("net").aggregate([("net", "count")]).to_pylist()]


def _by_duckdb(rows: object) -> list[tuple[int, int]]:
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        return connection.sql("select net, count(*) from rows group by net").fetchall()


@each_form
def test_each_reading_while_partitions_are_replaced_is_of_one_state_or_says_to_read_again(tmp_path, form):
    writer, done = Writer(tmp_path / "lake", form), Event()
    writer.write(ALIKE)
    ways = WAYS if form.startswith("jsonl") else WAYS | OF_DATASETS

    def read_on(way: Callable[[Path], list[tuple[int, int]]]) -> set[int]:
        seen: set[int] = set()
        while not done.is_set():
            try:
                found = way(tmp_path / "lake")
            except Exception as error:  # noqa: BLE001 - other libraries have errors of their own
                assert "read again" in str(error), error  # noqa: PT017 - as above
                continue
            ((net, count),) = found
            assert count == 4 * DAYS
            seen.add(net)
        return seen

    with ThreadPoolExecutor(len(ways)) as pool:
        readers = {name: pool.submit(read_on, way) for name, way in ways.items()}
        try:
            for number in range(ALIKE + 1, LAST + 1):
                writer.write(number)
        finally:
            done.set()
        for name, reader in readers.items():
            assert reader.result() <= set(range(ALIKE, LAST + 1)), name
    for name, way in ways.items():
        assert way(tmp_path / "lake") == [(LAST, 4 * DAYS)], name


@each_form
def test_rows_held_over_a_sync_are_those_of_the_state_when_they_are_asked_for(tmp_path, form):
    writer = Writer(tmp_path, form)
    writer.write(1)
    rows = read(tmp_path)
    writer.write(2)
    assert _nets(rows.to_table()) == _nets(pa.table(rows)) == [(2, 4 * DAYS)]


@each_form
@pytest.mark.parametrize("recorded", [False, True], ids=["not recorded yet", "recorded"])
def test_a_stream_whose_files_were_replaced_before_their_turn_says_to_read_again(tmp_path, form, recorded):
    writer = Writer(tmp_path, form)
    writer.write(ALIKE)
    rows = read(tmp_path)
    stream = rows.reader()
    made = writer.announce(ALIKE + 1)
    writer.publish(made)
    if recorded:
        writer.record(made)
    with pytest.raises(
        LakeChangedError, match=r"the lake changed while it was read: balance_tr.*; read again"
    ) as error:
        stream.read_all()
    assert error.value.retryable
    with pytest.raises(Exception, match="read again") if not recorded else nullcontext():
        _by_duckdb(rows)


@each_form
def test_a_stream_that_has_begun_goes_on_with_what_its_files_were(tmp_path, form):
    writer = Writer(tmp_path, form)
    writer.write(1)
    stream = read(tmp_path).reader()
    first = stream.read_next_batch()
    if form.startswith("jsonl"):
        writer.write(2)
        with pytest.raises(LakeChangedError, match="read again"):
            stream.read_all()
        return
    writer.write(2)
    assert set(first["net"].to_pylist()) | set(stream.read_all()["net"].to_pylist()) == {1}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_dataset_stays_what_it_was_when_it_was_made(tmp_path, form):
    writer = Writer(tmp_path, form)
    writer.write(1)
    dataset = read(tmp_path).dataset()
    writer.write(2)
    assert _nets(dataset.to_table()) == _by_duckdb(dataset) == [(1, 4 * DAYS)]
    assert dataset.count_rows() == 4 * DAYS
    assert pl.scan_pyarrow_dataset(dataset).select(pl.col("net").max()).collect().item() == 1


def test_a_file_of_the_same_size_and_no_newer_is_told_apart_by_its_bytes_where_a_run_has_announced_it(tmp_path):
    writer = Writer(tmp_path, "jsonl.plain")
    writer.write(ALIKE)
    writer.publish(writer.announce(ALIKE + 1))  # by another run, whose record comes after the next one
    writer.state = commit(writer.store, writer.state)  # newer than the files
    with pytest.raises(LakeChangedError, match="read again"):
        read(tmp_path).reader().read_all()


@each_form
def test_a_copied_lake_is_read_as_it_is(tmp_path, form):
    Writer(tmp_path / "lake", form).write(1)
    shutil.copytree(tmp_path / "lake", tmp_path / "copy")
    assert _nets(read(tmp_path / "copy").to_table()) == [(1, 4 * DAYS)]


@each_form
def test_a_file_that_nobody_announced_is_damage_and_reading_again_is_not_advised(tmp_path, form):
    writer = Writer(tmp_path, form)
    writer.write(ALIKE)
    path = tmp_path / min(writer.state.files)
    path.write_bytes(path.read_bytes()[:-1] + b"?")  # of the same size
    with pytest.raises(StorageError, match=r"not as it was written.*`sync` with `repair`") as error:
        read(tmp_path).to_table()
    assert not error.value.retryable


def test_more_files_than_are_open_at_once_are_one_state_still(tmp_path):
    writer = Writer(tmp_path, "parquet", days=2 * FILES_AT_ONCE + 1)
    writer.write(1)
    rows = read(tmp_path)
    assert _nets(rows.to_table()) == [(1, 4 * writer.days)]
    stream = rows.reader()
    for _ in range(2):
        stream.read_next_batch()
    writer.write(2)
    with pytest.raises(LakeChangedError, match="read again"):
        stream.read_all()


def test_a_dataset_of_more_files_than_may_be_open_is_refused_and_says_what_else(tmp_path):
    Writer(tmp_path, "parquet").write(1)
    _, most = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, most))
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_000 - int(room_for_files()) + DAYS - 1, most))
        with pytest.raises(ConfigError, match=r"all its 5 files open, and this process may open 4 more.*as a stream"):
            read(tmp_path).dataset()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_stream_has_no_more_files_open_than_the_process_may_have(tmp_path):
    writer = Writer(tmp_path, "parquet", days=SPARE_FILES + 4)
    writer.write(1)
    _, most = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, most))
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_000 - int(room_for_files()) + 2, most))
        assert _nets(read(tmp_path).to_table()) == [(1, 4 * writer.days)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.slow
def test_a_stream_of_a_large_file_has_little_more_in_memory_than_the_batch_that_was_asked_for(tmp_path):
    groups = 6
    writer = Writer(tmp_path, "parquet", days=1, rows=groups * GROUP_ROWS)
    writer.write(ALIKE)
    before, rows, held, every = pa.total_allocated_bytes(), 0, 0, 0
    for batch in read(tmp_path).reader():
        rows, every = rows + batch.num_rows, every + batch.nbytes
        held = max(held, pa.total_allocated_bytes() - before)
    assert (rows, held < every / 2) == (groups * GROUP_ROWS, True)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_large_and_small_files_of_a_lake_are_read_alike_whatever_columns_are_asked_for(tmp_path, form):
    writer = Writer(tmp_path, form)
    writer.write(ALIKE)
    snapshot = TableSnapshot.of("balance_transactions", None, Comparer(LocalStore(tmp_path)))
    for columns in (snapshot.schema.names, ["account"], ["created_date", "net"]):
        small, large = (pa.Table.from_batches(replace(snapshot, large_rows=rows).batches(columns)) for rows in (4, 3))
        assert small.equals(large)
        assert (large.num_rows, large.column_names) == (4 * DAYS, columns)
