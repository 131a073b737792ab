"""Batches are of exactly the schema that is asked for: no more columns, in that order, nullable or not as it says."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from connector.errors import SchemaError, UsageError
from connector.spark.batches import checked_schema, source_schema, to_shape
from connector.tables.arrow import INSTANT, arrow_schema
from connector.tables.balance_transactions import to_batch
from tests.support.lakes import START, world

ROWS = list(world(200).rows(None))


def test_the_sources_columns_are_those_of_the_table_and_whose_row_it_is():
    assert source_schema().names == ["account", *arrow_schema("balance_transactions").names]
    assert not source_schema().field("id").nullable


def test_every_column_is_what_a_lake_has():
    made = to_shape(ROWS, "acct_1", source_schema())
    assert made.schema == source_schema()
    assert set(made.column("account").to_pylist()) == {"acct_1"}
    whole = to_batch(ROWS)
    for name in whole.schema.names:
        assert made.column(name).equals(whole.column(name)), name


def test_order_nullability_and_other_types_are_obeyed_to_the_letter():
    items = pa.list_(pa.field("element", arrow_schema("balance_transactions").field("fee_details").type.value_type))
    asked = pa.schema(
        [
            pa.field("net", pa.decimal128(20, 0), nullable=True),
            pa.field("id", pa.string(), nullable=True),
            pa.field("created", pa.date32()),
            pa.field("fee_details", items),
            pa.field("account", pa.string(), nullable=False),
            pa.field("currency", pa.string(), nullable=False),
        ]
    )
    made = to_shape(ROWS, "acct_1", checked_schema(asked))
    assert made.schema.equals(asked)
    assert made.column("id").to_pylist() == [row["id"] for row in ROWS]
    assert [int(one) for one in made.column("net").to_pylist()] == [row["net"] for row in ROWS]


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.float64(), pa.decimal128(20, 0)], ids=str)
def test_a_moment_that_is_asked_for_as_a_number_is_its_seconds_as_in_stripes_api(kind):
    asked = checked_schema(pa.schema([pa.field("created", kind)]))
    made = to_shape(ROWS, "acct_1", asked)
    assert made.schema == asked
    assert [int(one) for one in made.column("created").to_pylist()] == [row["created"] for row in ROWS]


def test_a_decimal_has_room_enough_where_each_value_fits():
    asked = checked_schema(pa.schema([pa.field("net", pa.decimal128(12, 2))]))
    assert [int(one) for one in to_shape(ROWS, "acct_1", asked).column("net").to_pylist()] == [
        row["net"] for row in ROWS
    ]
    with pytest.raises(SchemaError, match="net does not fit"):
        to_shape(ROWS, "acct_1", checked_schema(pa.schema([pa.field("net", pa.decimal128(4, 2))])))


def test_columns_that_are_not_asked_for_are_not_made():
    made = to_shape([{"id": "txn_1", "net": 5}], "acct_1", pa.schema([pa.field("net", pa.int64())]))
    assert made.to_pylist() == [{"net": 5}]  # a row that lacks all else passes


def test_the_account_alone_has_a_row_for_each():
    assert to_shape(ROWS, "acct_1", pa.schema([pa.field("account", pa.string())])).num_rows == len(ROWS)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (pa.field("nett", pa.int64()), "there is no column 'nett' (did you mean net?); there are account, id"),
        (pa.field("created", pa.list_(pa.int64())), "created is timestamp"),
        (pa.field("fee_details", pa.int64()), "fee_details is list"),
        (pa.field("fee_details", pa.list_(pa.string())), "cannot be read as list<item: string>"),
        (pa.field("fee_details", pa.list_(pa.struct([("amout", pa.int64())]))), "struct<amout: int64>"),
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_read(field, said):
    with pytest.raises(UsageError) as caught:
        checked_schema(pa.schema([field]))
    assert said in str(caught.value)


def test_a_value_that_does_not_fit_is_an_error_and_never_another_value():
    asked = checked_schema(pa.schema([pa.field("net", pa.int8())]))
    with pytest.raises(SchemaError, match="net does not fit into int8"):
        to_shape([{**ROWS[0], "net": 1_000}], "acct_1", asked)


def test_a_rate_becomes_a_decimal_of_its_digits_or_none():
    rows = [{**ROWS[0], "exchange_rate": 0.9137}]
    exact = to_shape(rows, "acct_1", checked_schema(pa.schema([pa.field("exchange_rate", pa.decimal128(38, 18))])))
    assert exact.column(0).to_pylist() == [Decimal("0.9137")]
    with pytest.raises(
        SchemaError, match="exchange_rate does not fit"
    ):  # in SQL, `decimal` has no digit after the point
        to_shape(rows, "acct_1", checked_schema(pa.schema([pa.field("exchange_rate", pa.decimal128(10, 0))])))


def test_fields_of_a_fee_are_fewer_and_in_the_order_that_is_asked_for():
    fee = pa.struct([("type", pa.string()), ("amount", pa.int32())])
    rows = [{**ROWS[0], "fee_details": [{"amount": 59, "application": None, "currency": "usd", "type": "stripe_fee"}]}]
    made = to_shape(rows, "acct_1", checked_schema(pa.schema([pa.field("fee_details", pa.list_(fee))])))
    assert made.to_pylist() == [{"fee_details": [{"type": "stripe_fee", "amount": 59}]}]


def test_a_column_that_is_asked_for_twice_is_refused_before_anything_is_read():
    with pytest.raises(UsageError, match="'id' twice"):
        checked_schema(pa.schema([("id", pa.string()), ("id", pa.string())]))


def test_a_schema_without_columns_is_refused_for_its_batches_would_have_no_rows():
    with pytest.raises(UsageError, match="no column"):
        checked_schema(pa.schema([]))


def test_a_missing_value_where_none_may_be_is_an_error():
    asked = checked_schema(pa.schema([pa.field("exchange_rate", pa.float64(), nullable=False)]))
    with pytest.raises(SchemaError, match="exchange_rate is missing in 1 of 1 rows"):
        to_shape([{**ROWS[0], "exchange_rate": None}], "acct_1", asked)


def test_moments_stay_moments():
    asked = checked_schema(pa.schema([pa.field("created", INSTANT, nullable=False)]))
    made = to_shape(ROWS, "acct_1", asked).column("created")
    assert made.cast(pa.int64()).to_pylist() == [row["created"] * 1_000_000 for row in ROWS]
    assert min(row["created"] for row in ROWS) >= START
