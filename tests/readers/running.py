"""Running what is written for each engine, and giving what it reads as Arrow."""

from __future__ import annotations

import contextlib
import os
import warnings
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import duckdb
import pyarrow as pa
import pytest

LIGHT = ("duckdb", "polars", "pandas", "pyarrow")
HEAVY = {"spark": "pyspark", "clickhouse": "chdb", "datafusion": "datafusion", "daft": "daft"}
"""Engines that come with the extra `readers`, and the packages they are in."""

ALL_READERS = "STRIPE_BALANCE_ALL_READERS"
"""Environment variable under which a missing engine is a failure: set by `make readers`."""


def need(engine):
    """Skip the test where an engine is not installed, unless all have to be."""
    package = HEAVY.get(engine)
    if package and find_spec(package) is None and not os.environ.get(ALL_READERS):
        pytest.skip(f"{package} is not installed; `make readers` sets up what runs this")


def rows_of(engine, statement, table):
    """Run a statement, and return all rows of the table it made."""
    names = made(engine, statement)
    if engine in {"duckdb", "clickhouse"}:
        return names(f"select * from {table}")  # noqa: S608 - the name of a table of ours
    return TO_ARROW[engine](names[table])


def made(engine, statement):
    """Run a statement, and return what can be asked afterwards: in SQL a function, in Python the names there are."""
    if engine == "duckdb":
        connection = duckdb.connect()
        connection.execute("set timezone = 'UTC'")
        connection.execute(statement.text)
        return lambda query: connection.sql(query).to_arrow_table()
    if engine == "clickhouse":
        clickhouse().query(statement.text)
        return lambda query: clickhouse().query(query, "ArrowTable")
    names = {"spark": spark()} if engine == "spark" else {}
    exec(compile(statement.text, f"<{engine}>", "exec"), names)  # noqa: S102 - this is what users do with it
    return names


def _spark_to_arrow(frame):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which versions of pandas it would rather have
        return frame.toArrow()


TO_ARROW = {
    "polars": lambda frame: frame.collect().to_arrow(),
    "pandas": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "pyarrow": lambda found: found if isinstance(found, pa.Table) else found.to_table(),
    "spark": _spark_to_arrow,
    "datafusion": lambda frame: frame.to_arrow_table(),
    "daft": lambda frame: frame.to_arrow(),
}


@cache
def clickhouse():
    return import_module("chdb").connect(":memory:")


@cache
def spark():
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = import_module("pyspark.sql").SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def stop_all():
    """End what was started."""
    if spark.cache_info().currsize:
        spark().stop()
    if clickhouse.cache_info().currsize:
        with contextlib.suppress(Exception):
            clickhouse().close()


def plain(table):
    """Return a table in which texts and lists of whichever kind are of the one kind that schemas here have."""
    return table.cast(pa.schema([pa.field(one.name, _plain_type(one.type)) for one in table.schema]))


def _plain_type(kind):
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if kind in {pa.large_string(), pa.string_view()}:
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(one.name, _plain_type(one.type)) for one in kind])
    return kind
