"""Rows that wait as they were decoded, and are encoded many pages at a time, become what each would have alone."""

from __future__ import annotations

from itertools import permutations
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.api.page import decode_page
from connector.core.planning.windows.frontier import Frontier
from connector.core.state.partition import Granularity
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY
from connector.ingest.batcher import LARGE_ROW, Batcher
from connector.lake.formats.formats import format_named
from connector.lake.layout import Lake
from connector.lake.stores.local import LocalStore
from connector.lake.writing.merge import Reread, merged
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.tables.transaction import decode_transactions
from tests.support.examples import examples
from tests.support.rows import OFFICIAL_ROW, expanded_rows, odd_rows, ordinary_rows

START = 1_767_225_600
ALL = Intervals.span(0, 2**40)


def body_of(rows):
    return orjson.dumps({"object": "list", "data": rows, "has_more": False, "url": "/v1/balance_transactions"})


def batcher_of(root, form, buffer=None):
    store = LocalStore(root)
    lake = Lake(store, format_named(form), Granularity.DAY)
    return Batcher(lake, buffer or RowBuffer(store.scratch), Frontier(ALL))


def rows_of(batcher):
    """All rows by partition, as they would be written."""
    found = {}
    for key in batcher.partitions():
        with batcher.taken(key, ALL) as runs:
            found[key] = [row for batch, _ in merged(runs, iter(()), Reread()) for row in batch.to_pylist()]
    return found


def dated(row, second, name):
    return {**row, "created": second, "id": f"txn_{name}"}


a_page = st.lists(st.tuples(ordinary_rows | expanded_rows | odd_rows, st.integers(0, 2 * DAY)), min_size=1, max_size=4)


@settings(max_examples=examples(50))
@given(st.lists(a_page, min_size=1, max_size=4), st.sampled_from(["parquet", "jsonl"]), st.sampled_from([0, 3, 10_000]))
def test_whatever_rows_come_in_whatever_order_they_are_those_of_the_careful_way(tmp_path_factory, some, form, waiting):
    """Unknown fields, other types, integers beyond 64 bits, floats, nulls, objects for texts, escapes."""
    bodies, count = [], 0
    for page in some:
        rows = []
        for row, offset in sorted(page, key=lambda one: -one[1]):
            rows.append(dated(row, START + offset, count))
            count += 1
        bodies.append(body_of(rows))
    root = tmp_path_factory.mktemp("lake")
    buffer = RowBuffer(root, memory=Memory(waiting * LARGE_ROW))
    quick, careful = batcher_of(root, form, buffer), batcher_of(root, form)
    for body in bodies:
        quick.take(decode_transactions(body).rows)
        careful.take(decode_page(body).rows)
    assert rows_of(quick) == rows_of(careful)
    assert (quick.rows, quick.newest, quick.drift) == (careful.rows, careful.newest, careful.drift)
    assert quick.buffer.memory.decoded == 0


def known(second, name, **fields):
    return {**OFFICIAL_ROW, "created": START + second, "id": f"txn_{name}", **fields}


def test_of_two_rows_with_one_id_the_later_counts_however_either_was_read(tmp_path):
    pending, available = known(5, "a", status="pending"), known(5, "a", status="available")
    odd = {**available, "livemode": True}
    for first, second in ((pending, available), (pending, odd), (odd, pending)):
        batcher = batcher_of(tmp_path, "jsonl")
        for row in (first, second):
            batcher.take(decode_transactions(body_of([row])).rows)
        ((only,),) = rows_of(batcher).values()
        assert only["status"] == second["status"]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_rows_that_were_decoded_in_different_ways_and_come_together_are_those_of_the_careful_way(tmp_path, form, order):
    """A second that is read by itself is made of several pages: one with values that are known, others without."""
    pages = [known(5, "a"), known(5, "b", type="never_heard_of"), known(5, "c", livemode=True)]
    bodies = [body_of([pages[number]]) for number in order] + [body_of([known(4, "d")])]
    quick, careful = batcher_of(tmp_path, form), batcher_of(tmp_path, form)
    quick.take([row for body in bodies for row in decode_transactions(body).rows])
    careful.take([row for body in bodies for row in decode_page(body).rows])
    assert rows_of(quick) == rows_of(careful)
    assert (quick.rows, quick.newest, quick.drift) == (careful.rows, careful.newest, careful.drift)
    assert len(quick.drift.findings) == 2


def test_what_waits_is_counted_with_its_partition_before_it_is_encoded(tmp_path):
    batcher = batcher_of(tmp_path, "parquet")
    batcher.take(decode_transactions(body_of([known(DAY + 1, "b"), known(2, "a"), known(1, "c")])).rows)
    first, second = batcher.partitions()
    assert (first.start, second.start) == (START, START + DAY)
    assert (batcher.rows_of(first), batcher.rows_of(second)) == (2, 1)
    assert batcher.buffer.partitions() == []
    with batcher.taken(first, Intervals((Interval(START, START + 2),))) as runs:
        assert runs.rows == 1
    assert batcher.rows_of(first) == 1
    batcher.close()
    assert batcher.buffer.memory.decoded == 0


def test_however_many_accounts_share_the_memory_what_waits_stays_bounded(tmp_path):
    memory = Memory(10 * LARGE_ROW)
    several = [batcher_of(tmp_path, "parquet", RowBuffer(tmp_path, memory=memory)) for _ in range(4)]
    for number in range(8):
        for batcher in several:
            page = [known(DAY * number + 9 - place, f"{number}{place}") for place in range(3)]
            batcher.take(decode_transactions(body_of(page)).rows)
            assert memory.decoded <= 10
    assert sum(len(rows) for batcher in several for rows in rows_of(batcher).values()) == 4 * 8 * 3


def test_rows_that_could_not_be_encoded_wait_on_so_that_their_seconds_do_not_count_as_read(tmp_path):
    batcher = batcher_of(tmp_path, "parquet")
    batcher.take(decode_transactions(body_of([known(2, "b"), known(1, "a")])).rows)
    (day,) = batcher.partitions()

    def no_memory(*_):
        raise MemoryError

    lake, batcher.lake = batcher.lake, SimpleNamespace(encode=no_memory)  # type: ignore[assignment]
    with pytest.raises(MemoryError):
        batcher.encode([day])
    batcher.lake = lake
    assert batcher.partitions() == [day]
    assert batcher.buffer.memory.decoded == batcher.rows_of(day) == 2
    assert [row["id"] for row in rows_of(batcher)[day]] == ["txn_a", "txn_b"]
    assert batcher.buffer.memory.decoded == 0


def test_rows_of_long_texts_do_not_wait_decoded_where_only_their_number_is_bounded(tmp_path):
    batcher = batcher_of(tmp_path, "parquet")
    pages = [[known(3, "b"), known(2, "a")], [known(2, "a", description="x" * 9_000, status="pending")]]
    for page in pages:
        body = body_of(page)
        batcher.take(decode_transactions(body).rows, len(body))
    assert batcher.buffer.memory.decoded == 0
    ((first, second),) = rows_of(batcher).values()
    assert (first["id"], first["status"], second["id"]) == ("txn_a", "pending", "txn_b")


@pytest.mark.parametrize(("budget", "most"), [(5 * LARGE_ROW, 5), (1, 0), (2**30, 60)])
def test_where_rows_may_take_little_memory_few_wait_decoded(tmp_path, budget, most):
    with RowBuffer(tmp_path, memory=Memory(budget)) as buffer:
        batcher = batcher_of(tmp_path, "parquet", buffer)
        seen = []
        for number in range(20):
            page = [known(9 * number + 9 - place, f"{number:02}{place}") for place in range(3)]
            batcher.take(decode_transactions(body_of(page)).rows)
            seen.append(buffer.memory.decoded)
        assert max(seen) <= most
        assert seen[-1] == 60 or most < 60
        assert sum(map(len, rows_of(batcher).values())) == 60
