"""Amounts as decimals in whole units of their currency, exact, beside the minor units that are kept."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from connector import schemas
from connector.core.ledger.money import MOST_DECIMALS, decimals

AMOUNT = pa.decimal128(19 + MOST_DECIMALS, MOST_DECIMALS)
"""Holds every 64-bit number of minor units, of whatever currency."""

_UNIT = "minor units of `"
_FEES = "fee_details"


@cache
def money_columns(table: str) -> dict[str, str]:
    """Name the columns of a table that hold amounts, each with the column of its currency."""
    names = [f"tables/{table}", *(["tables/source_columns"] if table == "balance_transactions" else [])]
    columns: dict[str, str] = {}
    for name in names:
        for column, field in schemas.load(name)["properties"].items():
            unit = str(field.get("x-unit", ""))
            if unit.startswith(_UNIT):
                columns[column] = unit.removeprefix(_UNIT).rstrip("`")
    return columns


def decimal_schema(schema: pa.Schema, table: str) -> pa.Schema:
    """Return a table's schema, or a part of it, with decimals for amounts, those of the parts of fees among them."""
    money = money_columns(table)
    return pa.schema([pa.field(field.name, _type(field, money), field.nullable) for field in schema])


def needed(columns: tuple[str, ...], table: str) -> tuple[str, ...]:
    """Return the columns to be read for those asked for: with the currencies of amounts."""
    money = money_columns(table)
    more = [money[name] for name in columns if name in money and money[name] not in columns]
    return (*columns, *dict.fromkeys(more))


def with_decimals(batch: pa.RecordBatch, table: str, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows with decimals for amounts.

    Args:
        batch: with the columns of `needed`.
        table: its name.
        schema: what to return, as `decimal_schema` gives it.
    """
    money = money_columns(table)
    columns: list[pa.Array] = []
    for field in schema:
        column = batch.column(field.name)
        if field.name in money:
            column = _decimal(column, batch.column(money[field.name]))
        elif field.name == _FEES:
            column = _fees(column, field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _type(field: pa.Field, money: dict[str, str]) -> pa.DataType:
    if field.name in money:
        return AMOUNT
    if field.name != _FEES:
        return field.type
    return pa.list_(
        pa.struct(
            [pa.field(member.name, AMOUNT) if member.name == "amount" else member for member in field.type.value_type]
        )
    )


def _decimal(amounts: pa.Array, currencies: pa.Array) -> pa.Array:
    """Multiply by what a minor unit is worth; an amount without a currency is null."""
    coded = currencies.cast(pa.string()).dictionary_encode()
    worth = [Decimal(1).scaleb(-decimals(code)) for code in coded.dictionary.to_pylist()]
    units = pa.array(worth, pa.decimal128(MOST_DECIMALS + 1, MOST_DECIMALS)).take(coded.indices)
    return pc.multiply(amounts.cast(pa.decimal128(19, 0)), units).cast(AMOUNT)


def _fees(parts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Rebuild the lists of parts with decimals in them; a list that is null stays null."""
    items = parts.flatten()
    members = {field.name: items.field(field.name) for field in kind.value_type}
    members["amount"] = _decimal(members["amount"], members["currency"])
    structs = pa.StructArray.from_arrays(list(members.values()), fields=list(kind.value_type))
    lengths = pc.fill_null(pc.list_value_length(parts), 0)
    stops = pc.cumulative_sum(lengths.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), stops])
    return pa.ListArray.from_arrays(offsets, structs, type=kind, mask=parts.is_null())
