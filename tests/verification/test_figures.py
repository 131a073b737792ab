"""Figures of files added up together are those of each added up by itself."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connector.lake.writing.file_statistics import Summary
from connector.tables.balance_transactions import to_batch
from connector.verification.figures import FileFigures, figures_of
from tests.support.rows import OFFICIAL_ROW

HUGE = st.sampled_from([2**62, -(2**62)])
ROW = st.tuples(
    st.integers(0, 3),
    st.integers(-5, 5) | HUGE,
    st.sampled_from(["usd", "eur", "jpy"]),
    st.sampled_from(["pending", "available", None]),
    st.none() | st.integers(1_700_000_000, 1_700_000_009),
)
FILES = st.lists(st.lists(ROW, min_size=1, max_size=12), min_size=1, max_size=6)


def batch_of(file: list[tuple[int, int, str, str | None, int | None]], number: int) -> pa.RecordBatch:
    created, rows = 1_600_000_000, []
    for place, (later, net, currency, status, due) in enumerate(file):
        created += later
        own = {"id": f"txn_{number}_{place:03}", "created": created, "amount": net, "fee": 0, "net": net}
        rows.append(OFFICIAL_ROW | own | {"currency": currency, "status": status, "available_on": due})
    return to_batch(rows)


@given(FILES)
def test_figures_of_files_together_are_those_of_each_by_itself(files):
    batches = [batch_of(file, number) for number, file in enumerate(files)]
    told = figures_of(pa.concat_batches(batches), [batch.num_rows for batch in batches])
    for batch, found in zip(batches, told, strict=True):
        summary = Summary()
        summary.add(batch)
        alone = summary.data_file("file", size=0, sha256="")
        assert found == FileFigures(*(getattr(alone, name) for name in FileFigures._fields))
