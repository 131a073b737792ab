"""Rows in a REPL: a short line that says what they are, and data frames of them with nothing lost."""

from __future__ import annotations

import pickle
import sys
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from connector.core.state.partition import Granularity
from connector.errors import ConfigError
from connector.lake.reading.dataset import read
from connector.lake.reading.frames import to_pandas
from tests.lake.reading.test_dataset import ROWS, each_format, make_lake
from tests.readers.awkward import write_payouts

NET = {
    currency: sum(one["net"] for one in ROWS if one["currency"] == currency)
    for currency in {one["currency"] for one in ROWS}
}


@each_format
def test_rows_in_a_repl_are_one_short_line_that_says_what_to_do_with_them(tmp_path, name):
    make_lake(tmp_path, name, accounts=("acct_1", "acct_2"))
    shown = repr(read(tmp_path))
    assert len(shown) < 250
    assert "\n" not in shown
    assert shown.startswith(f"<balance_transactions of {tmp_path}: {2 * len(ROWS)} rows of 2 accounts as of 20")
    assert ".to_pandas()" in shown


def test_rows_that_are_to_be_pickled_say_what_to_do_instead(tmp_path):
    make_lake(tmp_path, "parquet")
    with pytest.raises(TypeError, match=r"call `connector\.read` in the other process"):
        pickle.dumps(read(tmp_path))


def test_one_account_is_said_by_its_name_and_a_path_that_steers_a_terminal_is_escaped(tmp_path):
    lake = tmp_path / "a\x1b[2Jlake"
    make_lake(lake, "parquet", granularity=Granularity.YEAR)
    shown = repr(read(lake, columns=["net"]))
    assert f"a\\x1b[2Jlake: {len(ROWS)} rows of acct_1 as of 20" in shown
    assert shown.isprintable()


@each_format
@pytest.mark.parametrize("decimals", [False, True])
def test_every_frame_has_the_same_rows_and_the_same_money(tmp_path, name, decimals):
    make_lake(tmp_path, name)
    rows = read(tmp_path, decimals=decimals)
    table, pandas, polars = rows.to_table(), rows.to_pandas(), rows.to_polars()
    assert (type(table), type(pandas), type(polars)) == (pa.Table, pd.DataFrame, pl.DataFrame)
    assert table.equals(pa.table(rows))
    worth = Decimal("0.01") if decimals else 1
    expected = {currency: net * worth for currency, net in NET.items()}
    assert pandas.groupby("currency")["net"].sum().to_dict() == expected
    assert dict(polars.group_by("currency").agg(pl.col("net").sum()).iter_rows()) == expected
    assert list(pandas.columns) == polars.columns == table.column_names
    assert len(pandas) == len(ROWS)


def test_whole_numbers_stay_whole_where_some_are_missing():
    large = 2**53 + 1  # the first that no float holds
    made = to_pandas(pa.table({"amount": pa.array([large, None], pa.int64()), "flag": pa.array([True, None])}))
    assert made["amount"][0] == large
    assert str(made["amount"].dtype) == "Int64"
    assert str(made["flag"].dtype) == "boolean"


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_other_tables_are_frames_too(tmp_path, form):
    write_payouts(tmp_path, form)
    rows = read(tmp_path, table="payouts")
    assert rows.to_pandas()["amount"].sum() == rows.to_polars()["amount"].sum()
    assert repr(rows).startswith(f"<payouts of {tmp_path}: 120 rows of 3 accounts as of 20")


@pytest.mark.parametrize(("library", "call"), [("pandas", "to_pandas"), ("polars", "to_polars")])
def test_a_library_that_is_missing_is_named_with_what_installs_it(tmp_path, monkeypatch, library, call):
    make_lake(tmp_path, "parquet")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigError, match=f"pip install {library}"):
        getattr(read(tmp_path), call)()
