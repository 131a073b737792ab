"""Which balance transactions an automatic payout paid out.

A balance transaction does not carry its payout's id, so the relation is a table of its own, filled by one listing for
each payout (docs.stripe.com/payouts/reconciliation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector.errors import SchemaError
from connector.tables.arrow import INSTANT, SECOND, arrow_schema, to_values
from connector.tables.columnize import columnize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.tables.fields import Json

_TABLE = "payout_transactions"


def to_batch(payout_id: str, rows: Sequence[Json]) -> pa.RecordBatch:
    """Convert the listing of one payout to the columns of `arrow_schema("payout_transactions")`, in its order.

    Args:
        payout_id: the payout, `po_…`.
        rows: the balance transactions listed for it, its own included, as orjson reads them. What has no column here
            is in `balance_transactions`.

    Raises:
        SchemaError: a row lacks what a ledger cannot do without; see `columnize`.
    """
    columnized = columnize(rows)
    ready = {
        **columnized.numbers,
        "payout_id": pa.array([payout_id] * len(rows), pa.string()),
        "balance_transaction_id": pa.array(columnized.columns["id"], pa.string()),
    }
    schema = arrow_schema(_TABLE)
    columns = [
        ready[field.name] if field.name in ready else pa.array(columnized.columns[field.name], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def from_objects(objects: Sequence[Json]) -> pa.RecordBatch:
    """Make the pairs of `to_objects` columns again.

    Raises:
        SchemaError: one is not such a pair.
    """
    schema = arrow_schema(_TABLE)
    try:
        columns = [
            pa.array([_scaled(received[field.name], field.type) for received in objects], field.type, from_pandas=False)
            for field in schema
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)
    except (KeyError, TypeError, pa.ArrowException) as error:
        raise SchemaError(f"an object is not a row of {_TABLE} ({error!r})") from error


def to_objects(batch: pa.RecordBatch | pa.Table) -> list[Json]:
    """Give the pairs as objects, moments as UTC seconds, in order.

    Args:
        batch: with the columns of `arrow_schema("payout_transactions")`; dictionary encoding is allowed, other columns
            ignored.
    """
    names = arrow_schema(_TABLE).names
    columns = [to_values(batch.column(name)) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _scaled(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - whatever JSON knows
    return value * SECOND if kind == INSTANT and value is not None else value
