"""Iceberg tables do what catalogs have to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.expressions import EqualTo
from pyiceberg.utils.config import Config

from connector.errors import ConfigError
from connector.lake.catalogs.base import publish
from connector.lake.catalogs.iceberg import IcebergCatalogTable, open_catalog
from tests.contracts.catalog import CatalogContract
from tests.support.table_files import TABLE, Lake, rows_of


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

    @pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b", "a;b"])
    def test_paths_that_addresses_would_end_at_are_refused(self, tmp_path, name):
        with pytest.raises(ConfigError, match="use another folder"):
            open_catalog(str(tmp_path / name))

    def test_a_new_catalog_may_be_opened_by_many_at_once(self, tmp_path):
        def opened(place):
            met.wait(20)
            open_catalog(str(place)).close()
            return True

        met = Barrier(4)
        with ThreadPoolExecutor(4) as threads:
            for number in range(20):
                assert all(threads.map(opened, [tmp_path / f"{number}"] * 4))

    def test_a_bucket_needs_a_catalog(self):
        with pytest.raises(ConfigError, match="need a catalog"):
            open_catalog("s3://bucket/lake")

    def test_a_catalog_that_pyiceberg_does_not_know_is_a_setting_to_change(self, tmp_path):
        with pytest.raises(ConfigError, match="opening the catalog prod"):
            open_catalog(str(tmp_path), "prod")

    def test_any_catalog_of_pyiceberg_takes_the_tables(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PYICEBERG_CATALOG__ELSEWHERE__TYPE", "sql")
        monkeypatch.setenv("PYICEBERG_CATALOG__ELSEWHERE__URI", f"sqlite:///{tmp_path}/catalog.db")
        monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it is read when pyiceberg is imported
        lake = Lake(tmp_path / "lake")
        lake.put(rows_of(0, ["txn_a"]))
        with closing(open_catalog(str(lake.root), "elsewhere")) as catalog:
            publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
            assert len(catalog.load_table(f"stripe.{TABLE}").scan().to_arrow()) == 1

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

    def test_a_catalog_that_cannot_be_reached_is_no_other_publisher(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PYICEBERG_CATALOG__AWAY__URI", f"sqlite:///{tmp_path}/no/such/folder/catalog.db")
        monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
        with pytest.raises(ConfigError, match="unable to open"):
            open_catalog("s3://lake/x", "away")
