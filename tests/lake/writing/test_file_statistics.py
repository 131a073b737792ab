"""What is noted of a file is what plain Python counts in its rows, however they are cut: a few at a time, or many."""

from __future__ import annotations

from collections import Counter, defaultdict

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.lake.writing.file_statistics import Summary, _net, span_of
from tests.support.examples import examples
from tests.support.samples import PARQUET, START, Row, batch_of

ROWS = st.lists(
    st.builds(
        Row,
        created=st.integers(START, START + 5_000),
        id=st.just("txn_1"),
        net=st.integers(-(2**63), 2**63 - 1),
        currency=st.sampled_from(["usd", "eur"]),
        status=st.sampled_from(["available", "pending"]),
        balance_type=st.sampled_from([None, "payments", "issuing", "risk_reserved"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=examples(100), deadline=None)
@given(ROWS, st.integers(1, 20), st.sampled_from([1, 7, 64, 65, 1_000]))
def test_sums_bounds_and_pending_rows_are_those_of_the_rows(rows, times, size):
    rows = sorted(rows * times, key=lambda row: row.created)
    summary = Summary()
    for start in range(0, len(rows), size):
        summary.add(batch_of(PARQUET, rows[start : start + size]))
    found = summary.data_file("folder/part-0", size=5, sha256="0" * 64)
    net: Counter[str] = Counter()
    apart: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        net[row.currency] += row.net
        if row.balance_type not in {None, "payments"}:
            apart[row.balance_type][row.currency] += row.net
    waiting = [row.created for row in rows if row.status == "pending"]
    assert (found.rows, found.bytes) == (len(rows), 5)
    assert (found.net, found.apart) == (dict(net), {name: dict(sums) for name, sums in apart.items()})
    assert (found.first_created, found.last_created) == (rows[0].created, rows[-1].created)
    assert (found.pending, found.pending_created) == (len(waiting), (waiting[0], waiting[-1]) if waiting else None)
    assert found.pending_from == (waiting[0] + 172_800 if waiting else None)


def summed_up(batches, *, ids=False):
    summary = Summary(ids=ids)
    for batch in batches:
        summary.add(batch)
    return summary.data_file("folder/part-0", size=5, sha256="0" * 64)


@pytest.mark.parametrize("net", [2**55, 2**55 + 255, -(2**55), 2**62, 2**62 + 2**31])
@pytest.mark.parametrize("step", [0, 1])
def test_sums_of_many_rows_are_exact_where_64_bits_would_wrap_around(net, step):
    rows = [Row(START, f"txn_{number}", net=net - step * number) for number in range(256)]
    assert summed_up([batch_of(PARQUET, rows)]).net == {"usd": sum(row.net for row in rows)}


@given(st.lists(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=4), min_size=1, max_size=4))
def test_the_least_and_the_greatest_id_are_those_by_their_bytes_where_they_are_asked_for(groups):
    batches = [batch_of(PARQUET, [Row(START, name) for name in group]) for group in groups]
    ids = sorted((name for group in groups for name in group), key=str.encode)
    assert summed_up(batches, ids=True).ids == (ids[0], ids[-1])
    assert summed_up(batches).ids is None
    known = None
    for group in groups:
        known = span_of(pa.array(group), known)
    assert known == (ids[0], ids[-1])


@pytest.mark.parametrize("copies", [1, 100])
def test_pending_rows_that_do_not_say_when_they_are_due_are_counted_and_due_at_no_time(copies):
    def pending(second, due):
        batch = batch_of(PARQUET, [Row(START + second, "txn_1", status="pending")] * 2 * copies)
        place, kind = batch.schema.get_field_index("available_on"), batch.schema.field("available_on").type
        dates = pa.array([due and due * 1_000_000, None] * copies, pa.int64()).cast(kind)
        return batch.set_column(place, batch.schema.field(place), dates)

    nobody_knows = summed_up([pending(1, None)])
    assert (nobody_knows.pending, nobody_knows.pending_from) == (2 * copies, None)
    some = summed_up([pending(1, None), pending(2, START + 9), pending(3, START + 7), pending(4, START + 8)])
    assert (some.pending, some.pending_from) == (8 * copies, START + 7)
    assert some.pending_created == (START + 1, START + 4)


def test_many_rows_of_two_currencies_are_added_up_by_currency():
    amounts, currencies = [*range(300)], ["eur", "usd", "usd"] * 100
    whole = {name: sum(n for n, one in zip(amounts, currencies, strict=True) if one == name) for name in ("eur", "usd")}
    assert _net(pa.array(amounts, pa.int64()), pa.array(currencies)) == whole
    assert _net(pa.array(amounts, pa.int64()), pa.array(["usd"] * 300)) == {"usd": sum(amounts)}
