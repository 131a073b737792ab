"""Payouts as received, to Arrow and back: `to_objects(to_batch(rows)) == rows`, whatever Stripe sends."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from connector import schemas
from connector.core.api.fields import object_of
from connector.core.api.json_text import loads
from connector.tables.arrow import INSTANT, SECOND, arrow_schema, to_values
from connector.tables.fields import (
    Fields,
    Json,
    extra_text,
    is_flag,
    is_instant,
    is_name,
    is_object,
    is_text,
    is_whole,
    or_null,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TABLE = "payouts"


def to_batch(rows: Sequence[Json]) -> pa.RecordBatch:
    """Convert payouts to the columns of `arrow_schema("payouts")`, in their order.

    An expanded reference leaves its id in the column and the whole object in `extra`.

    Args:
        rows: payouts as orjson reads them.

    Raises:
        SchemaError: a payout lacks its id, amount, arrival_date, automatic, created, currency or status, or has one of
            another type; or arrives before 1970.
    """
    fields, schema = _fields(), arrow_schema(_TABLE)
    stored = [_to_columns(*fields.split(row)) for row in rows]
    columns = [pa.array([row[field.name] for row in stored], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def to_objects(batch: pa.RecordBatch | pa.Table) -> list[Json]:
    """Give back the payouts as received, equal in every field, in order.

    Args:
        batch: with the columns of `arrow_schema("payouts")`; dictionary encoding is allowed, other columns ignored.
    """
    fields = _fields()
    names = (*fields.tests, "extra")
    columns = [to_values(batch.column(name)) for name in names]
    return [_to_object(fields, dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def _api_fields() -> dict[str, Json]:
    return schemas.load("api/payout")["properties"]


@cache
def _references() -> tuple[str, ...]:
    """Name the fields that hold an id, or the whole object where it was expanded."""
    return tuple(name for name, field in _api_fields().items() if {"string", "object"} <= set(field["type"]))


@cache
def _fields() -> Fields:
    """Derive the known fields from `schemas/api/payout.json`; vital are those whose column can never be null.

    So is `automatic`: a payout that does not say it would be taken for one that Stripe assigns no transactions to. And
    a file is named by the day of `arrival_date`.
    """
    tests = {name: _test(field) for name, field in _api_fields().items()}
    return Fields(
        {**tests, "id": is_name, "arrival_date": _is_day_of_a_file},
        vital=(*(field.name for field in arrow_schema(_TABLE) if not field.nullable), "automatic"),
        noun="payout",
    )


def _is_day_of_a_file(value: object) -> bool:
    return is_instant(value) and cast("int", value) >= 0


def _test(field: Json) -> Callable[[object], bool]:
    """Choose what a column can hold of a field; an expandable one has a column for the id."""
    kinds = [field["type"]] if is_text(field["type"]) else field["type"]
    if "string" in kinds:
        fits = is_text
    elif "object" in kinds:
        fits = is_object
    elif "boolean" in kinds:
        fits = is_flag
    else:
        fits = is_instant if field.get("x-unit", "").startswith("seconds") else is_whole
    return or_null(fits) if "null" in kinds else fits


def _to_columns(known: Json, extra: Json) -> Json:
    row: dict[str, Any] = {name: _to_column(value) for name, value in known.items()}
    for name in _references():
        expanded = object_of(extra.get(name)) or {}
        if is_text(expanded.get("id")):
            row[name] = expanded["id"]
    row["extra"] = extra_text(extra)
    row |= _trace_parts(known["trace_id"])
    for field in arrow_schema(_TABLE):
        if field.type == INSTANT and row[field.name] is not None:
            row[field.name] *= SECOND
    return row


def with_trace_parts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return payouts with the parts of `trace_id` in their columns, which older files do not have."""
    texts = batch.column("trace_id").to_pylist()
    parts = [_trace_parts(None if text is None else loads(text)) for text in texts]
    for name in _TRACE:
        place = batch.schema.get_field_index(name)
        column = pa.array([part[name] for part in parts], batch.schema.field(place).type)
        batch = batch.set_column(place, batch.schema.field(place), column)
    return batch


_TRACE = ("trace_id_status", "trace_id_value")


def _trace_parts(trace: object) -> Json:
    """Return the columns made of `trace_id`; null where it has no such text."""
    parts = cast("Json", trace) if isinstance(trace, dict) else {}
    texts = {name: parts.get(name.removeprefix("trace_id_")) for name in _TRACE}
    return {name: text if is_text(text) else None for name, text in texts.items()}


def _to_column(value: object) -> object:
    return to_text(value) if is_object(value) else value


def _to_object(fields: Fields, known: Json) -> Json:
    extra = known.pop("extra")
    for name in ("metadata", "trace_id"):
        if known[name] is not None:
            known[name] = loads(known[name])
    return fields.merge(known, {} if extra is None else loads(extra))
