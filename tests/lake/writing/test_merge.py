from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.time.intervals import Intervals
from connector.errors import ProtocolError
from connector.lake.writing.merge import Reread, merged
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.runs import Run
from tests.support.samples import PARQUET, START, WHOLE, Row, batch_of, days, span, splits


def run(rows: list[Row], order: int) -> Run:
    batch = batch_of(PARQUET, rows)
    seconds = [row.created for row in rows]
    return Run(min(seconds), max(seconds), len(rows), order, batch.schema, batch.serialize())


def runs_of(groups: list[list[Row]]) -> list[Run]:
    runs = [run(group, order) for order, group in enumerate(groups) if group]
    return sorted(runs, key=lambda one: (one.first, one.order))


def old_batches(rows: list[Row], size: int = 4):
    rows = sorted(rows)
    return iter([batch_of(PARQUET, rows[start : start + size]) for start in range(0, len(rows), size)])


def merge(groups, old=(), reread=Reread(WHOLE), chunk_rows=3):  # noqa: B008 - a frozen value
    parts = list(merged(runs_of(groups), old_batches(old), reread, chunk_rows=chunk_rows))
    rows = [row for batch, _ in parts for row in batch.to_pylist()]
    return rows, sum((counts for _, counts in parts), MergeCounts())


def as_rows(rows: list[Row]) -> list[dict]:
    return batch_of(PARQUET, rows).to_pylist() if rows else []


@settings(deadline=None)
@given(data=st.data(), rows=days, chunk_rows=st.integers(1, 40))
def test_runs_come_out_sorted_each_row_once_however_they_were_split(data, rows, chunk_rows):
    merged_rows, counts = merge(data.draw(splits(rows)), chunk_rows=chunk_rows)
    assert merged_rows == as_rows(sorted(rows))
    assert counts == MergeCounts(new=len(rows))


@settings(deadline=None)
@given(data=st.data(), rows=days, chunk_rows=st.integers(1, 40))
def test_new_rows_are_laid_over_the_old_file_and_everything_is_counted(data, rows, chunk_rows):
    within = span(*sorted(data.draw(st.tuples(st.integers(0, 9), st.integers(10, 86_400)))))
    old, new = [], []
    expected = {"new": 0, "replaced": 0, "unchanged": 0, "disappeared": 0}
    late = []
    for row in rows:
        fate = data.draw(st.sampled_from(["new", "replaced", "unchanged", "disappeared"]))
        if row.created not in within:
            old.append(row)
            continue
        expected[fate] += 1
        if fate == "new" and row.created < START + 5:
            late.append(row.created)
        if fate != "new":
            old.append(row)
        if fate != "disappeared":
            new.append(replace(row, status="settled") if fate == "replaced" else row)
    merged_rows, counts = merge(data.draw(splits(new)), old, Reread(within, span(0, 5)), chunk_rows)
    assert merged_rows == as_rows(sorted({row.id: row for row in old + new}.values()))
    assert counts == MergeCounts(
        **expected, late=len(late), late_first=min(late, default=None), late_last=max(late, default=None)
    )


def test_of_two_rows_with_one_id_the_one_put_later_counts():
    early, late = Row(START + 5, "txn_a", status="pending"), Row(START + 5, "txn_a", status="available")
    other = Row(START + 1, "txn_b")
    assert merge([[early, other], [late]])[0] == as_rows([other, late])
    assert merge([[late], [early, other]])[0] == as_rows([other, early])


def test_a_row_that_another_run_saw_become_available_stays_so_and_is_not_new():
    seen, before = Row(START + 5, "txn_a", status="available"), Row(START + 5, "txn_a", status="pending")
    assert merge([[before]], [seen]) == (as_rows([seen]), MergeCounts(unchanged=1))


@pytest.mark.parametrize("unknown", ["entangled", None])
def test_a_status_that_nobody_knows_is_replaced_by_what_is_read_later(unknown):
    old, new = Row(START + 5, "txn_a", status=unknown), Row(START + 5, "txn_a", status="pending")
    assert merge([[new]], [old]) == (as_rows([new]), MergeCounts(replaced=1))


def test_equal_rows_twice_are_one_row():
    row = Row(START, "txn_a")
    assert merge([[row], [row], [row]]) == (as_rows([row]), MergeCounts(new=1))


@pytest.mark.parametrize("old", [[], [Row(START + 2, "txn_c")]])
def test_an_id_with_two_times_is_refused_and_named(old):
    with pytest.raises(ProtocolError, match=rf"txn_a.*{START}, {START + 1}"):
        merge([[Row(START, "txn_a")], [Row(START + 1, "txn_a")]], old, chunk_rows=9)


@pytest.mark.parametrize(
    "change",
    [{"status": None}, {"rate": 0.5}, {"parts": ((1, "y"),)}, {"parts": None}, {"net": 101}, {"currency": "eur"}],
)
def test_a_change_in_any_column_is_a_replacement(change):
    old = [Row(START + second, f"txn_{second}", parts=((1, "x"),)) for second in range(5)]
    new = [*old[:2], replace(old[2], **change), *old[3:]]
    rows, counts = merge([new], old)
    assert rows == as_rows(new)
    assert counts == MergeCounts(unchanged=4, replaced=1)


def test_old_rows_outside_what_was_read_again_are_kept_and_not_counted():
    old = [Row(START, "txn_a"), Row(START + 50, "txn_b")]
    assert merge([], old, Reread(span(10, 40))) == (as_rows(old), MergeCounts())
    assert merge([], old, Reread(span(10, 60))) == (as_rows(old), MergeCounts(disappeared=1))


def test_late_rows_are_those_where_an_earlier_run_had_read():
    rows = [Row(START + second, f"txn_{second}") for second in (1, 5, 9)]
    read_before = Intervals.of([*span(0, 2), *span(4, 8)])
    assert merge([rows], [], Reread(WHOLE, read_before))[1] == MergeCounts(
        3, late=2, late_first=START + 1, late_last=START + 5
    )


def test_memory_holds_a_few_runs_however_long_the_day():
    pages, open_now, most = 400, 0, 0

    class Counted(Run):
        def open(self):
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            return super().open()

    def page(index: int) -> Run:
        rows = [Row(START + index * 100 + second, f"txn_{index}_{second}") for second in reversed(range(100))]
        plain = run(rows, pages - index)
        return Counted(plain.first, plain.last, plain.rows, plain.order, plain.schema, plain.payload)

    old = (page(index).open() for index in range(pages))
    total = 0
    open_now = most = 0
    for batch, _ in merged((page(index) for index in range(pages)), old, Reread(WHOLE), chunk_rows=1_000):
        total += batch.num_rows
        open_now = 0
        assert batch.num_rows <= 1_200
    assert total == 40_000
    assert most <= 12


def test_one_second_of_many_rows_is_sorted_by_id():
    rows = [Row(START, f"txn_{index:03}") for index in range(300)]
    assert merge([rows[200:], rows[:100][::-1], rows[100:200]])[0] == as_rows(rows)


def test_tallies_of_parts_add_up():
    assert MergeCounts(late=1, late_first=5, late_last=5) + MergeCounts(
        late=2, late_first=3, late_last=4
    ) == MergeCounts(late=3, late_first=3, late_last=5)
    assert MergeCounts(new=1) + MergeCounts() == MergeCounts(new=1)


def test_batches_have_the_rows_schema():
    (batch, _), *_ = merged(runs_of([[Row(START, "txn_a")]]), iter(()), Reread())
    assert isinstance(batch, pa.RecordBatch)
    assert batch.schema.equals(PARQUET.schema)


def test_rows_of_the_old_file_come_before_those_of_however_many_parked_files():
    old = Row(START + 5, "txn_a", net=-1)
    parked = [iter([batch_of(PARQUET, [replace(old, net=number)])]) for number in range(70)]
    ((batch, counts),) = merged([], old_batches([old]), Reread(WHOLE), parked=parked)
    assert batch.column("net").to_pylist() == [69]
    assert counts == MergeCounts(replaced=1)


def test_large_rows_are_let_go_before_they_are_many():
    text = "x" * (3 << 20)
    pages = [[Row(START + second, f"txn_{second}", parts=((1, text),))] for second in range(9)]
    parts = [batch.num_rows for batch, _ in merged(runs_of(pages), iter(()), Reread(WHOLE))]
    assert sum(parts) == 9
    assert max(parts) <= 4
    assert [batch.num_rows for batch, _ in merged(runs_of(pages[:2]), iter(()), Reread(WHOLE))] == [2]


@pytest.mark.parametrize(("rows", "text", "chunk"), [(1_000, "", 10), (40, "x" * (1 << 18), 10_000)])
def test_rows_that_have_to_be_held_are_not_looked_at_again_before_there_are_twice_as_many(rows, text, chunk):
    long = [Row(START + 60 * at, f"txn_{at}", parts=((1, text),)) for at in range(rows)]
    pages = [[Row(START + 60 * at + 1, f"txn_{at}_")] for at in range(rows)]
    parts = [batch.num_rows for batch, _ in merged(runs_of([long, *pages]), iter(()), Reread(WHOLE), chunk_rows=chunk)]
    assert sum(parts) == 2 * rows
    assert len(parts) <= 4


def test_final_rows_leave_as_soon_as_there_are_as_many_as_were_to_be_gathered():
    pages = [[Row(START + second, f"txn_{second}")] for second in range(9)]
    assert [batch.num_rows for batch, _ in merged(runs_of(pages), iter(()), Reread(WHOLE), chunk_rows=3)] == [3, 3, 3]
