"""Balance transactions as received, to Arrow and back: the hot path.

`to_objects(to_batch(rows)) == rows` for whatever rows Stripe sends, unknown fields, changed types and expanded sources
included.
"""

from __future__ import annotations

from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
import pyarrow as pa

from connector.core.api.json_text import loads
from connector.tables.arrow import INSTANT, instants, to_values
from connector.tables.columnize import BALANCE_TRANSACTION, FEE_PART, Columnized, Received, columnize
from connector.tables.fields import Json, extra_text, to_bytes, to_text
from connector.tables.source_columns import row_schema, source_arrays
from connector.tables.transaction import are_documented, as_documented, to_line, to_text_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Rows: TypeAlias = "Received | Columnized"
"""Balance transactions, or the same after `columnize`, which spares looking at them again."""

LINES_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("created", INSTANT, nullable=False),
        pa.field("net", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("status", pa.string()),
        pa.field("balance_type", pa.string()),
        pa.field("available_on", INSTANT),
        pa.field("line", pa.large_binary(), nullable=False),
    ]
)
"""What JSON lines need to be sorted, counted and written; `line` is the object as received, with its newline."""

_TEXTS = (
    "id",
    "object",
    "balance_type",
    "currency",
    "description",
    "reporting_category",
    "source",
    "status",
    "type",
)


def to_batch(rows: Rows, *, source_columns: bool = False) -> pa.RecordBatch:
    """Convert rows to the columns of `arrow_schema("balance_transactions")`, in their order.

    Args:
        rows: about a page, a hundred rows; less than 2 GB of text.
        source_columns: whether the columns of expanded sources follow, as in `row_schema`.

    Raises:
        SchemaError: a row lacks what a ledger cannot do without; see `columnize`.
    """
    columnized = rows if isinstance(rows, Columnized) else columnize(rows)
    schema = row_schema(source_columns=source_columns)
    columns = columnized.columns
    sources = columnized.sources if columnized.keeps_sources else ()
    arrays = {
        **columnized.numbers,
        **_texts({name: columns[name] for name in _TEXTS}),
        "exchange_rate": pa.array(columns["exchange_rate"], pa.float64()),
        "fee_details": _fees(columnized, schema.field("fee_details").type),
        "source_object": _text_or_nulls(map(_source_text, sources), len(columnized.rows)),
        "extra": _text_or_nulls(map(extra_text, columnized.extras), len(columnized.rows)),
        **(source_arrays(columnized.sources, len(columnized.rows)) if source_columns else {}),
    }
    return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)


def to_lines(rows: Rows) -> pa.RecordBatch:
    """Convert rows to JSON lines beside the columns needed to keep account of them, as `LINES_SCHEMA`, in their order.

    Args:
        rows: about a page, a hundred rows.

    Raises:
        SchemaError: on exactly the rows on which `to_batch` raises it.
    """
    if not isinstance(rows, Columnized) and are_documented(rows):
        lines = to_text_lines(rows)
        texts = _texts(
            {
                "id": [row.id for row in rows],
                "currency": [row.currency for row in rows],
                "status": [row.status for row in rows],
                "balance_type": [row.balance_type if isinstance(row.balance_type, str) else None for row in rows],
            }
        )
        numbers = {
            "net": pa.array([row.net for row in rows], pa.int64()),
            "created": instants([row.created for row in rows]),
            "available_on": instants([row.available_on for row in rows]),
        }
    else:
        columnized = rows if isinstance(rows, Columnized) else columnize(rows)
        lines = list(map(_line, columnized.received))
        texts = _texts({name: columnized.columns[name] for name in ("id", "currency", "status", "balance_type")})
        numbers = columnized.numbers
    arrays = {**numbers, **texts, "line": pa.array(lines, pa.large_binary())}
    return pa.RecordBatch.from_arrays([arrays[name] for name in LINES_SCHEMA.names], schema=LINES_SCHEMA)


def to_objects(batch: pa.RecordBatch | pa.Table) -> list[Json]:
    """Give back the rows as they were received, equal in every field, in order.

    Args:
        batch: with the columns of `arrow_schema("balance_transactions")`; dictionary encoding is allowed, other
            columns ignored.
    """
    names = (*BALANCE_TRANSACTION.tests, "source_object", "extra")
    columns = [to_values(batch.column(name)) for name in names]
    return [_to_object(dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def _line(row: Json) -> bytes:
    """Write an object as a line: as it was received, or with the fields in their order where it is as documented."""
    if (documented := as_documented(row)) is not None:
        try:
            return to_line(documented)
        except TypeError:  # a text holds half a surrogate pair
            pass
    return to_bytes(row, orjson.OPT_APPEND_NEWLINE)


def _fees(columnized: Columnized, kind: pa.DataType) -> pa.Array:
    """Convert `fee_details` from the columns of its items: faster than Arrow takes objects apart."""
    fees, parts = columnized.columns["fee_details"], columnized.parts
    if are_documented(columnized.rows):  # none is null
        starts: list[int | None] = [0, *accumulate(map(len, fees))]
    else:
        starts = [0, *accumulate(0 if fee is None else len(fee) for fee in fees)]
        if None in fees:
            starts = [None if fee is None else start for fee, start in zip(fees, starts, strict=False)] + starts[-1:]
    members = [pa.array(parts.get(member.name, ()), member.type) for member in kind.value_type]
    items = pa.StructArray.from_arrays(members, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items, type=kind)


def _texts(columns: dict[str, Sequence[Any]]) -> dict[str, pa.Array]:
    """Convert text columns of one length in one call, since a call costs as much as thirty values."""
    texts = pa.array(list(chain.from_iterable(columns.values())), pa.string())
    rows = len(texts) // len(columns)
    return {name: texts.slice(i * rows, rows) for i, name in enumerate(columns)}


def _text_or_nulls(texts: Iterable[str | None], rows: int) -> pa.Array:
    """Convert texts, one for each row; if there are none at all, give as many nulls."""
    values = list(texts)
    return pa.array(values, pa.string()) if values else pa.nulls(rows, pa.string())


def _source_text(source: Json | None) -> str | None:
    return None if source is None else to_text(source)


def _to_object(known: Json) -> Json:
    source, extra = known.pop("source_object"), known.pop("extra")
    if source is not None:
        known["source"] = loads(source)
    rest: Json = {} if extra is None else loads(extra)
    parts = known["fee_details"]
    if parts is not None and "fee_details" in rest:
        known["fee_details"] = [
            FEE_PART.merge(part, more or {}) for part, more in zip(parts, rest.pop("fee_details"), strict=True)
        ]
    return BALANCE_TRANSACTION.merge(known, rest)
