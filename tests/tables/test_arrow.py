from __future__ import annotations

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from connector import schemas
from connector.errors import ConfigError, UsageError
from connector.tables.arrow import arrow_schema, arrow_type, dictionary_columns, to_values
from connector.tables.columnize import BALANCE_TRANSACTION, FEE_PART

TABLES = [name.removeprefix("tables/") for name in schemas.names() if name.startswith("tables/")]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_what_it_is_and_how_it_is_stored(table):
    document = schemas.load(f"tables/{table}")
    assert set(document["required"]) <= document["properties"].keys()
    for name, column in document["properties"].items():
        assert column["description"].endswith("."), name
        arrow_type(column["x-arrow"])
        assert ("null" in column["type"]) == (name not in document["required"]), name
        assert column["x-arrow"] != "int64" or column["x-unit"], name


@pytest.mark.parametrize("table", [name for name in TABLES if name != "source_columns"])
def test_the_arrow_schema_has_the_stored_columns_in_order(table):
    document = schemas.load(f"tables/{table}")
    partitions = [name for name, column in document["properties"].items() if column.get("x-partition")]
    assert partitions[0] == "account"
    assert len(partitions) == 2
    assert [*partitions, *arrow_schema(table).names] == list(document["properties"])
    assert {field.name for field in arrow_schema(table) if not field.nullable} == {*document["required"]} - {
        *partitions
    }


@pytest.mark.parametrize("table", TABLES)
def test_dictionary_columns_hold_text(table):
    columns = dictionary_columns(table)
    assert columns
    assert {arrow_schema(table).field(name).type for name in columns} == {pa.string()}


def test_the_ledger_has_the_types_readers_rely_on():
    schema = arrow_schema("balance_transactions")
    utc = pa.timestamp("us", tz="UTC")
    assert {name: schema.field(name).type for name in ("net", "created", "exchange_rate", "type")} == {
        "net": pa.int64(),
        "created": utc,
        "exchange_rate": pa.float64(),
        "type": pa.string(),
    }
    assert schema.field("net").metadata[b"unit"] == b"minor units of `currency`"
    assert b"description" in schema.field("net").metadata


def test_code_and_schemas_name_the_same_fields():
    api = schemas.load("api/balance_transaction")
    columns = arrow_schema("balance_transactions")
    parts = columns.field("fee_details").type.value_type
    assert list(BALANCE_TRANSACTION.tests) == list(api["properties"]) == columns.names[:-2]
    assert columns.names[-2:] == ["source_object", "extra"]
    assert list(FEE_PART.tests) == list(api["properties"]["fee_details"]["items"]["properties"])
    assert list(FEE_PART.tests) == [parts.field(i).name for i in range(parts.num_fields)]
    assert set(BALANCE_TRANSACTION.vital) == {field.name for field in columns if not field.nullable}
    assert {"null" in field["type"] for field in api["properties"].values()} == {True, False}
    for name, fits in {**BALANCE_TRANSACTION.tests}.items():
        assert fits(None) == ("null" in api["properties"][name]["type"]), name


@pytest.mark.parametrize("name", schemas.names())
def test_every_schema_is_one(name):
    document = schemas.load(name)
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"{name}.json"
    assert document["title"]
    assert document["description"]


def test_nested_types_are_read():
    assert arrow_type("list<struct<a: int64, b: list<string>>>") == pa.list_(
        pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))])
    )


@pytest.mark.parametrize("text", ["", "int", "list<int64", "list<int64>>", "struct<a int64>", "int64 ?", "struct<>"])
def test_what_is_no_type_is_refused(text):
    with pytest.raises(ConfigError):
        arrow_type(text)


def test_an_unknown_table_is_a_usage_error():
    with pytest.raises(UsageError, match="tables/balances"):
        arrow_schema("nothing")


def test_moments_are_read_as_seconds_and_nulls_stay():
    assert to_values(pa.array([1_700_000_000_000_000, None], pa.timestamp("us", tz="UTC"))) == [1_700_000_000, None]
