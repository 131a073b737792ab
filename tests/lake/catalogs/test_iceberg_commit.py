"""What a commit to an Iceberg table writes: manifests of so many files, and no more of them than are needed."""

from __future__ import annotations

from contextlib import closing
from itertools import chain

import pytest
from pyiceberg.manifest import ManifestContent, ManifestFile

from connector.core.state.data_file import DataFile
from connector.lake.catalogs.base import publish
from connector.lake.catalogs.iceberg import IcebergCatalogTable
from connector.lake.catalogs.iceberg_catalog import open_catalog
from connector.lake.catalogs.iceberg_commit import LEAF_FILES, Commit, Manifests, is_small
from tests.support.table_files import START, TABLE, Lake, rows_of


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def catalog(lake):
    with closing(open_catalog(str(lake.root))) as opened:
        yield opened


def named(number: int, content: str = "0") -> DataFile:
    """A file that nobody wrote: a commit looks at none."""
    folder = f"{TABLE}/account=acct_{number:03d}/created_date=2026-01-01"
    second = START + number
    return DataFile(f"{folder}/part-{content * 12}-r1.parquet", 1, 9, content * 64, second, second, ids=("a", "a"))


def manifests(catalog):
    """The manifests of a table: of each, the states of its entries."""
    table = catalog.load_table(f"stripe.{TABLE}")
    found = table.current_snapshot().manifests(table.io)
    return [
        [one.status.name for one in manifest.fetch_manifest_entry(table.io, discard_deleted=False)]
        for manifest in found
    ]


def test_a_manifest_has_so_many_files_in_order_and_a_replaced_one_has_its_neighbours_written_anew(lake, catalog):
    lake.files = {one.path: one for one in map(named, reversed(range(LEAF_FILES + 1)))}
    publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
    assert sorted(manifests(catalog), key=len) == [["ADDED"], ["ADDED"] * LEAF_FILES]
    old, new = named(7), named(7, "1")
    lake.files = {path: one for path, one in lake.files.items() if path != old.path} | {new.path: new}
    publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
    kept = ["EXISTING"] * (LEAF_FILES - 1)
    assert sorted(manifests(catalog)) == sorted([["ADDED"], ["ADDED"], ["DELETED"], kept])
    table = IcebergCatalogTable(lake.shape, catalog, str(lake.root))
    table.read()
    assert table.contents().files.keys() == lake.files.keys()


def test_small_manifests_are_put_together_once_there_are_so_many(lake, catalog):
    table, seen = IcebergCatalogTable(lake.shape, catalog, str(lake.root), fold_at=3), []
    for number in range(6):
        lake.files |= {(one := named(number)).path: one}
        publish(table, lake.wanted)
        seen.append(sorted(map(len, manifests(catalog))))
    assert seen == [[1], [1, 1], [1, 1, 1], [1, 3], [1, 1, 3], [1, 5]]


def test_who_added_a_file_stays_known_when_manifests_are_put_together(lake, catalog):
    for number in range(3):
        lake.files |= {(one := named(number)).path: one}
        publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root), fold_at=2), lake.wanted)
    table = catalog.load_table(f"stripe.{TABLE}")
    entries = chain.from_iterable(
        one.fetch_manifest_entry(table.io) for one in table.current_snapshot().manifests(table.io)
    )
    added = {one.data_file.file_path.partition("account=")[2][:8]: one.snapshot_id for one in entries}
    assert [added[f"acct_{number:03d}"] for number in range(3)] == [one.snapshot_id for one in table.metadata.snapshots]


@pytest.mark.parametrize(
    ("added", "existing", "small"),
    [
        (LEAF_FILES // 2, 0, True),
        (LEAF_FILES // 2 + 1, 0, False),
        (1, LEAF_FILES // 2 - 1, True),
        (1, LEAF_FILES // 2, False),
        (None, LEAF_FILES // 2, True),
        (LEAF_FILES // 2, None, True),
        (None, LEAF_FILES // 2 + 1, False),
    ],
)
def test_a_manifest_is_small_with_up_to_half_of_what_one_may_hold(added, existing, small):
    def manifest(content):
        return ManifestFile.from_args(content=content, added_files_count=added, existing_files_count=existing)

    assert is_small(manifest(ManifestContent.DATA)) is small
    assert not is_small(manifest(ManifestContent.DELETES))


class Read:
    """A manifest that notes when it is read."""

    def __init__(self, path):
        self.manifest_path, self.times = path, 0

    def fetch_manifest_entry(self, _io):
        self.times += 1
        return [self.manifest_path]


@pytest.mark.parametrize("at_once", [1, 8])
def test_a_manifest_is_read_once_as_long_as_the_table_has_it(at_once):
    ours = [Read(f"m{number}") for number in range(3)]
    kept = Manifests(at_once)
    assert kept.live([], None) == []
    for _ in range(2):
        assert kept.live(ours, None) == [(one, [one.manifest_path]) for one in ours]
    assert [one.times for one in ours] == [1, 1, 1]
    kept.keep_only(ours[:2])
    kept.live(ours, None)
    assert [one.times for one in ours] == [1, 1, 2]


def test_the_metadata_of_a_commit_is_worked_out_once_after_each_change(lake, catalog):
    lake.put(rows_of(0, ["txn_a"]))
    publish(IcebergCatalogTable(lake.shape, catalog, str(lake.root)), lake.wanted)
    table = catalog.load_table(f"stripe.{TABLE}")
    with Commit(table) as transaction:
        before = transaction.table_metadata
        assert transaction.table_metadata is before
        transaction.set_properties({"a": "1"})
        after = transaction.table_metadata
        assert (before.properties.get("a"), after.properties["a"]) == (None, "1")
        assert transaction.table_metadata is after
    assert catalog.load_table(f"stripe.{TABLE}").properties["a"] == "1"
