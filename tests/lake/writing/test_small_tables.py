"""Small tables: rows in order, each once, whatever the format; a file that is written whole or not at all."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.state.tables import TABLES
from connector.errors import ConfigError, StorageError
from connector.lake.stores.local import LocalStore
from connector.lake.writing.small_tables import read_rows, small_table, stage_rows, stored_file
from tests.support.payout_world import scripted_payout
from tests.support.samples import START

each_format = pytest.mark.parametrize("name", ["parquet", "arrow", "jsonl.zst", "jsonl.gz", "jsonl.plain"])
FOLDER = "payouts/account=acct_1/created_month=2023-11"


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


@pytest.mark.parametrize("name", ["parquet", "jsonl.zst"])
@settings(deadline=None, max_examples=20)
@given(groups=st.lists(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), max_size=5), max_size=4))
def test_rows_joined_are_in_order_and_of_each_id_the_last_counts(name, groups):
    kind = small_table("payouts", name)
    batches = [
        kind.encode([scripted_payout(one, START - one, amount=amount) for one, amount in group]) for group in groups
    ]
    newest = {one: amount for group in groups for one, amount in group}
    joined = kind.objects(kind.joined(batches))
    assert joined == [scripted_payout(one, START - one, amount=newest[one]) for one in sorted(newest, reverse=True)]


@each_format
def test_a_file_that_was_staged_reads_back_and_is_described_by_its_bytes(store, name):
    kind = small_table("payouts", name)
    rows = kind.encode([scripted_payout(1, START), scripted_payout(2, START)])
    file, staged = stage_rows(store, kind.form, FOLDER, rows)
    content = staged.read_bytes()
    assert (file.rows, file.bytes, file.sha256) == (2, len(content), hashlib.sha256(content).hexdigest())
    assert not (store.root / file.path).exists()
    store.publish(staged, file.path)
    assert read_rows(store, kind.form, file.path).equals(rows)
    assert stored_file(store, file.path, 2) == file


def test_a_file_that_is_not_there_has_no_rows_and_no_entry(store):
    kind = small_table("payouts", "parquet")
    assert read_rows(store, kind.form, f"{FOLDER}/part-0.parquet") is None
    with pytest.raises(StorageError, match="is gone"):
        stored_file(store, f"{FOLDER}/part-0.parquet", 1)


def test_a_disk_that_refuses_leaves_nothing_staged(store):
    class Full(LocalStore):
        def staging(self, path):
            staged = super().staging(path)
            staged.symlink_to("/dev/full")
            return staged

    kind = small_table("payouts", "parquet")
    with pytest.raises(StorageError, match="no space left"):
        stage_rows(Full(store.root), kind.form, FOLDER, kind.encode([scripted_payout(1, START)]))
    assert list(store.scratch.iterdir()) == []


@pytest.mark.parametrize("table", TABLES[1:])
@pytest.mark.parametrize("name", ["delta", "iceberg"])
def test_tables_of_catalogs_have_files_of_parquet_under_names_of_their_content(table, name):
    form = small_table(table, name).form
    assert (form.catalog, form.final_path("folder", "a" * 64) != form.final_path("folder", "b" * 64)) == (name, True)
    assert form.schema.equals(small_table(table, "parquet").form.schema)


def test_a_format_that_nobody_knows_is_refused():
    with pytest.raises(ConfigError):
        small_table("payouts", "csv")
