"""Catalogs of Iceberg tables are opened, by many at once if need be, or it is said what to do."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.utils.config import Config
from sqlalchemy.exc import DBAPIError, OperationalError

from connector.errors import ConfigError, StorageError
from connector.lake.catalogs.base import IN_USE_SECONDS, CatalogInUseError, publish
from connector.lake.catalogs.iceberg import IcebergCatalogTable
from connector.lake.catalogs.iceberg_catalog import at_catalog, open_catalog, opened_beside_others
from connector.lake.catalogs.lake_tables import check_tables, settled_catalog
from connector.lake.catalogs.newest_metadata import CATALOG_FILE
from connector.lake.stores.local import LocalStore
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.table_files import TABLE, Lake, rows_of


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b", "a;b"])
def test_paths_that_addresses_would_end_at_are_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="use another folder"):
        open_catalog(str(tmp_path / name))


def test_a_new_catalog_may_be_opened_by_many_at_once(tmp_path):
    def opened(place):
        met.wait(ENDLESS_SECONDS)
        open_catalog(str(place)).close()
        return True

    met = Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        for number in range(20):
            assert all(threads.map(opened, [tmp_path / f"{number}"] * 4))


@pytest.mark.parametrize(
    "said",
    [
        "table iceberg_tables already exists",
        'relation "iceberg_namespace_properties" already exists',
        "Key (typname, typnamespace)=(iceberg_tables, 2200) already exists.",
        "(1050, \"Table 'iceberg_tables' already exists\")",
        "database is locked",
    ],
)
def test_a_catalog_that_another_opens_in_the_same_moment_is_opened_again(tmp_path, monkeypatch, said):
    troubles = [DBAPIError("create table", {}, Exception(said))] * 3
    make = SqlCatalog.create_tables

    def made(catalog):
        if troubles:
            raise troubles.pop()
        make(catalog)

    monkeypatch.setattr(SqlCatalog, "create_tables", made)
    open_catalog(str(tmp_path / "lake")).close()
    assert not troubles


def test_a_catalog_that_something_else_keeps_locked_is_not_opened_again_and_again():
    tried = []

    def make():
        tried.append(1)
        raise OperationalError("select", {}, Exception("database is locked"))

    moments = iter(range(0, 1_000, 10))
    told = r"in use by something else \(database is locked\); run again"
    with pytest.raises(CatalogInUseError, match=told), at_catalog("opening the catalog"):
        opened_beside_others(make, lambda: float(next(moments)))
    assert len(tried) == IN_USE_SECONDS // 10


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o077, 0o600)])
def test_the_catalog_of_a_lake_that_a_group_shares_is_shared_too(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        for _ in range(2):
            open_catalog(str(tmp_path / "lake")).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lake" / CATALOG_FILE).stat().st_mode) == mode


def test_a_catalog_of_the_lake_that_a_disk_has_spoilt_says_what_to_do(tmp_path):
    (tmp_path / CATALOG_FILE).write_bytes(b"x" * 5_000)
    with pytest.raises(StorageError, match=r"database is damaged .* move a lake's own iceberg\.db away") as raised:
        open_catalog(str(tmp_path))
    assert "SQL" not in str(raised.value).replace("sqlite", "")


def test_a_bucket_needs_a_catalog():
    with pytest.raises(ConfigError, match="need a catalog"):
        open_catalog("s3://bucket/lake")


def test_a_catalog_that_pyiceberg_does_not_know_is_a_setting_to_change(tmp_path):
    with pytest.raises(ConfigError, match="opening the catalog prod"):
        open_catalog(str(tmp_path), "prod")


def test_any_catalog_of_pyiceberg_takes_the_tables(tmp_path, monkeypatch):
    monkeypatch.setenv("PYICEBERG_CATALOG__ELSEWHERE__TYPE", "sql")
    monkeypatch.setenv("PYICEBERG_CATALOG__ELSEWHERE__URI", f"sqlite:///{tmp_path}/catalog.db")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it is read when pyiceberg is imported
    lake = Lake(tmp_path / "lake")
    lake.put(rows_of(0, ["txn_a"]))
    with closing(open_catalog(str(lake.root), "elsewhere")) as catalog:
        publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
        assert len(catalog.load_table(f"stripe.{TABLE}").scan().to_arrow()) == 1


def test_a_catalog_that_cannot_be_reached_is_no_other_publisher(monkeypatch, tmp_path):
    monkeypatch.setenv("PYICEBERG_CATALOG__AWAY__URI", f"sqlite:///{tmp_path}/no/such/folder/catalog.db")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    with pytest.raises(ConfigError, match="unable to open"):
        open_catalog("s3://lake/x", "away")


def test_of_a_database_that_fails_its_own_words_are_told_without_the_statement():
    full = OperationalError("update iceberg_tables", {"location": "file:///x"}, Exception("database or disk is full"))
    with pytest.raises(StorageError) as caught, at_catalog("publishing to the table stripe.payouts"):
        raise full
    assert str(caught.value) == "publishing to the table stripe.payouts: database or disk is full"


def test_a_folder_for_the_catalog_is_made_whatever_lacks_of_it(tmp_path):
    for _ in range(2):
        open_catalog(str(tmp_path / "some" / "lake")).close()


def test_the_catalog_that_is_asked_for_or_remembered_is_looked_at_before_anything_is_read(tmp_path):
    store = LocalStore(tmp_path / "lake")
    with pytest.raises(ConfigError, match="opening the catalog nowhere"):
        check_tables(store, "iceberg", "nowhere")
    settled_catalog(store, "elsewhere")
    with pytest.raises(ConfigError, match="opening the catalog elsewhere"):
        check_tables(store, "iceberg", None)
    assert not (store.root / CATALOG_FILE).exists()
