"""What is noted of a file is what plain Python counts in its rows, however they are cut: a few at a time, or many."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.lake.writing.file_statistics import Summary
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
def test_sums_bounds_and_pending_rows_are_those_of_the_rows(tmp_path_factory, rows, times, size):
    rows = sorted(rows * times, key=lambda row: row.created)
    summary, written = Summary(), tmp_path_factory.mktemp("file") / "part-0"
    written.write_bytes(b"12345")
    for start in range(0, len(rows), size):
        summary.add(batch_of(PARQUET, rows[start : start + size]))
    found = summary.data_file("folder/part-0", written=written, sha256="0" * 64)
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
