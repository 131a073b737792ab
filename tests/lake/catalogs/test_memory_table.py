"""Publishing does what it has to, over a table that needs no library."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.state.data_file import DataFile
from connector.core.state.publishing import Listed
from connector.errors import CommitConflictError, StorageError
from connector.lake.catalogs.base import (
    IN_USE_SECONDS,
    NAMED,
    ROUNDS,
    CatalogInUseError,
    TableAlteredError,
    bounds_of,
    publish,
)
from tests.contracts.catalog import CatalogContract, Troubled
from tests.support.examples import examples
from tests.support.memory_table import FileList, MemoryTable
from tests.support.table_files import TABLE, Lake, rows_of


class TestMemory(CatalogContract):
    def kept(self, lake) -> FileList:
        return vars(self).setdefault("lists", {}).setdefault(lake.root, FileList())

    def opened(self, lake):
        return MemoryTable(lake.shape, self.kept(lake))

    def hooked(self, lake, hook):
        class Hooked(Troubled):
            def __getattr__(self, name):
                if name in {"read", "tidy"}:
                    hook(name)
                return super().__getattr__(name)

            def commit(self, change):
                hook("commit")
                self.table.commit(change)

        return Hooked(self.opened(lake))

    @settings(max_examples=examples(100), deadline=None)
    @given(data=st.data())
    def test_whatever_happens_to_publishers_a_table_holds_each_row_once(self, tmp_path_factory, data):
        self.holds_each_row_once(Lake(tmp_path_factory.mktemp("lake")), data)

    def rows(self, lake):
        return replace(lake, files=dict.fromkeys(self.kept(lake).files)).rows()

    def commits(self, lake):
        return self.kept(lake).version

    def forget(self, lake, path):
        del self.kept(lake).files[path]

    def slip_in(self, lake, path):
        self.kept(lake).files[path] = Listed(1, (lake.root / path).stat().st_size)

    def found(self, lake, column, value):
        bounds = self.kept(lake).bounds
        for path, of_file in bounds.items():
            assert set(of_file) == {"created", "id"}, path
        within = {path for path, of_file in bounds.items() if of_file[column][0] <= value <= of_file[column][1]}
        wanted = self.column(lake, column, within)
        seconds = column == "created"
        names = {one for one, held in wanted.items() if (held.timestamp() if seconds else held) == value}
        return [row for row in self.rows(lake) if row[2] in names]

    def column(self, lake, name, within=None):
        found = {}
        for path in self.kept(lake).files if within is None else within:
            table = pq.ParquetFile(lake.root / path).read()
            values = table.column(name).to_pylist() if name in table.schema.names else [None] * table.num_rows
            found |= dict(zip(table.column("id").to_pylist(), values, strict=True))
        return found


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def published(lake, kept, troubles=(), **options):
    return publish(Troubled(MemoryTable(lake.shape, kept), list(troubles)), lake.wanted, **options)


def test_other_publishers_are_given_way_to_so_often_and_no_oftener(lake):
    file, kept = lake.put(rows_of(0, ["txn_a"])), FileList()
    assert published(lake, kept, ["refused"] * (ROUNDS - 1)).added == 1
    assert list(kept.files) == [file.path]
    with pytest.raises(CommitConflictError):
        published(lake, FileList(), ["refused"] * ROUNDS)


def test_what_was_altered_is_counted_and_a_few_of_it_are_named(lake):
    kept = FileList()
    for day in range(NAMED + 2):
        lake.put(rows_of(day, ["txn_a"]))
    published(lake, kept)
    days = sorted(kept.files)
    for taken_out, said in ((NAMED, f"{NAMED} files"), (NAMED + 2, f"{NAMED + 2} files")):
        for path in days[:taken_out]:
            kept.files.pop(path, None)
        with pytest.raises(TableAlteredError) as caught:
            published(lake, kept)
        text = str(caught.value)
        assert said in text
        assert [path in text for path in days] == [True] * NAMED + [False] * (len(days) - NAMED)
        assert (" more;" in text) == (taken_out > NAMED)
        assert ("2 more;" in text) == (taken_out == NAMED + 2)
        assert len(caught.value.alterations) == taken_out
    assert published(lake, kept, repair=True).mended == NAMED + 2


def test_bounds_are_told_of_what_the_state_knows(lake):
    known = DataFile("x", 2, 9, "0" * 64, 5, 7, ids=("txn_a", "txn_b"))
    assert bounds_of(lake.shape, known) == {"created": (5, 7), "id": ("txn_a", "txn_b")}
    assert bounds_of(lake.shape, DataFile("x", 2, 9, "0" * 64)) == {}
    assert bounds_of(replace(lake.shape, name="balances"), known) == {"snapshot_at": (5, 7)}
    pairs = replace(lake.shape, name="payout_transactions")
    assert bounds_of(pairs, known) == {"created": (5, 7), "balance_transaction_id": ("txn_a", "txn_b")}


def test_the_columns_of_the_path_are_the_last_two(lake):
    assert lake.shape.partition_columns == ("account", "created_date")
    assert lake.shape.name == TABLE


def test_a_failure_that_leaves_the_same_difference_is_raised_and_not_tried_again(lake):
    class Failing(Troubled):
        tried = 0

        def commit(self, change):
            self.tried += 1
            raise StorageError("the disk is full")

    lake.put(rows_of(0, ["txn_a"]))
    table = Failing(MemoryTable(lake.shape, FileList()))
    with pytest.raises(StorageError, match="the disk is full"):
        publish(table, lake.wanted)
    assert table.tried == 1


def test_a_catalog_that_something_has_locked_is_waited_for_so_long_and_no_longer(lake):
    class Locked(Troubled):
        tried = 0

        def read(self):
            self.tried += 1
            raise CatalogInUseError("the database is locked")

    table = Locked(MemoryTable(lake.shape, FileList()))
    moments = iter(range(0, 1_000, 10))
    with pytest.raises(CatalogInUseError):
        publish(table, lake.wanted, now=lambda: float(next(moments)))
    assert table.tried == IN_USE_SECONDS // 10
