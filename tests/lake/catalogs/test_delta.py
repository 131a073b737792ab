"""A Delta table does what catalogs have to do."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import count

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.table import TableAlterer
from deltalake.transaction import AddAction, RemoveAction
from hypothesis import given
from hypothesis import strategies as st

from connector.core.state.data_file import with_changes
from connector.core.state.publishing import Alteration, Listed, change_to
from connector.errors import CommitConflictError, ConfigError, StorageError
from connector.lake.catalogs import delta
from connector.lake.catalogs.base import (
    KEEP_DAYS,
    ForeignTableError,
    Published,
    TableAlteredError,
    Tidied,
    publish,
)
from connector.lake.catalogs.delta import DeltaCatalogTable, without_metadata
from connector.lake.catalogs.delta_store import options_for
from tests.contracts.catalog import CatalogContract
from tests.support.bucket_server import bucket_server
from tests.support.table_files import START, TABLE, Lake, rows_of

CALLS = {
    delta: ["create_table_with_add_actions"],
    DeltaTable: [
        "__init__",
        "metadata",
        "get_add_actions",
        "create_write_transaction",
        "create_checkpoint",
        "cleanup_metadata",
    ],
    TableAlterer: ["add_columns", "set_table_properties"],
}
"""What is asked of deltalake."""

NOW = START + 90 * 86_400
KEPT = "delta.logRetentionDuration"
DELETED_FIRST = "^Bg9^0rr910000000000iXQKl0rr91000005c8Xg00000"  # row 0, as a deletion vector within the log


def sorted_rows(table: pa.Table):
    label = next(name for name in table.column_names if name.startswith("created_"))
    rows = table.select(["account", label, "id"]).to_pylist()
    return sorted((one["account"], str(one[label]), one["id"]) for one in rows)


class TestDelta(CatalogContract):
    def opened(self, lake):
        accounts = tuple(lake.revisions)
        return DeltaCatalogTable(lake.shape, str(lake.root / TABLE), accounts=accounts, now=lambda: float(NOW))

    @pytest.fixture(autouse=True)
    def _calls(self, monkeypatch):
        self.heard = None

        def called(does):
            def call(*given, **options):
                hook, self.heard = self.heard, None  # what another does is not heard
                if hook is not None:
                    hook(does.__name__)
                    self.heard = hook
                return does(*given, **options)

            return call

        for owner, names in CALLS.items():
            for name in names:
                monkeypatch.setattr(owner, name, called(getattr(owner, name)))

    def hooked(self, lake, hook):
        self.heard = hook
        return self.opened(lake)

    def aged(self, lake):
        for path in (lake.root / TABLE / "_delta_log").iterdir():
            os.utime(path, (time.time() - 8 * 86_400,) * 2)

    @given(data=st.data())
    def test_whatever_happens_to_publishers_a_table_holds_each_row_once(self, tmp_path_factory, data):
        self.holds_each_row_once(Lake(tmp_path_factory.mktemp("lake")), data)

    def table(self, lake):
        return DeltaTable(str(lake.root / TABLE))

    def rows(self, lake):
        if not DeltaTable.is_deltatable(str(lake.root / TABLE)):
            return []
        return sorted_rows(self.table(lake).to_pyarrow_table())

    def found(self, lake, column, value):
        at = pa.scalar(value * 1_000_000).cast(pa.timestamp("us", tz="UTC")) if column == "created" else value
        return sorted_rows(self.table(lake).to_pyarrow_table(filters=[(column, "=", at)]))

    def column(self, lake, name):
        rows = self.table(lake).to_pyarrow_table(columns=["id", name]).to_pylist()
        return {one["id"]: one[name] for one in rows}

    def commits(self, lake):
        folder = lake.root / TABLE / "_delta_log"
        return len([one for one in folder.glob("*.json") if one.stem.isdigit()]) if folder.exists() else 0

    def forget(self, lake, path):
        table, own = self.table(lake), path.removeprefix(f"{TABLE}/")
        values = dict(part.split("=") for part in own.split("/")[:-1])
        action = RemoveAction(own, data_change=True, deletion_timestamp=0, partition_values=values)
        table.create_write_transaction([action], "append", table.schema(), ["account", "created_date"])

    def slip_in(self, lake, path, stats='{"numRecords": 1}'):
        table, own = self.table(lake), path.removeprefix(f"{TABLE}/")
        values = dict(part.split("=") for part in own.split("/")[:-1])
        size = (lake.root / path).stat().st_size
        action = AddAction(own, size, values, 0, data_change=True, stats=stats)
        table.create_write_transaction([action], "append", table.schema(), ["account", "created_date"])

    def actions(self, lake, kind):
        """What the log says of files that came or went, oldest first."""
        for part in sorted((lake.root / TABLE / "_delta_log").glob("*.json")):
            yield from (one[kind] for one in map(json.loads, part.read_text().splitlines()) if kind in one)

    def test_the_log_says_of_a_file_when_it_came_and_went_and_between_which_values_it_lies(self, lake):
        file = lake.put(rows_of(0, ["txn_a", "txn_b"]))
        self.published(lake)
        (added,) = self.actions(lake, "add")
        stats = json.loads(added["stats"])
        assert (added["modificationTime"], added["size"], stats["numRecords"]) == (NOW * 1_000, file.bytes, 2)
        first, last = (f"{datetime.fromtimestamp(one, UTC):%Y-%m-%dT%H:%M:%S}" for one in (START, START + 1))
        assert [stats[name]["id"] for name in ("minValues", "maxValues")] == ["txn_a", "txn_b"]
        assert [stats[name]["created"][:19] for name in ("minValues", "maxValues")] == [first, last]
        assert stats["nullCount"] == {"created": 0, "id": 0}
        lake.put(rows_of(0, ["txn_c"]))
        self.published(lake)
        (removed,) = self.actions(lake, "remove")
        assert removed["deletionTimestamp"] == NOW * 1_000
        assert removed["partitionValues"] == {"account": "acct_1", "created_date": "2026-01-01"}
        assert [one["dataChange"] for kind in ("add", "remove") for one in self.actions(lake, kind)] == [True] * 3

    def test_of_a_file_whose_bounds_nobody_knows_the_log_says_how_many_rows_it_has(self, lake):
        file = lake.put(rows_of(0, ["txn_a"]))
        lake.files[file.path] = with_changes(file, first_created=0, last_created=0, ids=None)
        self.published(lake)
        (added,) = self.actions(lake, "add")
        assert json.loads(added["stats"]) == {"numRecords": 1}

    def test_the_number_of_rows_is_counted_without_a_file(self, lake):
        lake.put(rows_of(0, ["txn_a", "txn_b"]))
        self.published(lake)
        for path in lake.files:
            (lake.root / path).unlink()
        assert self.table(lake).count() == 2

    def test_a_table_that_something_else_made_append_only_is_named_and_takes_new_files_all_the_same(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.table(lake).alter.set_table_properties({"delta.appendOnly": "true"})
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        lake.put(rows_of(0, ["txn_a", "txn_c"]))
        with pytest.raises(ConfigError, match=r"append-only \(delta\.appendOnly\).* set delta\.appendOnly to false"):
            self.published(lake)
        self.table(lake).alter.set_table_properties({"delta.appendOnly": "false"})
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    @pytest.mark.parametrize("name", ["a[b", "a]b", "a%20b"])
    def test_a_path_that_deltalake_cannot_take_is_refused_before_it_panics(self, tmp_path, name):
        lake = Lake(tmp_path / name)
        lake.put(rows_of(0, ["txn_a"]))
        with pytest.raises(ConfigError, match="use another folder"):
            self.published(lake)

    @pytest.mark.parametrize("name", ["a b", "a'b", "a=b", "a#b", "ü", "a?b"])
    def test_other_paths_are_taken(self, tmp_path, name):
        lake = Lake(tmp_path / name)
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_a_checkpoint_changes_nothing(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.table(lake).create_checkpoint()
        lake.put(rows_of(0, ["txn_b"]))
        self.published(lake)
        table = self.opened(lake)
        table.read()
        assert table.contents().revisions == lake.revisions
        assert self.rows(lake) == lake.rows()

    def test_where_the_log_says_no_number_of_rows_a_file_is_believed_by_its_size(self, lake):
        file = lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.forget(lake, file.path)
        self.slip_in(lake, file.path, stats=None)
        table = self.opened(lake)
        table.read()
        assert table.contents().files == {file.path: Listed(None, file.bytes)}
        assert self.published(lake) == Published(TABLE)

    def test_columns_that_come_later_may_be_null(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        lake.source_columns = True
        lake.put(rows_of(1, ["txn_b"]))
        self.published(lake)
        before = {one.name for one in replace(lake, source_columns=False).shape.schema}
        later = [one for one in self.table(lake).schema().fields if one.name not in before]
        assert later
        assert all(one.nullable for one in later)

    def test_a_table_with_a_column_of_another_type_is_not_ours(self, lake):
        columns = [
            pa.field("amount", pa.string()),
            *(pa.field(name, pa.string()) for name in ("account", "created_date")),
        ]
        place, partitions = str(lake.root / TABLE), list(lake.shape.partition_columns)
        DeltaTable.create(place, pa.schema(columns), partition_by=partitions)
        lake.put(rows_of(0, ["txn_a"]))
        with pytest.raises(
            ForeignTableError, match=r"the column amount .* is string, and not long: .*not one of ours.*_delta_log away"
        ):
            self.published(lake)

    @pytest.mark.parametrize(
        ("protocol", "asks"),
        [
            ({"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["clustering", "domainMetadata"]}, 2),
            ({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["new"], "writerFeatures": ["new"]}, 1),
        ],
        ids=["to be written", "to be read"],
    )
    def test_a_table_that_another_engine_gave_what_deltalake_cannot_do_is_named_and_made_anew_without_its_log(
        self, lake, protocol, asks
    ):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        log = lake.root / TABLE / "_delta_log"
        (log / f"{1:020}.json").write_text(json.dumps({"protocol": protocol}))
        lake.put(rows_of(1, ["txn_b"]))
        for _ in range(asks):
            with pytest.raises(ForeignTableError, match=r"deltalake cannot do \(.*_delta_log away") as caught:
                self.published(lake)
            assert (caught.value.retryable, caught.value.exit_code) == (False, 78)
        log.rename(lake.root / "away")
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    def test_a_table_whose_columns_another_engine_gave_names_of_their_own_is_not_ours(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        (made,) = self.actions(lake, "metaData")
        numbers = count(1)

        def with_name_of_its_own(part):
            if "metadata" not in part:
                return part
            said = {"delta.columnMapping.id": next(numbers), "delta.columnMapping.physicalName": part["name"]}
            return {**part, "metadata": said}

        mapped = json.loads(made["schemaString"], object_hook=with_name_of_its_own)
        config = {**made["configuration"], "delta.columnMapping.mode": "name"}
        told = [
            {"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}},
            {"metaData": {**made, "schemaString": json.dumps(mapped), "configuration": config}},
        ]
        (lake.root / TABLE / "_delta_log" / f"{1:020}.json").write_text("\n".join(map(json.dumps, told)))
        with pytest.raises(ForeignTableError, match=r"names of their own \(delta\.columnMapping\.mode is name\)"):
            self.published(lake)

    def test_a_file_of_which_another_tool_marked_rows_as_deleted_is_named(self, lake):
        kept, marked = lake.put(rows_of(0, ["txn_a", "txn_b"])), lake.put(rows_of(1, ["txn_c", "txn_d"]))
        self.published(lake)
        vectors = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}
        (before,) = (one for one in self.actions(lake, "add") if marked.path.endswith(one["path"]))
        vector = {"storageType": "i", "pathOrInlineDv": DELETED_FIRST, "sizeInBytes": 34, "cardinality": 1}
        log = lake.root / TABLE / "_delta_log"
        said = [
            {"protocol": {**vectors, "writerFeatures": ["deletionVectors"]}},
            {"remove": {"path": before["path"], "dataChange": True, "partitionValues": before["partitionValues"]}},
            {"add": {**before, "deletionVector": vector}},
        ]
        (log / f"{1:020d}.json").write_text("\n".join(map(json.dumps, said)))
        table = self.opened(lake)
        table.read()
        assert {path: one.whole for path, one in table.contents().files.items()} == {
            kept.path: True,
            marked.path: False,
        }
        with pytest.raises(TableAlteredError) as caught:
            self.published(lake)
        assert caught.value.alterations == (Alteration(marked.path, "changed"),)

    def test_of_publishers_of_two_accounts_at_once_the_second_looks_again_too(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        lake.put(rows_of(1, ["txn_b"]))
        before = lake.wanted()
        lake.put(rows_of(1, ["txn_c"]), "acct_2")
        table = self.opened(lake)
        table.read()
        theirs = change_to(lake.wanted(table.contents().revisions), table.contents())
        publish(self.opened(lake), lambda _: before)
        with pytest.raises(CommitConflictError):
            table.commit(replace(theirs, added=theirs.added[1:], revisions={"acct_2": 1}))
        self.published(lake)
        assert self.rows(lake) == lake.rows()

    # Upkeep -----------------------------------------------------------------------------------------------------------

    def tidied(self, lake, days, *, act=True):
        """Shorten the log, all of it but what so many days ago and later was written."""
        table = self.opened(lake)
        table.read()
        assert table.tidy(time.time() - days * 86_400, act=act) == Tidied()
        return self.table(lake).metadata().configuration[KEPT]

    def checkpoints(self, lake):
        return len(list((lake.root / TABLE / "_delta_log").glob("*.checkpoint*.parquet")))

    def test_a_table_that_is_not_there_has_no_log_to_shorten(self, lake):
        table = self.opened(lake)
        table.read()
        assert table.tidy(0.0, act=True) == Tidied()
        assert not lake.root.exists()

    def test_a_log_of_one_version_is_short_and_a_longer_one_gets_a_checkpoint(self, lake):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.tidied(lake, KEEP_DAYS)
        assert self.checkpoints(lake) == 0
        lake.put(rows_of(0, ["txn_b"]))
        self.published(lake)
        self.tidied(lake, 2, act=False)
        assert (self.commits(lake), self.checkpoints(lake)) == (2, 0)
        self.tidied(lake, KEEP_DAYS)
        assert (self.commits(lake), self.checkpoints(lake)) == (2, 1)
        assert self.rows(lake) == lake.rows()

    @pytest.mark.parametrize("said", ["interval 30 days", "interval 5 weeks"])
    def test_how_long_somebody_else_has_the_log_kept_stays(self, lake, said):
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.table(lake).alter.set_table_properties({KEPT: said})
        assert self.tidied(lake, 2) == said

    @pytest.mark.parametrize(("days", "told"), [(100, False), (101, False), (99, False), (102, True), (98, True)])
    def test_about_the_same_time_to_keep_the_log_is_not_told_again(self, lake, monkeypatch, days, told):
        monkeypatch.setattr(time, "time", lambda: float(NOW))
        lake.put(rows_of(0, ["txn_a"]))
        self.published(lake)
        self.table(lake).alter.set_table_properties({KEPT: f"interval {days * 86_400} seconds"})
        assert self.tidied(lake, 100) == f"interval {(100 if told else days) * 86_400} seconds"

    def test_a_table_of_which_nobody_said_how_long_its_log_is_kept_is_told(self, lake):
        DeltaTable.create(
            str(lake.root / TABLE), without_metadata(lake.shape.schema), partition_by=["account", "created_date"]
        )
        assert KEPT not in self.table(lake).metadata().configuration
        assert self.tidied(lake, 3) == f"interval {3 * 86_400} seconds"
        assert self.tidied(lake, 1.6) == f"interval {2 * 86_400} seconds"
        assert self.tidied(lake, 0) == "interval 86400 seconds"

    # In a bucket ------------------------------------------------------------------------------------------------------

    def test_a_table_in_a_bucket_is_made_and_read_with_what_lets_in(self, lake):
        pytest.importorskip("obstore", reason="an extra")
        with bucket_server() as served:
            bucket = import_module("connector.lake.stores.bucket_opening").open_bucket(
                "s3://lake/x", served.s3(), environ={}
            )
            table = DeltaCatalogTable(lake.shape, f"s3://lake/x/{TABLE}", lambda: options_for(bucket))
            for names in (["txn_a"], ["txn_b", "txn_c"]):
                file = lake.put(rows_of(0, names))
                publish(table, lake.wanted)
            table.read()
            assert table.contents().files == {file.path: Listed(2, file.bytes)}
            assert sum(name.startswith(f"x/{TABLE}/_delta_log/") for name in served.objects) == 2


def test_a_file_of_the_log_that_is_lost_is_an_error_and_nobody_in_the_way(tmp_path):
    lake = Lake(tmp_path / "lake")
    for name in ("txn_a", "txn_b"):
        lake.put(rows_of(0, [name]))
        publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    (lake.root / TABLE / "_delta_log" / f"{0:020d}.json").unlink()
    with pytest.raises(StorageError, match="reading the table") as caught:
        publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    assert caught.value.exit_code == 74


@pytest.mark.parametrize("lacks", ["a version", "the checkpoint"])
def test_a_log_that_is_not_whole_says_what_to_do_and_nothing_for_developers(tmp_path, lacks):
    lake = Lake(tmp_path / "lake")
    log = lake.root / TABLE / "_delta_log"
    for name in "abc":
        lake.put(rows_of(0, [f"txn_{name}"]))
        publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    if lacks == "the checkpoint":
        DeltaTable(str(lake.root / TABLE)).create_checkpoint()
        next(log.glob("*.checkpoint.parquet")).unlink()
    (log / f"{1:020d}.json").unlink()
    with pytest.raises(StorageError, match=r"its log is damaged \(.*or move that away") as caught:
        publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    assert "ParsedLogPath" not in str(caught.value)


@pytest.mark.parametrize("spoilt", [lambda log: b"", lambda log: bytes(len(log)), lambda log: log[: len(log) // 2]])
def test_a_log_that_a_disk_has_spoilt_says_what_to_do_and_without_it_the_table_is_made_anew(tmp_path, spoilt):
    lake = Lake(tmp_path / "lake")
    lake.put(rows_of(0, ["txn_a", "txn_b"]))
    publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    log = lake.root / TABLE / "_delta_log"
    file = log / f"{0:020d}.json"
    file.write_bytes(spoilt(file.read_bytes()))
    with pytest.raises(
        StorageError, match=r"its log is damaged \(.*or move that away, and the next run makes"
    ) as caught:
        publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    assert "\n" not in str(caught.value)
    assert "<unknown>" not in str(caught.value)
    log.rename(tmp_path / "away")
    publish(DeltaCatalogTable(lake.shape, str(lake.root / TABLE)), lake.wanted)
    assert DeltaTable(str(lake.root / TABLE)).count() == 2
