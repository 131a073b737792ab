"""The laws of the lake with balance transactions themselves, in every format."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Intervals
from connector.lake.formats.formats import HIVE, format_named
from connector.lake.formats.names import FORMAT_NAMES
from connector.lake.stores.local import LocalStore
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.rewrite import PartitionRewrite, stage
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.tables.balance_transactions import to_batch, to_lines, to_objects
from tests.support.examples import examples
from tests.support.samples import FOLDER, KEY, START, WHOLE, publish, splits

_names = st.text("xyz", min_size=1, max_size=3)
_rows = st.fixed_dictionaries(
    {
        "id": st.text("ab01", min_size=1, max_size=4).map("txn_{}".format),
        "object": st.just("balance_transaction"),
        "amount": st.integers(-(2**40), 2**40),
        "available_on": st.integers(START, START + 9),
        "balance_type": st.just("payments"),
        "created": st.integers(START, START + 9) | st.integers(START, START + 86_399),
        "currency": st.sampled_from(["usd", "eur"]),
        "description": st.none() | st.text(max_size=4),
        "exchange_rate": st.none() | st.just(1.1),
        "fee": st.integers(0, 99),
        "fee_details": st.lists(
            st.fixed_dictionaries(
                {
                    "amount": st.integers(0, 99),
                    "application": st.none(),
                    "currency": st.just("usd"),
                    "description": st.none() | st.text(max_size=2),
                    "type": st.just("stripe_fee"),
                }
            ),
            max_size=2,
        ),
        "net": st.integers(-(2**40), 2**40),
        "reporting_category": st.sampled_from(["charge", "fee"]),
        "source": st.none()
        | st.just("ch_1")
        | st.fixed_dictionaries({"id": st.just("ch_1"), "amount": st.integers(0, 9)}),
        "status": st.sampled_from(["available", "pending"]),
        "type": st.sampled_from(["charge", "refund"]),
    },
    optional={"a_field_we_do_not_know": st.lists(_names, max_size=2)},
)
_days = st.lists(_rows, min_size=1, max_size=12, unique_by=lambda row: row["id"])


def staged(store, form, groups, *, old=None, within=WHOLE):
    make = to_lines if form.read_objects else to_batch
    with RowBuffer(store.scratch, memory=Memory(4_000)) as buffer:
        for group in groups:
            if group:
                buffer.put(KEY, make(group))
        with buffer.take(KEY, within) as runs:
            result = stage(store, form, PartitionRewrite(FOLDER, old, within), runs)
            publish(store, result)
    return result


@pytest.mark.parametrize("name", FORMAT_NAMES)
@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), rows=_days, edge=st.integers(START + 1, KEY.stop - 1))
def test_the_bytes_are_the_same_whatever_the_pages_and_the_runs_and_the_rows_come_back(
    tmp_path_factory, name, data, rows, edge
):
    form = format_named(name)
    ordered = sorted(rows, key=lambda row: (row["created"], row["id"]))
    at_once = staged(LocalStore(tmp_path_factory.mktemp("lake")), form, [ordered]).file

    store = LocalStore(tmp_path_factory.mktemp("lake"))
    old = None
    for within in (Intervals.span(edge, KEY.stop), Intervals.span(KEY.start, edge)):
        groups = data.draw(splits([row for row in rows if row["created"] in within]))
        old = staged(store, form, groups, old=old, within=within).file
    assert with_changes(old, path=at_once.path) == at_once
    assert (old.path == at_once.path) is (form.catalog == HIVE), "files of tables have names of their own"
    assert staged(store, form, [rows], old=old).counts == MergeCounts(unchanged=len(rows))

    with store.opened(old.path) as path:
        if form.read_objects:
            received = [row for part in form.read_objects(path) for row in part]
        else:
            with form.open_reader(path) as batches:
                received = [row for batch in batches for row in to_objects(batch)]
    assert received == ordered
