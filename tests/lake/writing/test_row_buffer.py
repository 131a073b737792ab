from __future__ import annotations

import contextlib
import errno
import itertools
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.core.state.partition import Granularity, partition_of
from connector.core.time.intervals import Interval, Intervals
from connector.errors import StorageError
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.lake.writing.runs import Run, SetAside
from connector.lake.writing.spill import Extent, Extents, SpillFile
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.parting import by_partition
from tests.support.samples import KEY, PARQUET, START, WHOLE, Row, batch_of, days, span, splits


def ids(runs) -> list[str]:
    return sorted(name for run in runs for name in run.open().column("id").to_pylist())


def page(start: int, rows: int = 100) -> pa.RecordBatch:
    return batch_of(PARQUET, [Row(START + start + index, f"txn_{start + index}") for index in reversed(range(rows))])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), rows=days, budget=st.sampled_from([0, 3_000, 1 << 20]))
def test_every_row_put_is_taken_once_whatever_is_taken_when_and_however_little_fits_in_memory(
    tmp_path, data, rows, budget
):
    seconds = st.integers(START, KEY.stop - 1)
    intervals = st.lists(st.tuples(seconds, st.integers(1, 40_000)), max_size=3).map(
        lambda pairs: Intervals.of(Interval(start, start + length) for start, length in pairs)
    )
    taken: list[str] = []
    with RowBuffer(tmp_path, memory=Memory(budget)) as buffer:
        for group in data.draw(splits(rows)):
            if group:
                buffer.put(KEY, batch_of(PARQUET, group))
            within = data.draw(intervals)
            with buffer.take(KEY, within) as runs:
                assert all(tick.timestamp() in within for run in runs for tick in run.open()["created"].to_pylist())
                taken += ids(runs)
        assert len(taken) + buffer.rows(KEY) == len(rows)
        with buffer.take(KEY, WHOLE) as runs:
            taken += ids(runs)
        assert (buffer.held, buffer._spill.bytes, buffer.partitions()) == (0, 0, [])
    assert sorted(taken) == sorted(row.id for row in rows)


def test_memory_stays_within_budget_and_the_file_has_no_name(tmp_path):
    folder = tmp_path / "made when needed"
    with RowBuffer(folder, memory=Memory(40_000)) as buffer:
        for start in range(0, 40_000, 100):
            buffer.put(KEY, page(start))
            assert buffer.held < 400 * 400 + 40_000
        assert buffer._spill.bytes > 1_000_000
        assert list(folder.iterdir()) == []
        with buffer.take(KEY, WHOLE) as runs:
            assert [run.first for run in runs] == list(range(START, START + 40_000, 100))
            assert runs.rows == 40_000
        assert buffer._spill.bytes == 0


def test_space_of_what_was_taken_is_used_again(tmp_path):
    with RowBuffer(tmp_path, memory=Memory(0)) as buffer:
        buffer.put(KEY, page(0))
        buffer.put(KEY, page(100))
        size = buffer._spill.bytes
        for start in range(200, 5_000, 100):
            buffer.take(KEY, span(start - 200, start - 100)).release()
            buffer.put(KEY, page(start))
            assert buffer._spill.bytes <= size * 2
        assert buffer.rows(KEY) == 200


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_what_is_set_aside_is_given_back_in_few_pieces_and_knows_its_seconds(drawn):
    given_back: list[Extent] = []
    spill, schema, offset = SimpleNamespace(give_back=given_back.append), pa.schema([]), 0
    aside, used, seconds = SetAside(spill, schema), set(), []
    for order, (length, hole, first, more) in enumerate(drawn):
        offset += 7 * hole
        aside.add([Run(first, first + more, 1, order, schema, pa.py_buffer(bytes(length)))], offset)
        used |= {*range(offset, offset + length)}
        seconds += [first, first + more]
        offset += length
    assert aside.span == Interval(min(seconds), max(seconds) + 1)
    assert aside.rows == len(aside) == len(drawn)
    aside.release()
    assert {byte for extent in given_back for byte in range(extent.offset, extent.stop)} == used
    assert len(given_back) == 1 + sum(hole for _, hole, *_ in drawn[1:])
    assert (len(aside), aside.rows) == (0, 0)


def aside_of(*runs: tuple[int, int, int, int]) -> SetAside:
    """Runs set aside: of each the first and the last second, how many were put before it, and where it lies."""
    schema = pa.schema([])
    aside = SetAside(SimpleNamespace(), schema)
    for first, last, order, offset in runs:
        aside.add([Run(first, last, 1, order, schema, pa.py_buffer(b"x"))], offset)
    return aside


@given(st.permutations([(5, 0, 20), (5, 1, 10), (5, 2, 0), (3, 3, 40), (9, 4, 30)]))
def test_what_is_set_aside_comes_in_order_of_time_and_then_as_it_was_put_wherever_it_lies(drawn):
    runs = [(run.first, run.order) for run in aside_of(*((first, first, *rest) for first, *rest in drawn))]
    assert runs == [(3, 3), (5, 0), (5, 1), (5, 2), (9, 4)]


def test_what_is_set_aside_is_shared_out_and_only_runs_of_both_sides_are_opened():
    aside = aside_of((1, 4, 0, 0), (5, 9, 1, 1), (4, 5, 2, 2), (20, 30, 3, 3))
    inside, outside, parted = aside.split(Intervals.span(5, 15))
    assert [run.order for run in inside] == [1]
    assert [run.order for run in outside] == [0, 3]
    assert [run.order for run in parted] == [2]


def test_a_buffer_that_never_spills_touches_no_disk(tmp_path):
    with RowBuffer(tmp_path / "none") as buffer:
        buffer.put(KEY, page(0))
        buffer.put(KEY, page(0).slice(0, 0))
        assert buffer.rows(KEY) == 100
    assert not (tmp_path / "none").exists()


def test_runs_can_be_opened_again_until_they_are_released(tmp_path):
    with RowBuffer(tmp_path, memory=Memory(0)) as buffer:
        buffer.put(KEY, page(0))
        runs = buffer.take(KEY, WHOLE)
        assert ids(runs) == ids(runs) != []
        runs.release()
        runs.release()
        assert (len(runs), buffer.held, buffer._spill.bytes) == (0, 0, 0)


def test_rows_of_another_partition_are_refused(tmp_path):
    with RowBuffer(tmp_path) as buffer, pytest.raises(ValueError, match="2023-11-15"):
        buffer.put(KEY, page(-1))


def test_a_full_disk_is_said_and_loses_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    with RowBuffer(tmp_path, memory=Memory(page(0).serialize().size * 3 // 2)) as buffer:
        buffer.put(KEY, page(0))
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(StorageError, match="no space left"):
            buffer.put(KEY, page(100))
        monkeypatch.undo()
        with buffer.take(KEY, WHOLE) as runs:
            assert runs.rows == 200
        assert buffer._spill.bytes == 0


def test_a_page_is_shared_out_over_its_partitions():
    rows = [Row(START - 1, "a"), Row(START, "c"), Row(START, "b"), Row(START + 40 * 86_400, "d")]
    batch = batch_of(PARQUET, rows[::-1])
    parts = [(key.label, part.column("id").to_pylist()) for key, part in by_partition(batch, Granularity.DAY)]
    assert parts == [
        ("created_date=2023-11-14", ["a"]),
        ("created_date=2023-11-15", ["b", "c"]),
        ("created_date=2023-12-25", ["d"]),
    ]
    assert [part.num_rows for _, part in by_partition(batch, Granularity.YEAR)] == [4]
    assert list(by_partition(batch.slice(0, 0), Granularity.DAY)) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 50), st.integers(0, 99)), max_size=60))
def test_extents_in_use_never_overlap_and_none_in_use_means_an_empty_file(steps):
    extents, used = Extents(), []
    for claim, length, pick in steps:
        if claim or not used:
            used.append(extents.claim(length))
        else:
            extents.give_back(used.pop(pick % len(used)))
        ordered = sorted(used)
        assert all(one.stop <= other.offset for one, other in itertools.pairwise(ordered))
        assert extents.end == max((one.stop for one in used), default=0)
    for one in used:
        extents.give_back(one)
    assert extents.end == 0


def test_a_spill_file_gives_back_what_was_written(tmp_path):
    spill = SpillFile(tmp_path)
    one = spill.write([pa.py_buffer(b"abc"), pa.py_buffer(b"defg")])
    two = spill.write([pa.py_buffer(b"xyz")])
    assert spill.read(one).to_pybytes() == b"abcdefg"
    spill.give_back(one)
    assert spill.read(two).to_pybytes() == b"xyz"
    assert spill.bytes == 10
    spill.give_back(two)
    assert spill.bytes == 0
    spill.close()


def test_runs_are_read_in_another_thread_while_the_owner_puts_and_spills(tmp_path):
    with ThreadPoolExecutor(1) as pool, RowBuffer(tmp_path, memory=Memory(60_000)) as buffer:
        for round_ in range(5):
            start = round_ * 10_000
            for offset in range(0, 2_000, 100):
                buffer.put(KEY, page(start + offset))
            with buffer.take(KEY, span(start, start + 2_000)) as runs:
                reading = pool.submit(ids, runs)
                for offset in range(5_000, 6_000, 100):
                    buffer.put(KEY, page(start + offset))
                buffer.take(KEY, span(start + 5_000, start + 5_500)).release()
                assert reading.result(timeout=ENDLESS_SECONDS) == sorted(
                    f"txn_{start + index}" for index in range(2_000)
                )
            assert buffer.rows(KEY) == 500 * (round_ + 1)


def test_a_run_spans_its_rows_and_is_taken_whole_where_all_of_them_are_asked_for(tmp_path):
    with RowBuffer(tmp_path) as buffer:
        buffer.put(KEY, page(0))
        buffer.put(KEY, page(50))
        with buffer.take(KEY, span(0, 150)) as runs:
            assert [run.span for run in runs] == [Interval(START, START + 100), Interval(START + 50, START + 150)]
            assert [(run.order, run.rows) for run in runs] == [(0, 100), (1, 100)]
        buffer.put(KEY, page(0))
        with buffer.take(KEY, span(0, 99)) as runs:
            assert [run.span for run in runs] == [Interval(START, START + 99)]
        assert (buffer.rows(KEY), buffer.partitions()) == (1, [KEY])
        with buffer.take(KEY, span(100, 200)) as runs:
            assert len(runs) == 0
        assert buffer.rows(KEY) == 1


def test_what_does_not_fit_goes_to_the_file_until_half_of_the_budget_is_free(tmp_path):
    keys = [partition_of(START + day * 86_400, Granularity.DAY) for day in range(4)]
    rows = [batch_of(PARQUET, [Row(key.start + at, f"txn_{at}") for at in range(100)]) for key in keys]
    one = rows[0].serialize().size
    memory = Memory(3 * one + 2_000)
    with RowBuffer(tmp_path, memory=memory) as buffer:
        for key, batch in zip(keys[:3], rows, strict=False):
            buffer.put(key, batch)
        assert (buffer._spill.bytes, memory.held == buffer.held > 3 * one) == (0, True)
        buffer.put(keys[3], rows[3])
        assert memory.held <= memory.budget // 2 < memory.held + one
        assert buffer._spill.bytes == 3 * one
        assert [buffer.rows(key) for key in keys] == [100] * 4
    assert memory.held == 0


def test_rows_that_just_fit_stay_in_memory_and_room_is_made_up_to_half_of_the_budget(tmp_path):
    keys = [partition_of(START + day * 86_400, Granularity.DAY) for day in range(3)]
    rows = [batch_of(PARQUET, [Row(key.start + at, f"txn_{at}") for at in range(100)]) for key in keys]
    with RowBuffer(tmp_path) as buffer:
        buffer.put(keys[0], rows[0])
        held = buffer.held
    message = rows[0].serialize().size
    with RowBuffer(tmp_path, memory=Memory(held)) as buffer:
        buffer.put(keys[0], rows[0])
        assert (buffer.held, buffer._spill.bytes) == (held, 0)
    with RowBuffer(tmp_path, memory=Memory(2 * held)) as buffer:
        for key, batch in zip(keys, rows, strict=True):
            buffer.put(key, batch)
        assert (buffer.held, buffer._spill.bytes) == (held, 2 * message)


def test_what_waits_in_the_file_takes_next_to_no_memory_however_many_pages_it_is(tmp_path):
    rows, pages = page(0), 1_000
    with RowBuffer(tmp_path, memory=Memory(0)) as buffer:
        for start in range(100):
            buffer.put(KEY, rows, Interval(START + start, START + start + 100))
        tracemalloc.start()
        try:
            for start in range(pages):
                buffer.put(KEY, rows, Interval(START + start, START + start + 100))
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert buffer.held == 0
        assert taken < 100 * pages
        with buffer.take(KEY, WHOLE) as runs:
            assert (len(runs), runs.rows) == (pages + 100, 100 * (pages + 100))
            assert all(one.first <= other.first for one, other in itertools.pairwise(runs))


def test_rows_in_memory_and_in_the_file_are_taken_in_one_order(tmp_path):
    one = page(0).serialize().size
    with RowBuffer(tmp_path, memory=Memory(4 * one)) as buffer:
        for start in (300, 100, 500, 200, 400, 100):
            buffer.put(KEY, page(start))
        assert 0 < buffer._spill.bytes < 6 * one
        with buffer.take(KEY, WHOLE) as runs:
            assert [(run.first - START, run.order) for run in runs] == [
                (100, 1), (100, 5), (200, 3), (300, 0), (400, 4), (500, 2)
            ]  # fmt: skip


def test_the_partition_with_most_rows_in_memory_goes_to_the_file_first(tmp_path):
    small, large = (partition_of(START + day * 86_400, Granularity.DAY) for day in range(2))
    of_small = batch_of(PARQUET, [Row(small.start, "txn_0")])
    of_large = batch_of(PARQUET, [Row(large.start + at, f"txn_{at}") for at in range(200)])
    with RowBuffer(tmp_path, memory=Memory(of_large.serialize().size)) as buffer:
        buffer.put(small, of_small)
        buffer.put(large, of_large)
        assert buffer._spill.bytes == of_large.serialize().size


def test_the_first_second_of_a_partition_is_its_own_and_that_after_the_last_is_not(tmp_path):
    with RowBuffer(tmp_path) as buffer:
        buffer.put(KEY, batch_of(PARQUET, [Row(KEY.start, "txn_a"), Row(KEY.stop - 1, "txn_b")]))
        assert buffer.rows(KEY) == 2
        with pytest.raises(ValueError, match="put under"):
            buffer.put(KEY, batch_of(PARQUET, [Row(KEY.stop, "txn_c")]))


def test_bounds_that_are_known_are_as_good_as_those_looked_up(tmp_path):
    with RowBuffer(tmp_path) as buffer:
        buffer.put(KEY, page(0), Interval(START, START + 100))
        with buffer.take(KEY, WHOLE) as runs:
            assert [run.span for run in runs] == [Interval(START, START + 100)]


def test_a_hole_is_used_to_its_last_byte():
    extents = Extents()
    first, second = extents.claim(5), extents.claim(3)
    extents.give_back(first)
    assert [(one.offset, one.length) for one in (extents.claim(2), extents.claim(3))] == [(0, 2), (2, 3)]
    assert (extents.claim(1).offset, second.offset) == (8, 5)


def test_a_disk_that_takes_and_gives_one_byte_at_a_time_is_asked_until_all_is_there(tmp_path, monkeypatch):
    write, read = os.pwrite, os.preadv
    monkeypatch.setattr(os, "pwrite", lambda file, view, offset: write(file, view[:1], offset))
    monkeypatch.setattr(os, "preadv", lambda file, views, offset: read(file, [views[0][:1]], offset))
    spill = SpillFile(tmp_path)
    spill.write([pa.py_buffer(b"before")])
    extent = spill.write([pa.py_buffer(b"abc"), pa.py_buffer(b"defg")])
    assert spill.read(extent).to_pybytes() == b"abcdefg"
    spill.close()


def test_a_spill_file_that_was_cut_short_is_a_fault_of_the_disk(tmp_path, monkeypatch):
    spill = SpillFile(tmp_path)
    extent = spill.write([pa.py_buffer(b"abc")])
    monkeypatch.setattr(os, "preadv", lambda *_: 0)
    with pytest.raises(StorageError, match="ends at byte 0"):
        spill.read(extent)
    spill.close()


def test_a_spill_file_becomes_shorter_and_is_closed_once(tmp_path):
    open_before = set(descriptors())
    spill = SpillFile(tmp_path)
    one, two = spill.write([pa.py_buffer(b"abc")]), spill.write([pa.py_buffer(b"defg")])
    (file,) = set(descriptors()) - open_before
    assert os.fstat(file).st_size == 7
    spill.give_back(two)
    assert os.fstat(file).st_size == 3
    spill.close()
    spill.close()
    assert set(descriptors()) == open_before
    with pytest.raises(ValueError, match="closed"):
        spill.read(one)


def descriptors():
    """Descriptors of files that are open."""
    for number in range(256):
        with contextlib.suppress(OSError):
            os.fstat(number)
            yield number
