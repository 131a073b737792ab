"""A Delta table does what catalogs have to do."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction
from hypothesis import given
from hypothesis import strategies as st

from connector.core.state.data_file import with_changes
from connector.errors import ConfigError
from connector.lake.catalogs.delta import DeltaCatalogTable
from tests.contracts.catalog import CatalogContract
from tests.support.table_files import START, TABLE, Lake, rows_of

NOW = START + 90 * 86_400


def sorted_rows(table: pa.Table):
    label = table.column_names[-1]
    rows = table.select(["account", label, "id"]).to_pylist()
    return sorted((one["account"], str(one[label]), one["id"]) for one in rows)


class TestDelta(CatalogContract):
    def opened(self, lake):
        return DeltaCatalogTable(lake.shape, str(lake.root / TABLE), now=lambda: float(NOW))

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

    def slip_in(self, lake, path):
        table, own = self.table(lake), path.removeprefix(f"{TABLE}/")
        values = dict(part.split("=") for part in own.split("/")[:-1])
        size = (lake.root / path).stat().st_size
        action = AddAction(own, size, values, 0, data_change=True, stats='{"numRecords": 1}')
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
