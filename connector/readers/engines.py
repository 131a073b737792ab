"""The engines that a statement can be had for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.errors import UsageError
from connector.readers import (
    arrow_call,
    aws_sql,
    bigquery_sql,
    clickhouse_sql,
    daft_call,
    datafusion_call,
    duckdb_sql,
    polars_call,
    snowflake_sql,
    spark_call,
)
from connector.readers.listed_tables import way_of, write_listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.readers.described import LakeTable
    from connector.readers.writing import Statement


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine.

    Attributes:
        write: writes the statement for a table.
        is_run: whether the tests run what is written for files; else it follows the vendor's documentation.
    """

    write: Callable[[LakeTable], Statement]
    is_run: bool = True


ENGINES = {
    "duckdb": Engine(duckdb_sql.write),
    "polars": Engine(polars_call.write),
    "pandas": Engine(arrow_call.write_pandas),
    "pyarrow": Engine(arrow_call.write_pyarrow),
    "spark": Engine(spark_call.write_spark),
    "clickhouse": Engine(clickhouse_sql.write),
    "datafusion": Engine(datafusion_call.write),
    "daft": Engine(daft_call.write),
    "bigquery": Engine(bigquery_sql.write, is_run=False),
    "snowflake": Engine(snowflake_sql.write, is_run=False),
    "athena": Engine(aws_sql.write_athena, is_run=False),
    "redshift": Engine(aws_sql.write_redshift, is_run=False),
    "databricks": Engine(spark_call.write_databricks, is_run=False),
}


def statement_for(engine: str, table: LakeTable) -> Statement:
    """Write what gives an engine a table of a lake.

    Raises:
        UsageError: the engine is not known.
        ConfigError: it cannot read this format, or this place.
    """
    if engine not in ENGINES:
        raise UsageError(f"no engine is called {engine!r}; engines: {', '.join(ENGINES)}")
    return write_listed(engine, table) if table.is_listed else ENGINES[engine].write(table)


def is_run(engine: str, table: LakeTable) -> bool:
    """Say whether the tests run what is written for a table; else it follows the vendor's documentation."""
    return way_of(engine, table).is_run if table.is_listed else ENGINES[engine].is_run
