"""What a file system, a copying tool or another program does to a lake ends in a clear error or in the right rows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import connector
from connector.errors import ConnectorError, StorageError
from connector.lake.state.table_states import states
from connector.lake.stores.local import LocalStore
from tests.support.lakes import touched


def rows_of(lake):
    return connector.read(lake).to_table().num_rows


def the_state(lake):
    (state,) = states(LocalStore(lake))
    return state


def well(run, lake):
    """Nothing differs, what is proved offline is, and a sync goes on."""
    assert run("status", lake, "--strict").status == 0
    assert run("verify", lake, "--offline", "--layer", "rows").status == 0
    assert run("sync", lake, "-q").status == 0
    assert run("status", lake, "--strict").status == 0


def _copied(lake, root):
    return shutil.copytree(lake, root / "copy", copy_function=shutil.copy)


def _moved(lake, root):
    return shutil.move(lake, root / "moved")


def _in_a_linked_folder(lake, root):
    (root / "link").symlink_to(lake.parent, target_is_directory=True)
    return root / "link" / lake.name


def _a_link_itself(lake, root):
    (root / "link").symlink_to(lake, target_is_directory=True)
    return root / "link"


@pytest.mark.parametrize("how", [_copied, _moved, _in_a_linked_folder, _a_link_itself])
def test_a_lake_that_was_copied_moved_or_is_reached_by_a_link_is_read_and_goes_on(run, lake, tmp_path, how):
    rows = rows_of(lake)
    there = how(lake, tmp_path)
    assert rows_of(there) == rows
    well(run, there)


def test_a_copy_made_in_the_middle_of_a_run_is_told_apart_and_repaired(run, lake, tmp_path):
    """The state is of before, files are of after, and one was not copied yet."""
    copy = tmp_path / "copy"
    shutil.copytree(lake / "_stripe_balance", copy / "_stripe_balance")
    shutil.copytree(lake / "balance_transactions", copy / "balance_transactions")
    files = sorted(the_state(copy).files)
    (copy / files[0]).unlink()
    table = pq.read_table(copy / files[1], partitioning=None)
    pq.write_table(table.slice(0, max(1, table.num_rows - 1)), copy / files[1])
    with pytest.raises(StorageError, match="gone or not as it was written"):
        connector.read(copy).to_table()
    assert run("status", copy, "--strict").status == 65
    assert run("verify", copy, "--offline", "--layer", "rows").status == 65
    assert run("sync", copy, "-q").status == 0
    assert rows_of(copy) == the_state(copy).rows >= rows_of(lake)
    well(run, copy)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_lake_that_nobody_may_write_to_is_read_looked_at_and_verified(run, lake):
    rows = rows_of(lake)
    folders = [Path(folder) for folder, _, _ in os.walk(lake)]
    for folder in folders:
        folder.chmod(0o500)
    try:
        assert rows_of(lake) == rows
        assert run("status", lake, "--strict").status == 0
        assert run("verify", lake, "--offline", "--layer", "rows").status == 0
        assert run("sync", lake).status == 74
    finally:
        for folder in folders:
            folder.chmod(0o700)


def _as_it_is(table):
    return table, {}


def _in_another_order(table):
    return table.select(table.column_names[::-1]), {}


def _of_narrower_types(table):
    return table.set_column(table.column_names.index("fee"), "fee", table["fee"].cast(pa.int32())), {}


def _of_texts_for_numbers(table):
    return table.set_column(table.column_names.index("net"), "net", table["net"].cast(pa.string())), {}


def _without_a_column(table):
    return table.drop_columns(["net"]), {}


def _compressed_otherwise(table):
    return table, {"compression": "gzip"}


def _without_rows(table):
    return table.slice(0, 0), {}


REWRITES = [
    _as_it_is,
    _in_another_order,
    _of_narrower_types,
    _of_texts_for_numbers,
    _without_a_column,
    _compressed_otherwise,
    _without_rows,
]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_file_that_another_tool_wrote_anew_is_told_by_all_and_read_again(run, lake, rewrite):
    path = sorted(the_state(lake).files)[2]
    before = (lake / path).read_bytes()
    table, options = rewrite(pq.read_table(lake / path, partitioning=None))
    pq.write_table(table, lake / path, **options)
    with pytest.raises(StorageError, match="not as it was written"):
        connector.read(lake).to_table()
    assert f"{path} (changed)" in run("status", lake).err
    verdict = run("verify", lake, "--offline", "--layer", "rows")
    assert (verdict.status, path in verdict.out) == (65, True)
    assert run("sync", lake, "-q").status == 0
    assert (lake / path).read_bytes() == before
    well(run, lake)


def test_a_partition_whose_folder_became_a_file_is_told_and_repaired(run, lake):
    path = sorted(the_state(lake).files)[2]
    folder = (lake / path).parent
    shutil.rmtree(folder)
    folder.write_bytes(b"not a folder")
    with pytest.raises(StorageError, match="gone or not as it was written"):
        connector.read(lake).to_table()
    assert run("status", lake, "--strict").status == 65
    refused = run("sync", lake)
    assert refused.status in {66, 74}
    assert "Traceback" not in refused.err
    assert run("sync", lake, "--repair", "-q").status == 0
    well(run, lake)


def _its_file(lake):
    return lake / sorted(the_state(lake).files)[2]


def _its_partition(lake):
    return _its_file(lake).parent


def _its_account(lake):
    return _its_partition(lake).parent


def _itself(lake):
    return lake


@pytest.mark.parametrize("which", [_its_file, _its_partition, _its_account, _itself])
def test_a_link_that_leads_nowhere_is_told_and_is_no_matter_once_it_leads_there_again_or_is_removed(
    run, lake, tmp_path, which
):
    kept, link = tmp_path / "not mounted", which(lake)
    shutil.move(link, kept)
    link.symlink_to(kept)
    shutil.move(kept, tmp_path / "away")
    for words in (("sync", lake), ("sync", lake, "--repair")):
        refused = run(*words)
        assert (refused.status, f"{link} is a link to {kept}" in refused.err) == (74, True), refused.err
    shutil.move(tmp_path / "away", kept)
    assert run("sync", lake, "-q").status == 0
    shutil.move(kept, tmp_path / "away")
    link.unlink()
    assert run("sync", lake, "--since", "2026-01-01", "-q").status == 0
    well(run, lake)


PARTS = [
    "balance_transactions",
    "balance_transactions/account=acct_x",
    "payouts",
    "_stripe_balance",
    "_stripe_balance/runs",
]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_lake_is_taken_for_no_lake_of_its_own(run, lake, tmp_path, part):
    (tmp_path / "link").symlink_to(lake, target_is_directory=True)
    before = touched(lake)
    for place in (lake / part, tmp_path / "link" / part):
        for words in (("sync", place), ("payouts", place), ("balance", place), ("status", place), ("verify", place)):
            refused = run(*words)
            assert (refused.status, f"name {lake}" in refused.err) == (78, True), refused.err
    assert touched(lake) == before
    well(run, lake / "balance_transactions" / "..")


def test_a_lake_beside_the_folders_of_another_is_one(run, lake):
    rows = rows_of(lake)
    assert run("sync", lake / "more", "--since", "2026-01-01", "-q").status == 0
    assert rows_of(lake) == rows_of(lake / "more") == rows


FOREIGN = [
    "notes.txt",
    "00000000000001 (1).json",
    "1.json",
    ".DS_Store",
    "99999999999999.json.bak",
    "a\nb",
    "back\\slash",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_in_the_state_folder_are_no_matter_or_named(run, lake, name):
    folders = [folder for folder, _, _ in os.walk(lake / "_stripe_balance")]
    for folder in folders:
        Path(folder, name).write_bytes(b"{}")
    for words in (("status", lake), ("verify", lake, "--offline", "--layer", "rows"), ("sync", lake, "-q")):
        done = run(*words)
        assert done.status in {0, 65}, done.err
        assert "Traceback" not in done.err
        assert done.status == 0 or (name in done.err and ("move it away" in done.err or "remove it" in done.err))


def test_a_record_that_is_a_folder_or_damaged_is_an_error_that_names_it(run, lake):
    records = sorted((lake / "_stripe_balance/state/balance_transactions").rglob("*.json"))
    before = records[-1].read_bytes()
    for damage in (b"", before[: len(before) // 2], b"\x00" * 10, b"[]", b"{}"):
        records[-1].write_bytes(damage)
        for words in (("status", lake), ("verify", lake, "--offline"), ("sync", lake)):
            done = run(*words)
            assert (done.status, records[-1].name in done.err) == (65, True), done.err
        with pytest.raises(ConnectorError, match=records[-1].name):
            connector.read(lake)
    records[-1].unlink()
    records[-1].mkdir()
    (records[-1] / "x").write_bytes(b"")
    assert run("status", lake).status in {65, 74}
