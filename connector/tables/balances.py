"""The balance as received, to rows: one for each kind of balance, currency and source type."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from connector import schemas
from connector.core.api.fields import object_of
from connector.core.api.json_text import loads
from connector.errors import SchemaError
from connector.tables.arrow import SECOND, arrow_schema, to_values
from connector.tables.fields import Json, excerpt, is_flag, is_instant, is_object, is_text, is_whole, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TABLE = "balances"


def to_batch(balance: Json, snapshot_at: int) -> pa.RecordBatch:
    """Convert one balance to the columns of `arrow_schema("balances")`.

    Every list of amounts at the top or one level below becomes rows, so kinds that Stripe adds later do too. What is
    not money has no row; `snapshot` keeps all there was. A balance with no amounts at all gives no rows.

    Args:
        balance: the object as orjson reads it.
        snapshot_at: when it was asked for, in whole UTC seconds (docs.stripe.com/api/balance: the object has no time).

    Raises:
        SchemaError: an entry of a documented kind lacks its amount or currency, or has one of another type, or
            `snapshot_at` is beyond the year 9999.
    """
    if not is_instant(snapshot_at):
        raise SchemaError(f"a balance cannot be stored as of {excerpt(snapshot_at)}: not a moment in UTC seconds")
    livemode = balance.get("livemode")
    common = {
        "snapshot_at": snapshot_at * SECOND,
        "livemode": livemode if is_flag(livemode) else None,
        "snapshot": to_text(balance),
    }
    rows = [{**common, **row} for kind, entries in _kinds(balance) for row in _rows_of(kind, entries)]
    schema = arrow_schema(_TABLE)
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def to_snapshots(batch: pa.RecordBatch | pa.Table) -> list[Json]:
    """Give the snapshots in a batch, in the order of their rows, each once.

    Args:
        batch: with the columns of `arrow_schema("balances")`; dictionary encoding is allowed, other columns ignored.

    Returns:
        Objects of `snapshot_at`, UTC seconds, and `snapshot`, the balance as received.
    """
    columns = [to_values(batch.column(name)) for name in ("snapshot_at", "snapshot")]
    return [
        {"snapshot_at": moment, "snapshot": loads(text)} for moment, text in dict.fromkeys(zip(*columns, strict=True))
    ]


def from_snapshots(snapshots: Sequence[Json]) -> pa.RecordBatch:
    """Convert the objects of `to_snapshots` to the columns of `arrow_schema("balances")`, in their order.

    Raises:
        SchemaError: as `to_batch`.
    """
    batches = [to_batch(snapshot["snapshot"], snapshot["snapshot_at"]) for snapshot in snapshots]
    return pa.concat_batches([pa.RecordBatch.from_pylist([], schema=arrow_schema(_TABLE)), *batches])


def _kinds(balance: Json) -> Iterator[tuple[str, list[Any]]]:
    """Go through the lists of amounts with the names of their kinds, such as `issuing.available`."""
    for name, value in balance.items():
        if type(value) is list:
            yield name, value
        elif is_object(value):
            yield from ((f"{name}.{inner}", entries) for inner, entries in value.items() if type(entries) is list)


def _rows_of(kind: str, entries: list[Any]) -> list[Json]:
    """Give the rows of one list; none if Stripe has added it and it is not of money."""
    try:
        return list(_rows(kind, entries))
    except SchemaError:
        if kind in _documented():
            raise
        return []


@cache
def _documented() -> frozenset[str]:
    """Name the kinds in `schemas/api/balance.json`, all of which are of money."""
    properties: dict[str, Json] = schemas.load("api/balance")["properties"]
    below = {name: field.get("properties", {}) for name, field in properties.items()}
    return frozenset(
        [name for name, field in properties.items() if field["type"] == "array"]
        + [f"{name}.{inner}" for name, fields in below.items() for inner in fields]
    )


def _rows(kind: str, entries: list[Any]) -> Iterator[Json]:
    """Go through the rows of one list: of each entry the total, its shares, and what destinations would get."""
    for entry in entries:
        if not is_object(entry) or not is_text(entry.get("currency")):
            raise SchemaError(f"the balance has an entry of {kind} without a currency: {excerpt(entry)}")
        yield from _shares(kind, entry["currency"], None, entry)
        nets: Any = entry.get("net_available")
        for net in cast("list[Any]", nets) if type(nets) is list else ():
            destination = (object_of(net) or {}).get("destination")
            yield from _shares(f"{kind}.net_available", entry["currency"], destination, net)


def _shares(kind: str, currency: str, destination: object, entry: object) -> Iterator[Json]:
    """Give the row of a total and those of its shares, as far as they are whole numbers."""
    fields = cast("Json", entry if is_object(entry) else {})
    if not is_whole(fields.get("amount")):
        raise SchemaError(f"the balance has an entry of {kind} without a whole amount: {excerpt(entry)}")
    shares = cast("Json", fields.get("source_types"))
    whole_shares = [(name, share) for name, share in shares.items() if is_whole(share)] if is_object(shares) else []
    for source_type, amount in [(None, fields["amount"]), *whole_shares]:
        yield {
            "kind": kind,
            "currency": currency,
            "source_type": source_type,
            "destination": destination if is_text(destination) else None,
            "amount": amount,
        }
