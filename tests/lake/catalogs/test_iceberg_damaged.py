"""Metadata of an Iceberg table that is gone or spoilt: what is said, and how the table comes back."""

from __future__ import annotations

from contextlib import closing

import pytest

from connector.errors import StorageError
from connector.lake.catalogs.base import publish
from connector.lake.catalogs.iceberg import IcebergCatalogTable
from connector.lake.catalogs.iceberg_catalog import open_catalog
from tests.support.table_files import TABLE, Lake, rows_of


def test_manifests_that_are_gone_say_what_to_do(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.put(rows_of(0, ["txn_a"]))
    with closing(open_catalog(str(lake.root))) as catalog:
        publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
        for file in lake.root.rglob("*.avro"):
            file.unlink()
        with pytest.raises(StorageError, match=r"metadata is not all there .*move a lake's own iceberg\.db away"):
            publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)


@pytest.mark.parametrize("pattern", ["*.avro", "*.metadata.json"])
def test_metadata_that_a_disk_has_spoilt_says_what_to_do_and_without_it_the_table_is_made_anew(tmp_path, pattern):
    lake = Lake(tmp_path / "lake")
    lake.put(rows_of(0, ["txn_a", "txn_b"]))

    def published():
        with closing(open_catalog(str(lake.root))) as catalog:
            publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
            return catalog.load_table(f"stripe.{TABLE}").scan().to_arrow().num_rows

    assert published() == 2
    for file in lake.root.rglob(pattern):
        file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(StorageError, match=r"cannot be understood .*move a lake's own iceberg\.db away"):
        published()
    (lake.root / "iceberg.db").rename(tmp_path / "away")
    assert published() == 2
