"""Rows with amounts as decimals: exact, whatever the currency, the format and the columns asked for."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import connector
from connector.tables.arrow import arrow_schema
from connector.tables.balance_transactions import to_batch
from connector.tables.decimals import AMOUNT, decimal_schema, money_columns, needed, with_decimals
from tests.support.lakes import sandbox
from tests.support.rows import OFFICIAL_ROW
from tests.support.statements import fill, world

FORMATS = ("parquet", "arrow", "jsonl.zst")


@pytest.fixture(scope="module", params=FORMATS)
def lake(request, tmp_path_factory):
    made = tmp_path_factory.mktemp("decimals") / "lake"
    with sandbox(world(250, days=15, connected=0)) as served:
        columns = request.param != "jsonl.zst"
        fill(made, served, format=request.param, expand=["source"], source_columns=columns)
    return made


def whole(amount, currency):
    return None if amount is None or currency is None else Decimal(amount).scaleb(-connector.decimals(currency))


@pytest.mark.parametrize("table", ["balance_transactions", "payouts", "payout_transactions"])
def test_every_amount_is_the_minor_units_in_whole_units(lake, table):
    minor = pa.table(connector.read(lake, table=table)).to_pylist()
    rows = connector.read(lake, table=table, decimals=True)
    decimal = pa.table(rows)
    assert decimal.schema == rows.schema
    money = {name: code for name, code in money_columns(table).items() if name in decimal.column_names}
    assert money
    for one, other in zip(minor, decimal.to_pylist(), strict=True):
        for name, value in one.items():
            if name in money:
                assert other[name] == whole(value, one[money[name]])
            elif name == "fee_details":
                for part, decimal_part in zip(value, other[name], strict=True):
                    assert decimal_part == {**part, "amount": whole(part["amount"], part["currency"])}
            else:
                assert other[name] == value


def test_columns_are_chosen_and_the_currency_is_not_needed_among_them(lake):
    rows = connector.read(lake, columns=["net", "id"], decimals=True)
    table = pa.table(rows)
    assert table.column_names == ["net", "id"]
    assert table.schema.field("net").type == AMOUNT
    currencies = pa.table(connector.read(lake, columns=["currency", "net"])).to_pylist()
    assert table["net"].to_pylist() == [whole(one["net"], one["currency"]) for one in currencies]
    local = pa.table(connector.read(lake, columns=["fee"], timezone="Europe/Paris", decimals=True))
    assert local.column_names == ["fee", "local_date"]


def test_duckdb_and_polars_take_them_as_they_are(lake):
    rows = connector.read(lake, decimals=True)
    total = duckdb.sql("select sum(net) from rows where currency = 'kwd'").fetchall()[0][0]
    frame = pl.DataFrame(rows)
    assert frame.filter(pl.col("currency") == "kwd")["net"].sum() == total
    assert total == sum(
        one["net"] for one in pa.table(connector.read(lake, decimals=True)).to_pylist() if one["currency"] == "kwd"
    )


def test_they_are_in_no_file_so_there_is_no_dataset(lake):
    with pytest.raises(connector.ConfigError, match="stream"):
        connector.read(lake, decimals=True).dataset()


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["usd", "jpy", "kwd", "zzz"]), st.booleans()))
)
def test_the_largest_amounts_are_exact_and_lists_that_are_null_stay_null(rows):
    received = [
        {
            **OFFICIAL_ROW,
            "id": f"txn_{place}",
            "amount": amount,
            "currency": currency,
            "fee_details": None if null else [{**part(amount, currency)}, {**part(1, "jpy")}],
        }
        for place, (amount, currency, null) in enumerate(rows)
    ]
    batch = to_batch(received)
    schema = decimal_schema(arrow_schema("balance_transactions"), "balance_transactions")
    found = with_decimals(batch, "balance_transactions", schema)
    found.validate(full=True)
    for one, (amount, currency, null) in zip(found.to_pylist(), rows, strict=True):
        assert one["amount"] == whole(amount, currency)
        amounts = None if null else [whole(amount, currency), Decimal(1)]
        assert (None if one["fee_details"] is None else [part["amount"] for part in one["fee_details"]]) == amounts


def part(amount, currency):
    return {"amount": amount, "application": None, "currency": currency, "description": None, "type": "stripe_fee"}


def test_what_is_read_for_a_column_is_that_and_its_currency():
    assert needed(("net", "fee"), "balance_transactions") == ("net", "fee", "currency")
    assert needed(("charge_amount", "net"), "balance_transactions") == (
        "charge_amount",
        "net",
        "charge_currency",
        "currency",
    )
    assert needed(("id",), "payouts") == ("id",)
