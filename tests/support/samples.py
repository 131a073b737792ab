"""A small table of the tests' own, in every format: the lake asks for seven columns and must not mind the others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
from hypothesis import strategies as st

from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.time.intervals import Interval, Intervals
from connector.lake.formats.formats import Format, arrow_format, jsonl_format, parquet_format
from connector.lake.formats.row_columns import MICROSECONDS
from connector.lake.writing.rewrite import PartitionRewrite, StagedFile, stage
from connector.lake.writing.row_buffer import Memory, RowBuffer

if TYPE_CHECKING:
    from connector.lake.stores.base import Store

MOMENT = pa.timestamp("us", tz="UTC")
SMALL = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("created", MOMENT, nullable=False),
        pa.field("net", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("status", pa.string()),
        pa.field("balance_type", pa.string()),
        pa.field("available_on", MOMENT),
        pa.field("rate", pa.float64()),
        pa.field("parts", pa.list_(pa.struct([("amount", pa.int64()), ("note", pa.string())]))),
    ]
)
LINES = pa.schema([*list(SMALL)[:7], pa.field("line", pa.large_binary(), nullable=False)])
START = 1_700_006_400
KEY = partition_of(START, Granularity.DAY)
WHOLE = Intervals((KEY.bounds,))
FOLDER = partition_folder("balance_transactions", "acct_1", KEY)


@dataclass(frozen=True, order=True)
class Row:
    created: int
    id: str
    net: int = 100
    currency: str = "usd"
    status: str = "available"
    balance_type: str | None = "payments"
    rate: float | None = None
    parts: tuple[tuple[int, str | None], ...] | None = None

    def fields(self) -> dict[str, Any]:
        parts = None if self.parts is None else [{"amount": amount, "note": note} for amount, note in self.parts]
        return {**vars(self), "available_on": self.created + 172_800, "parts": parts}


ROWS = [
    Row(START + second, f"txn_{second}", net=second, status="pending" if second == 3 else "available")
    for second in range(9)
]
"""Nine rows of one day, a second apart, one of them pending."""


def to_small(objects: list[dict[str, Any]]) -> pa.RecordBatch:
    ticks = ("created", "available_on")
    rows = [{**row, **{name: row[name] * MICROSECONDS for name in ticks}} for row in objects]
    return pa.RecordBatch.from_pylist(rows, schema=SMALL)


def to_lines(objects: list[dict[str, Any]]) -> pa.RecordBatch:
    small = to_small(objects)
    lines = [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in objects]
    return pa.RecordBatch.from_arrays([*small.columns[:7], pa.array(lines, pa.large_binary())], schema=LINES)


PARQUET = parquet_format(SMALL, ("currency", "status"), order=("created", "id"), table=None)
ARROW = arrow_format(SMALL)
JSONL = jsonl_format("zstd", LINES, to_lines)
FORMS = [PARQUET, ARROW, JSONL, jsonl_format("gzip", LINES, to_lines), jsonl_format(None, LINES, to_lines)]


def batch_of(form: Format, rows: list[Row]) -> pa.RecordBatch:
    make = to_lines if form.schema is LINES else to_small
    return make([row.fields() for row in rows])


def ids_in(store: Store, form: Format, path: str) -> list[str]:
    """Ids of a published file, in order."""
    with store.opened(path) as local, form.open_reader(local) as batches:
        return [name for batch in batches for name in batch.column("id").to_pylist()]


@contextmanager
def buffered(store: Store, form: Format, groups: list[list[Row]], *, budget: int = 1 << 20, within: Intervals = WHOLE):
    """A buffer that each group was put on, and its runs."""
    with RowBuffer(store.scratch, memory=Memory(budget)) as buffer:
        for group in groups:
            if group:
                buffer.put(KEY, batch_of(form, group))
        with buffer.take(KEY, within) as runs:
            yield runs


def publish(store: Store, staged: StagedFile) -> None:
    """Make a staged file visible; nothing where what is visible is already right."""
    if staged.path is not None and staged.file is not None:
        store.publish(staged.path, staged.file.path, condition=staged.condition)


def write(store: Store, form: Format, groups: list[list[Row]], **given: Any):
    """Stage and publish groups of rows put one after the other."""
    budget = given.pop("budget", 1 << 20)
    with buffered(store, form, groups, budget=budget) as runs:
        staged = stage(store, form, PartitionRewrite(FOLDER, **{"within": WHOLE, **given}), runs)
        publish(store, staged)
    return staged


_seconds = st.integers(START, START + 8) | st.integers(START, START + 86_399)
_rows = st.builds(
    Row,
    created=_seconds,
    id=st.text("ab01", min_size=1, max_size=3).map("txn_{}".format),
    net=st.integers(-(2**63), 2**63 - 1),
    currency=st.sampled_from(["usd", "eur", "jpy"]),
    status=st.sampled_from(["available", "pending"]),
    rate=st.none() | st.floats(0.5, 2),
    parts=st.none() | st.lists(st.tuples(st.integers(-9, 9), st.none() | st.text(max_size=3)), max_size=2).map(tuple),
)
days = st.lists(_rows, max_size=30, unique_by=lambda row: row.id)
"""Rows of one day, each id once, in any order, many in the same second."""


@st.composite
def splits(draw, rows: list[Row]) -> list[list[Row]]:
    """Divide rows into groups in any order."""
    rows = draw(st.permutations(rows))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    return [rows[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


def span(start: int, stop: int) -> Intervals:
    """Seconds after the start of the day."""
    return Intervals((Interval(START + start, START + stop),))
