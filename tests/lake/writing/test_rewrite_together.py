"""A partition that another run rewrites at the same time: who comes second makes its file again with what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.state.data_file import DataFile
from connector.errors import CommitConflictError
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.parking import Leftover, park
from connector.lake.writing.rewrite import PartitionRewrite, condition_of, stage, stage_again
from tests.support.samples import FOLDER, KEY, PARQUET, ROWS, WHOLE, buffered, ids_in, publish, span, write


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


def staged_of(store, rows, **given):
    with buffered(store, PARQUET, [rows]) as runs:
        return stage(store, PARQUET, PartitionRewrite(FOLDER, **{"within": WHOLE, **given}), runs)


def test_of_two_files_made_where_none_was_only_the_first_becomes_visible(store):
    first, second = staged_of(store, ROWS), staged_of(store, ROWS[:3])
    publish(store, first)
    with pytest.raises(CommitConflictError):
        publish(store, second)
    assert ids_in(store, PARQUET, first.file.path) == [row.id for row in ROWS]


def test_a_file_is_made_again_with_what_another_run_has_made_of_its_partition(store):
    old = write(store, PARQUET, [ROWS[:4]]).file
    newer = replace(ROWS[4], net=99)
    ours = staged_of(store, [newer], old=old, within=span(4, 6))
    theirs = write(store, PARQUET, [[*ROWS[4:7]]], old=old, within=span(4, 9)).file
    again = stage_again(store, PARQUET, PartitionRewrite(FOLDER, theirs, span(4, 6)), ours)
    assert not ours.path.exists()
    assert again.counts == MergeCounts(replaced=1)  # what theirs has beside ours has not disappeared
    publish(store, again)
    with store.opened(again.file.path) as path, PARQUET.open_reader(path) as batches:
        nets = {row["id"]: row["net"] for batch in batches for row in batch.to_pylist()}
    assert nets == {row.id: row.net for row in [*ROWS[:4], newer, *ROWS[5:7]]}


def test_rows_that_were_parked_count_as_ours_up_to_the_last(store):
    old = write(store, PARQUET, [ROWS[:1]]).file
    with buffered(store, PARQUET, [ROWS[3:6]]) as runs:
        parked = park(store, PARQUET, Leftover(KEY, "_stripe_balance/parked/1.arrow", span(3, 6), runs))
    ours = staged_of(store, [], old=old, within=span(8, 9), parked=(parked,))
    theirs = write(store, PARQUET, [ROWS[:2]], old=old, within=span(0, 2)).file
    again = stage_again(store, PARQUET, PartitionRewrite(FOLDER, theirs, span(8, 9), parked=(parked,)), ours)
    publish(store, again)
    assert ids_in(store, PARQUET, again.file.path) == [row.id for row in [*ROWS[:2], *ROWS[3:6]]]
    assert again.counts == MergeCounts(new=3)


def test_who_had_nothing_to_add_takes_the_file_of_the_other(store):
    old = write(store, PARQUET, [ROWS]).file
    ours = staged_of(store, ROWS, old=old)
    theirs = write(store, PARQUET, [[replace(ROWS[0], net=9)]], old=old, within=span(0, 1)).file
    again = stage_again(store, PARQUET, PartitionRewrite(FOLDER, theirs, WHOLE), ours)
    assert (again.file, again.path, again.counts) == (theirs, None, MergeCounts())


@pytest.mark.parametrize(
    ("old", "lost", "there", "condition"),
    [
        (None, False, "v1", ABSENT),
        (None, True, "v1", "v1"),
        (None, True, None, ABSENT),
        (("a/part-0", "v0"), False, "v1", "v0"),
        (("a/part-0", None), False, "v1", "v1"),
        (("a/part-0", None), False, None, ABSENT),
        (("a/part-0-of-other", "v0"), False, "v1", ABSENT),
        (("a/part-0-of-other", None), True, "v1", "v1"),
    ],
)
def test_what_has_to_be_there_when_a_file_is_published_is_what_it_was_merged_with(old, lost, there, condition):
    class Versions:
        def version(self, path):
            return {"a/part-0": there}[path]

    entry = None if old is None else DataFile(old[0], 1, 1, "0" * 64, version=old[1])
    assert condition_of(Versions(), "a/part-0", entry, lost=lost) == condition
