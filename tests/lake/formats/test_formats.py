from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import ConfigError, StorageError
from connector.lake.formats.formats import arrow_format, format_named, parquet_format
from connector.lake.formats.names import FORMAT_NAMES
from connector.lake.formats.row_columns import CHUNK_ROWS, CHUNK_TEXT, Rechunker, text_bytes
from connector.tables.balance_transactions import to_batch
from connector.tables.source_columns import row_dictionaries
from tests.support.examples import examples
from tests.support.rows import OFFICIAL_ROW
from tests.support.samples import FORMS, PARQUET, SMALL, START, Row, batch_of

ROWS = [
    Row(
        START + index,
        f"txn_{index:05}",
        net=index,
        rate=None if index % 3 else index / 7,
        parts=((index, None),) * (index % 3),
    )
    for index in range(2 * CHUNK_ROWS + 1_000)
]
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@cache
def whole_of(form):
    """All rows as one batch: made once, and not before it is asked for."""
    return batch_of(form, ROWS)


def written(form, path, batches) -> str:
    writer = form.open_writer(path)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pieces(batch, cuts, copies):
    """Slices of a batch, some of them copied to memory of their own."""
    edges = [0, *sorted(cuts), batch.num_rows]
    for copied, start, stop in zip(copies, edges, edges[1:], strict=False):
        part = batch.slice(start, stop - start)
        yield part.take(pa.array(range(part.num_rows), pa.int64())) if copied else part


@each_form
@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, len(ROWS)), max_size=6),
    copies=st.lists(st.booleans(), min_size=7, max_size=7),
)
def test_the_bytes_do_not_depend_on_how_rows_are_cut_into_batches(tmp_path, form, cuts, copies):
    whole = whole_of(form)
    assert written(form, tmp_path / "cut", pieces(whole, cuts, copies)) == written(form, tmp_path / "whole", [whole])


@each_form
def test_what_is_read_is_what_was_written_in_batches_of_bounded_size(tmp_path, form):
    written(form, tmp_path / "file", [whole_of(form)])
    with form.open_reader(tmp_path / "file") as batches:
        read = list(batches)
    assert all(batch.schema.equals(form.schema, check_metadata=True) for batch in read)
    assert max(batch.num_rows for batch in read) <= 2 * CHUNK_ROWS
    assert pa.Table.from_batches(read).equals(pa.Table.from_batches([whole_of(form)]))


@each_form
def test_a_file_that_is_not_of_the_format_is_a_storage_error(tmp_path, form):
    (tmp_path / "file").write_bytes(b"\x00not this\n" * 10)
    with pytest.raises(StorageError), form.open_reader(tmp_path / "file") as batches:
        list(batches)


@pytest.mark.parametrize("form", FORMS[2:], ids=lambda form: form.name)
def test_lines_are_the_objects_one_a_line(tmp_path, form):
    written(form, tmp_path / "file", [whole_of(form)])
    assert [row for rows in form.read_objects(tmp_path / "file") for row in rows] == [
        {**row.fields(), "parts": row.fields()["parts"]} for row in ROWS
    ]


def test_a_file_of_lines_cut_short_is_a_storage_error(tmp_path):
    plain = FORMS[-1]
    (tmp_path / "file").write_bytes(b'{"id": "txn_1"}\n{"id": ')
    with pytest.raises(StorageError, match="within a line"):
        list(plain.read_objects(tmp_path / "file"))


@pytest.mark.parametrize(("rows", "is_small"), [(1, True), (128, True), (129, False)])
@pytest.mark.parametrize("cut", [1, 128, 1_000])
def test_parquet_has_dictionaries_of_few_values_and_compresses_the_rest_few_rows_the_quick_way(
    tmp_path, rows, is_small, cut
):
    form = format_named("parquet", source_columns=True)
    few = row_dictionaries(source_columns=True)
    writer = form.open_writer(tmp_path / "file")
    batch = to_batch([OFFICIAL_ROW] * rows, source_columns=True)
    for start in range(0, rows, cut):
        writer.write(batch.slice(start, cut))
    writer.close()
    group = pq.ParquetFile(tmp_path / "file").metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    assert set(few) < {one.path_in_schema for one in columns}
    assert {one.path_in_schema: (one.compression, "RLE_DICTIONARY" in one.encodings) for one in columns} == {
        one.path_in_schema: ("SNAPPY", False)
        if is_small
        else ("UNCOMPRESSED", True)
        if one.path_in_schema in few
        else ("ZSTD", False)
        for one in columns
    }
    assert all(one.statistics is not None for one in columns)


@each_form
@pytest.mark.parametrize("rows", [0, 1, 129, CHUNK_ROWS, CHUNK_ROWS + 1, len(ROWS)])
def test_bytes_that_are_told_when_a_file_is_complete_are_those_on_the_disk(tmp_path, form, rows):
    writer = form.open_writer(tmp_path / "file")
    writer.write(whole_of(form).slice(0, rows))
    told = writer.close()
    assert told is None or told.to_pybytes() == (tmp_path / "file").read_bytes()
    with form.open_reader(tmp_path / "file") as batches:
        assert sum(batch.num_rows for batch in batches) == rows


READS_ALONE = """
import os, sys
from pathlib import Path
from connector.lake.formats.formats import format_named

before = os.listdir("/proc/self/task")
with format_named("parquet").open_reader(Path(sys.argv[1])) as batches:
    print(sum(batch.num_rows for batch in batches), os.listdir("/proc/self/task") == before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted where Linux lists them")
def test_a_file_of_parquet_is_read_by_the_thread_that_asks(tmp_path):
    written(format_named("parquet"), tmp_path / "file", [to_batch([OFFICIAL_ROW] * 3)])
    command = [sys.executable, "-c", READS_ALONE, str(tmp_path / "file")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["3", "True"]


def test_parquet_says_how_it_is_sorted_and_keeps_row_groups_small(tmp_path):
    heavy = [Row(row.created, row.id, parts=((1, "x"),)) for row in ROWS] * 4
    written(PARQUET, tmp_path / "file", [batch_of(PARQUET, heavy)])
    meta = pq.ParquetFile(tmp_path / "file").metadata
    assert [meta.row_group(group).num_rows for group in range(meta.num_row_groups)] == [32_768, len(heavy) - 32_768]
    assert [(one.column_index, one.descending) for one in meta.row_group(0).sorting_columns] == [(1, False), (0, False)]
    assert meta.row_group(0).column(1).statistics.has_min_max


def plain_parquet(schema):
    return parquet_format(schema, (), order=("created", "id"), table=None)


@pytest.mark.parametrize("make", [arrow_format, plain_parquet], ids=["arrow", "parquet"])
@settings(max_examples=examples(3), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 4_500), max_size=6))
def test_large_rows_make_smaller_batches_and_row_groups_whatever_the_cuts(tmp_path, make, cuts):
    rows = batch_of(PARQUET, ROWS[:4_500])
    wide = pa.RecordBatch.from_arrays(
        [*rows.columns, pa.array(["x" * 4_000] * 4_500)], schema=SMALL.append(pa.field("text", pa.string()))
    )
    form = make(wide.schema)
    whole = written(form, tmp_path / "whole", [wide])
    assert written(form, tmp_path / "cut", pieces(wide, cuts, [False] * 7)) == whole
    with form.open_reader(tmp_path / "whole") as batches:
        assert all(text_bytes(batch) <= 2 * CHUNK_TEXT for batch in batches)
    if form.name == "parquet":
        meta = pq.ParquetFile(tmp_path / "whole").metadata
        assert [meta.row_group(group).num_rows for group in range(meta.num_row_groups)] == [4_500]


@pytest.mark.parametrize("make", [arrow_format, plain_parquet], ids=["arrow", "parquet"])
def test_a_column_younger_than_the_file_is_null_and_one_unknown_or_changed_is_refused(tmp_path, make):
    written(make(SMALL), tmp_path / "file", [batch_of(PARQUET, ROWS[:3])])
    younger = make(SMALL.append(pa.field("tax", pa.int64())))
    with younger.open_reader(tmp_path / "file") as batches:
        assert next(batches).column("tax").null_count == 3
    others = [
        SMALL.append(pa.field("tax", pa.int64(), nullable=False)),
        pa.schema(list(SMALL)[:-1]),
        pa.schema([*list(SMALL)[:-1], pa.field("parts", pa.string())]),
    ]
    for schema in others:
        with pytest.raises(StorageError), make(schema).open_reader(tmp_path / "file") as batches:
            next(batches)


def test_a_parquet_file_opened_for_a_part_gives_these_columns_and_members_and_nothing_else(tmp_path):
    written(PARQUET, tmp_path / "file", [whole_of(PARQUET)])
    parts = SMALL.field("parts")
    member = parts.type.value_type[0]
    part = pa.schema(
        [SMALL.field("id"), pa.field("parts", pa.list_(parts.type.value_field.with_type(pa.struct([member]))))]
    )
    with PARQUET.open_part(tmp_path / "file", part) as batches:
        read = pa.Table.from_batches(list(batches))
    assert read.schema.equals(part)
    assert read.column("id").to_pylist() == [row.id for row in ROWS]
    whole = whole_of(PARQUET).column("parts").to_pylist()
    assert read.column("parts").to_pylist() == [[{member.name: one[member.name]} for one in row] for row in whole]


def test_a_parquet_file_with_an_unknown_column_is_refused_whichever_columns_are_wanted(tmp_path):
    written(PARQUET, tmp_path / "file", [batch_of(PARQUET, ROWS[:3])])
    older = plain_parquet(pa.schema(list(SMALL)[:-1]))
    wanted = pa.schema([SMALL.field("id")])
    with pytest.raises(StorageError, match="upgrade"), older.open_part(tmp_path / "file", wanted) as batches:
        next(batches)


@given(st.lists(st.integers(0, 12), max_size=20), st.integers(1, 9))
def test_rechunking_keeps_rows_in_order_and_makes_all_chunks_but_the_last_equal(sizes, rows):
    numbers = iter(range(1_000))
    chunker = Rechunker(rows, step=1)
    incoming = [pa.record_batch({"n": pa.array([next(numbers) for _ in range(size)], pa.int64())}) for size in sizes]
    chunks = [chunk for batch in incoming for chunk in chunker.add(batch)] + list(chunker.rest())
    assert [n for chunk in chunks for n in chunk.column("n").to_pylist()] == list(range(sum(sizes)))
    assert all(chunk.num_rows == rows for chunk in chunks[:-1])
    assert all(0 < chunk.num_rows <= rows for chunk in chunks)


def test_every_format_has_a_name_and_jsonl_means_zstd():
    assert [format_named(name).name for name in FORMAT_NAMES] == list(FORMAT_NAMES)
    assert format_named("jsonl").file_name == "part-0.jsonl.zst"
    assert [format_named(name).file_name for name in ("parquet", "arrow", "jsonl.plain")] == [
        "part-0.parquet",
        "part-0.arrow",
        "part-0.jsonl",
    ]
    with pytest.raises(ConfigError, match=r"parquet, jsonl\.zst"):
        format_named("csv")


def test_shuffled_copies_of_the_same_rows_are_the_same_file(tmp_path):
    rows = ROWS[:500]
    shuffled = random.Random(3).sample(rows, len(rows))
    batch = batch_of(PARQUET, shuffled)
    again = batch.take(pa.compute.sort_indices(batch, [("created", "ascending")]))
    assert written(PARQUET, tmp_path / "a", [again]) == written(PARQUET, tmp_path / "b", [batch_of(PARQUET, rows)])
