"""Iceberg tables do what catalogs have to do."""

from __future__ import annotations

import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.exceptions import CommitFailedException, ForbiddenError
from pyiceberg.expressions import EqualTo
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType
from sqlalchemy.exc import OperationalError

from connector.core.state.data_file import DataFile
from connector.core.state.publishing import EMPTY, Alteration, Change, change_to
from connector.errors import CommitConflictError, ConfigError, StorageError
from connector.lake.catalogs.base import (
    CatalogInUseError,
    ForeignTableError,
    TableAlteredError,
    Tidied,
    publish,
    tidied,
)
from connector.lake.catalogs.iceberg import MANY_MANIFESTS, IcebergCatalogTable
from connector.lake.catalogs.iceberg_catalog import open_catalog
from tests.contracts.catalog import CatalogContract
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.table_files import START, TABLE, Lake, rows_of

CALLS = ("load_table", "namespace_exists", "create_namespace", "create_table", "commit_table")
"""What is asked of a catalog."""


def sorted_rows(table):
    label = next(name for name in table.column_names if name.startswith("created_"))
    rows = table.select(["account", label, "id"]).to_pylist()
    return sorted((one["account"], str(one[label]), one["id"]) for one in rows)


class TestIceberg(CatalogContract):
    @pytest.fixture(autouse=True)
    def _closing(self):
        self.catalogs = {}
        yield
        for catalog in self.catalogs.values():
            catalog.close()

    def catalog(self, lake):
        if lake.root not in self.catalogs:
            self.catalogs[lake.root] = open_catalog(str(lake.root))
        return self.catalogs[lake.root]

    def opened(self, lake, **options):
        return IcebergCatalogTable(lake.shape, self.catalog(lake), str(lake.root), **options)

    def hooked(self, lake, hook):
        catalog = open_catalog(str(lake.root))
        self.catalogs[lake.root, hook] = catalog
        for name in CALLS:
            setattr(catalog, name, partial(self.called, hook, name, getattr(catalog, name)))
        return IcebergCatalogTable(lake.shape, catalog, str(lake.root), fold_at=3)

    @staticmethod
    def called(hook, name, does, *given, **options):
        hook(name)
        done = does(*given, **options)
        hook(f"after {name}")
        return done

    @given(data=st.data())
    def test_whatever_happens_to_publishers_a_table_holds_each_row_once(self, tmp_path_factory, data):
        self.holds_each_row_once(Lake(tmp_path_factory.mktemp("lake")), data)

    def table(self, lake):
        return self.catalog(lake).load_table(f"stripe.{TABLE}")

    def rows(self, lake):
        if not self.catalog(lake).table_exists(f"stripe.{TABLE}"):
            return []
        return sorted_rows(self.table(lake).scan().to_arrow())

    def found(self, lake, column, value):
        if column == "created":
            value = f"2026-01-0{1 + (value - 1_767_225_600) // 86_400}T00:00:{value % 60:02d}+00:00"
        return sorted_rows(self.table(lake).scan(EqualTo(column, value)).to_arrow())

    def column(self, lake, name):
        rows = self.table(lake).scan(selected_fields=("id", name)).to_arrow().to_pylist()
        return {one["id"]: one[name] for one in rows}

    def commits(self, lake):
        if not self.catalog(lake).table_exists(f"stripe.{TABLE}"):
            return 0
        return len(self.table(lake).metadata.snapshots)

    def forget(self, lake, path):
        table = self.table(lake)
        with table.transaction() as transaction, transaction.update_snapshot().overwrite() as producer:
            for task in table.scan().plan_files():
                if task.file.file_path.endswith(path):
                    producer.delete_data_file(task.file)

    def slip_in(self, lake, path):
        table = self.table(lake)
        like = next(iter(table.scan().plan_files())).file
        data = {**{name: getattr(like, name) for name in ("content", "file_format", "partition", "record_count")}}
        address = f"file://{lake.root}/{path}"
        size = (lake.root / path).stat().st_size
        file = type(like).from_args(file_path=address, file_size_in_bytes=size, spec_id=0, **data)
        with table.transaction() as transaction, transaction.update_snapshot().fast_append() as producer:
            producer.append_data_file(file)

    def test_columns_have_the_numbers_that_are_in_the_files(self, lake):
        lake.source_columns = True
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        numbers = {one.name: one.field_id for one in self.table(lake).schema().fields}
        assert numbers == {one.name: int(one.metadata[b"PARQUET:field_id"]) for one in lake.shape.schema}
        assert self.table(lake).metadata.name_mapping() is not None

    @pytest.mark.parametrize("name", ["a b", "a'b", "a=b", "ü", "a[b]"])
    def test_most_paths_are_taken(self, tmp_path, name):
        lake = Lake(tmp_path / name)
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_the_first_tables_of_a_catalog_may_be_published_by_many_at_once(self, tmp_path):
        lake = Lake(tmp_path / "lake")
        lake.put(rows_of(0, ["txn_a"]))
        met = Barrier(3)

        def finds_no_namespace(catalog):
            look = catalog.namespace_exists

            def looked(name):
                found = look(name)
                catalog.namespace_exists = look
                met.wait(ENDLESS_SECONDS)  # all have looked before one makes it
                return found

            catalog.namespace_exists = looked
            return catalog

        def published(catalog):
            publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)

        catalogs = [finds_no_namespace(open_catalog(str(lake.root))) for _ in range(met.parties)]
        with ThreadPoolExecutor(met.parties) as threads:
            list(threads.map(published, catalogs))
        for catalog in catalogs:
            catalog.close()
        assert self.rows(lake) == lake.rows()

    def test_a_namespace_that_somebody_else_made_will_do_where_we_may_make_none(self, lake):
        catalog = self.catalog(lake)

        def refused(_name):
            raise ForbiddenError("no namespaces by this key")

        make, catalog.create_namespace = catalog.create_namespace, refused
        lake.put(rows_of(0, ["txn_a"]))
        with pytest.raises(StorageError, match="no namespaces by this key"):
            self.published(lake)
        make("stripe")
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_a_lake_that_was_moved_is_named_and_its_table_made_anew_on_demand(self, tmp_path):
        lake = Lake(tmp_path / "old")
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        (tmp_path / "old").rename(tmp_path / "new")
        lake.root = tmp_path / "new"
        with pytest.raises(ConfigError, match="if the lake was moved"):
            self.published(lake)
        publish(self.opened(lake, renew=True), lake.wanted, repair=True)
        assert self.rows(lake) == lake.rows()

    def test_a_table_is_the_same_by_whichever_path_links_lead_to_its_lake(self, tmp_path):
        lake = Lake(tmp_path / "lake")
        (tmp_path / "link").symlink_to(lake.root)
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        for place, root in enumerate((tmp_path / "link", lake.root)):
            lake.root = root
            lake.put(rows_of(0, [f"txn_{place}"]))
            lake.put(rows_of(1 + place, ["txn_b"]))
            assert self.published(lake).mended == 0
            assert self.rows(lake) == lake.rows()
        assert self.commits(lake) == 3
        (tmp_path / "link").unlink()
        assert self.rows(lake) == lake.rows()

    def test_of_two_who_make_the_table_of_a_moved_lake_anew_the_second_takes_that_of_the_first(self, tmp_path):
        lake = Lake(tmp_path / "old")
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        (tmp_path / "old").rename(tmp_path / "new")
        lake.root = tmp_path / "new"
        catalog, made = open_catalog(str(lake.root)), []
        load = catalog.load_table

        def late(identifier):
            try:
                return load(identifier)
            finally:
                if not made:
                    publish(self.opened(lake, renew=True), lake.wanted, repair=True)
                    made.append(self.table(lake).metadata.table_uuid)

        catalog.load_table = late
        with closing(catalog):
            publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root), renew=True), lake.wanted, repair=True)
        assert [self.table(lake).metadata.table_uuid] == made
        assert self.rows(lake) == lake.rows()

    @pytest.mark.parametrize("there", ["new", "old"])
    def test_a_table_that_another_removes_to_make_it_anew_is_made_again(self, lake, there):
        catalog = self.catalog(lake)
        if there == "old":
            lake.put(rows_of(0, ["txn_a"]))
            self.published(lake)
        lake.put(rows_of(1, ["txn_b"]))
        step = "create_table" if there == "new" else "commit_table"
        does = getattr(catalog, step)

        def removed_meanwhile(*given, **options):
            setattr(catalog, step, does)
            if there == "old":
                catalog.drop_table(f"stripe.{TABLE}")
                return does(*given, **options)
            does(*given, **options)
            catalog.drop_table(f"stripe.{TABLE}")
            return catalog.load_table(f"stripe.{TABLE}")  # as pyiceberg does

        setattr(catalog, step, removed_meanwhile)
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_what_upkeep_removes_of_a_version_that_is_looked_at_is_found_in_the_one_after_it(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        table = self.opened(lake)
        table.read()
        before = self.table(lake).current_snapshot()
        lake.put(rows_of(0, ["txn_b"]))
        self.published(lake)
        needed = tidied(self.opened(lake), time.time() + 9, act=True).needed
        assert before.manifest_list.removeprefix(f"file://{lake.root}/") not in needed
        Path(before.manifest_list.removeprefix("file://")).unlink()
        assert table.contents().files.keys() == lake.files.keys()
        assert publish(table, lake.wanted).added == 0

    def test_manifests_do_not_grow_without_end(self, lake):
        for turn in range(12):
            lake.put(rows_of(turn % 3, [f"txn_{turn}"]))
            publish(self.opened(lake, fold_at=5), lake.wanted)
            table = self.table(lake)
            assert len(table.current_snapshot().manifests(table.io)) <= 7  # and what has come and gone by this commit
        assert self.rows(lake) == lake.rows()

    def test_a_file_whose_rows_another_tool_deleted_in_part_is_named(self, lake):
        lake.put(rows_of(0, ["txn_a", "txn_b"]))
        self.published(lake)
        self.table(lake).delete(EqualTo("id", "txn_a"))
        with pytest.raises(Exception, match="altered by something else"):
            self.published(lake)
        self.published(lake, repair=True)
        assert self.rows(lake) == lake.rows()

    def test_a_file_that_is_in_the_table_twice_is_named_and_on_demand_in_it_once(self, lake):
        file = lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.slip_in(lake, file.path)
        assert len(self.rows(lake)) == 2
        with pytest.raises(TableAlteredError) as caught:
            self.published(lake)
        assert caught.value.alterations == (Alteration(file.path, "changed"),)
        self.published(lake, repair=True)
        assert self.rows(lake) == lake.rows()

    def test_no_commit_adds_a_file_that_is_there(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        table = self.opened(lake)
        table.read()
        with pytest.raises(CommitConflictError):
            table.commit(change_to(lake.wanted(), EMPTY))
        assert self.rows(lake) == lake.rows()

    def test_a_table_that_another_commits_to_while_it_is_made_takes_no_file_twice(self, lake):
        catalog = self.catalog(lake)
        lake.put(rows_of(0, ["txn_a"]))
        load = catalog.load_table
        names = iter(["not there yet", "made"])

        def committed_meanwhile(identifier):
            if next(names, None) == "made":  # by the one that we hold up, who gets it back with this commit in it
                publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
            return load(identifier)

        catalog.load_table = committed_meanwhile
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_a_manifest_says_between_which_values_a_file_lies_and_how_many_are_null(self, lake):
        file = lake.put(rows_of(0, ["txn_a", "txn_b"]))
        self.published(lake)
        (task,) = self.table(lake).scan().plan_files()
        said, number = task.file, {one.name: one.field_id for one in self.table(lake).schema().fields}
        assert (said.record_count, said.file_size_in_bytes) == (2, file.bytes)
        assert said.value_counts == {number["created"]: 2, number["id"]: 2}
        assert said.null_value_counts == {number["created"]: 0, number["id"]: 0}
        for bounds, second, name in ((said.lower_bounds, START, b"txn_a"), (said.upper_bounds, START + 1, b"txn_b")):
            microseconds = struct.pack("<q", second * 1_000_000)
            assert bounds == {number["created"]: microseconds, number["id"]: name}

    def test_columns_that_come_later_may_be_null_and_are_a_schema_of_their_own(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        before = {one.name for one in self.table(lake).schema().fields}
        lake.source_columns = True
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        table = self.table(lake)
        later = [one for one in table.schema().fields if one.name not in before]
        assert later
        assert not any(one.required for one in later)
        assert [one.schema_id for one in table.metadata.schemas] == [0, 1]
        assert {name for one in table.metadata.name_mapping().root for name in one.names} >= {one.name for one in later}
        newest = pa.field("of_another_day", pa.string(), metadata={"PARQUET:field_id": "9999"})
        shape = replace(lake.shape, schema=lake.shape.schema.insert(len(lake.shape.schema) - 2, newest))
        lake.put(rows_of(2, ["txn_c"]))
        publish(IcebergCatalogTable(shape, self.catalog(lake), str(lake.root)), lake.wanted)
        assert [one.schema_id for one in self.table(lake).metadata.schemas] == [0, 1, 2]
        assert self.table(lake).schema().find_field("of_another_day").field_id == 9_999

    @pytest.mark.parametrize("kind", [StringType(), None], ids=["another type", "another number"])
    def test_a_table_with_another_column_is_not_ours(self, lake, kind):
        catalog = self.catalog(lake)
        catalog.create_namespace("stripe")
        mine = catalog.create_table(
            f"stripe.{TABLE}",
            Schema(NestedField(1, "currency", StringType()), NestedField(2, "amount", kind or LongType())),
            location=f"file://{lake.root}/{TABLE}",
        )
        assert mine.schema().find_field("amount").field_id == 2
        lake.put(rows_of(0, ["txn_a"]))
        with pytest.raises(ForeignTableError, match=r"is currency \(number 1, .*not one of ours.*no purge"):
            self.published(lake)

    def test_a_table_of_which_another_tool_renamed_a_column_is_not_ours_until_that_is_undone(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        with self.table(lake).update_schema() as schema:
            schema.rename_column("amount", "cents")
        lake.put(rows_of(1, ["txn_b"]))
        with pytest.raises(ForeignTableError, match=r"is cents \(number 3, long\), and in its files amount"):
            self.published(lake)
        with self.table(lake).update_schema() as schema:
            schema.rename_column("cents", "amount")
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_a_column_of_another_tool_with_the_number_of_one_that_comes_later_is_named(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        with self.table(lake).update_schema() as schema:
            schema.add_column("note", StringType())
        self.published(lake)
        newest = pa.field("of_another_day", pa.string(), metadata={"PARQUET:field_id": str(self.newest(lake))})
        shape = replace(lake.shape, schema=lake.shape.schema.insert(len(lake.shape.schema) - 2, newest))
        with pytest.raises(ForeignTableError, match=r"is note \(.*and in its files of_another_day"):
            publish(IcebergCatalogTable(shape, self.catalog(lake), str(lake.root)), lake.wanted)

    def newest(self, lake):
        """Number of the column that came last."""
        return self.table(lake).schema().find_field("note").field_id

    def test_a_note_of_the_record_that_another_tool_spoilt_counts_as_none(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        with self.table(lake).transaction() as transaction:
            transaction.set_properties({"stripe-balance.revision.acct_1": "the first"})
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        assert self.rows(lake) == lake.rows()
        assert self.table(lake).properties["stripe-balance.revision.acct_1"] == "2"

    def test_of_a_database_that_something_else_has_locked_that_is_said(self, lake):
        class Locked:
            def load_table(self, _identifier):
                raise OperationalError("select", {}, Exception("database is locked"))

        with pytest.raises(CommitConflictError, match=r"in use by something else \(database is locked\); run again"):
            IcebergCatalogTable(lake.shape, Locked(), str(lake.root)).read()

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (OperationalError("insert", {}, Exception("database is locked")), CatalogInUseError),
            (OperationalError("insert", {}, Exception("could not serialize access")), CommitConflictError),
            (OperationalError("insert", {}, Exception("Lock wait timeout exceeded")), CommitConflictError),
            (CommitFailedException("the branch has changed"), CommitConflictError),
            (OperationalError("insert", {}, Exception("unable to open database file")), StorageError),
            (RuntimeError("the door is locked"), StorageError),
            (ConfigError("a setting"), ConfigError),
            (StorageError("a disk"), StorageError),
        ],
    )
    def test_what_a_catalog_says_is_a_conflict_where_somebody_else_was_first_alone(self, lake, error, kind):
        class Refusing:
            def load_table(self, _identifier):
                raise error

        table = IcebergCatalogTable(lake.shape, Refusing(), str(lake.root))
        with pytest.raises((ConfigError, StorageError)) as caught:
            table.read()
        assert type(caught.value) is kind

    # Upkeep -----------------------------------------------------------------------------------------------------------

    def several(self, lake, commits):
        """A table of so many versions, each of which took in one day."""
        for day in range(commits):
            lake.put(rows_of(day, [f"txn_{day}"]))
            publish(self.opened(lake, fold_at=1_000), lake.wanted)
        table = self.opened(lake)
        table.read()
        return table

    def manifests(self, lake):
        table = self.table(lake)
        return len(table.current_snapshot().manifests(table.io))

    def test_a_table_that_is_not_there_or_that_nothing_was_published_to_needs_no_upkeep(self, lake):
        table = self.opened(lake)
        table.read()
        assert table.tidy(time.time(), act=True) == Tidied()
        with pytest.raises(StorageError):  # once it has made the table
            table.commit(Change((DataFile("of no partition", 1, 9, "0" * 64),)))
        table.read()
        assert (table.contents().files, table.tidy(time.time(), act=True)) == ({}, Tidied())

    def test_versions_from_before_the_cutoff_go_but_for_the_current_one(self, lake):
        table = self.several(lake, 3)
        first, second, last = (one.timestamp_ms / 1e3 for one in self.table(lake).metadata.snapshots)
        assert first < second < last
        for cutoff, go in ((first, 0), (second, 1), (last, 2), (last + 9, 2)):
            told = table.tidy(cutoff, act=False)
            assert (told.versions, told.folded, told.needed) == (go, 0, None)
        assert self.commits(lake) == 3
        told = table.tidy(second, act=True)
        assert (told.versions, self.commits(lake)) == (1, 2)
        table.read()
        assert table.tidy(last + 9, act=True).versions == 1
        assert [one.timestamp_ms / 1e3 for one in self.table(lake).metadata.snapshots] == [last]
        assert self.rows(lake) == lake.rows()

    def test_upkeep_names_the_metadata_that_is_needed(self, lake):
        table = self.several(lake, 3)
        there = {path.relative_to(lake.root).as_posix() for path in (lake.root / TABLE / "metadata").iterdir()}
        assert table.tidy(0.0, act=True).needed == there
        table.read()
        needed = table.tidy(time.time() + 9, act=True).needed
        for path in (lake.root / TABLE / "metadata").iterdir():
            if path.relative_to(lake.root).as_posix() not in needed:
                path.unlink()
        assert len(needed) < len(there)
        assert self.rows(lake) == lake.rows()

    def test_a_version_that_somebody_has_marked_stays_with_its_files(self, lake):
        first = lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        marked = self.table(lake).current_snapshot().snapshot_id
        self.table(lake).manage_snapshots().create_tag(marked, "closed").commit()
        for name in ("txn_b", "txn_c"):
            lake.put(rows_of(0, [name]))
            self.published(lake)
        told = tidied(self.opened(lake), time.time() + 9, act=True)
        assert (told.versions, told.marked) == (1, {first.path})
        assert sorted_rows(self.table(lake).scan(snapshot_id=marked).to_arrow())[0][2] == "txn_a"
        assert self.rows(lake) == lake.rows()

    @pytest.mark.parametrize("more", [0, 1])
    def test_upkeep_puts_more_than_a_few_small_manifests_together(self, lake, more):
        table = self.several(lake, MANY_MANIFESTS + more)
        told = table.tidy(0.0, act=False)
        assert (told.folded, self.manifests(lake)) == (more * (MANY_MANIFESTS + 1), MANY_MANIFESTS + more)
        assert table.tidy(0.0, act=True).folded == told.folded
        assert self.manifests(lake) == (1 if more else MANY_MANIFESTS)
        assert self.rows(lake) == lake.rows()
