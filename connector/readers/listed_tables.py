"""Lakes whose files a table lists, Delta or Iceberg: engines are told the table, never its files.

Beside the files that count lie older ones, which a pattern would read, too. An Iceberg table is known to its catalog.
That of a lake on a disk is a file in it, which Python opens; engines of SQL are told the file of metadata that is the
newest now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.errors import ConfigError
from connector.readers.bucket import in_bucket
from connector.readers.writing import NOT_RUN, Statement, backslashed_text, python_text, sql_text, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.readers.described import LakeTable

KEYS = "Keys of a bucket are taken where {} looks for them: in its environment."

AS_OF_NOW = "It is the table as of now: print it again after each run, which makes another file of metadata."


@dataclass(frozen=True, slots=True)
class Way:
    """How an engine reads such tables.

    Attributes:
        write: writes the statement for a table.
        is_run: whether the tests run what is written.
    """

    write: Callable[[LakeTable], Statement]
    is_run: bool = True


def write_listed(engine: str, table: LakeTable) -> Statement:
    """Write what gives an engine a table of such a lake.

    Raises:
        ConfigError: it cannot read it; says what can be done.
    """
    return way_of(engine, table).write(table)


def way_of(engine: str, table: LakeTable) -> Way:
    """Return how an engine reads a table of such a lake."""
    return _WAYS[engine, table.format]


# Python ---------------------------------------------------------------------------------------------------------------


def _python(text: str, head: str, *, library: str) -> Callable[[LakeTable], Statement]:
    """Return what writes a call.

    Args:
        text: gives the variable its value; `{folder}` and `{loaded}` stand for the table.
        head: imports.
        library: whose words on keys count.
    """

    def write(table: LakeTable) -> Statement:
        imports, opened = head, ""
        if "{loaded}" in text:
            where, opened = _catalog(table)
            imports = f"{where}\n{head}" if head else where
        value = text.format(
            folder=python_text(table.folder),
            loaded=f"catalog.load_table({python_text(f'stripe.{table.name}')})",
            names=wrapped(map(python_text, table.names), "    "),
            name=python_text(table.name),
        )
        done = f"{imports}\n\n{opened}{value.replace('@TABLE@', table.name)}"
        notes = () if table.is_local else (KEYS.format(library),)
        return Statement("python", done, table.names, notes)

    return write


def _catalog(table: LakeTable) -> tuple[str, str]:
    """Return how a table's catalog is imported, and opened."""
    if table.catalog is not None:
        return "from pyiceberg.catalog import load_catalog", f"catalog = load_catalog({python_text(table.catalog)})\n"
    uri = python_text(f"sqlite:///{table.place}/iceberg.db")
    return (
        "from pyiceberg.catalog.sql import SqlCatalog",
        f'catalog = SqlCatalog("stripe_balance", uri={uri})\n',
    )


_DELTA_HEAD = "from deltalake import DeltaTable"
_DATASET = "DeltaTable({folder}).to_pyarrow_dataset()"
_AS_PANDAS = ".to_pandas(types_mapper=pd.ArrowDtype)"
_SESSION = "from datafusion import SessionContext"


# SQL and Spark --------------------------------------------------------------------------------------------------------


def _duckdb(table: LakeTable) -> Statement:
    if table.format == "delta":
        source, notes = f"delta_scan({sql_text(table.folder)})", ()
    else:
        source, notes = f"iceberg_scan({sql_text(_metadata(table, 'DuckDB'))})", (AS_OF_NOW,)
    text = f"create or replace view {table.name} as select\n{wrapped(table.names)}\nfrom {source};"
    said = f"DuckDB: {NOT_RUN}; it downloads the extension {table.format} the first time."
    return Statement("sql", text, table.names, (said, *notes))


def _clickhouse(table: LakeTable) -> Statement:
    kinds = {"delta": ("deltaLakeLocal", "deltaLake"), "iceberg": ("icebergLocal", "icebergS3")}
    local, remote = kinds[table.format]
    if not table.is_local:
        table, _ = in_bucket(table, "s3", engine="ClickHouse's function for these tables")
    source = f"{local if table.is_local else remote}({backslashed_text(table.folder)})"
    text = f"create or replace view {table.name} as select\n{wrapped(table.names)}\nfrom {source};"
    where = (
        "The folder has to be in the server's user_files_path; for clickhouse-local and chdb in the folder where they"
        " were started."
    )
    return Statement("sql", text, table.names, (where,) if table.is_local else (KEYS.format("ClickHouse"),))


def _spark(table: LakeTable) -> Statement:
    package = {
        "delta": "io.delta:delta-spark",
        "iceberg": "org.apache.iceberg:iceberg-spark-runtime",
    }[table.format]
    said = f"Spark: {NOT_RUN}; the session needs the package {package} of its own version."
    if table.format == "delta":
        text = f'{table.name} = spark.read.format("delta").load({python_text(table.folder)})'
        return Statement("python", text, table.names, (said,))
    if table.catalog is not None:
        name = python_text(f"{table.catalog}.stripe.{table.name}")
        catalog = f"It knows the catalog {table.catalog} by its setting spark.sql.catalog.{table.catalog}."
        return Statement("python", f"{table.name} = spark.table({name})", table.names, (said, catalog))
    text = f'{table.name} = spark.read.format("iceberg").load({python_text(_metadata(table, "Spark"))})'
    return Statement("python", text, table.names, (said, AS_OF_NOW))


def _databricks(table: LakeTable) -> Statement:
    table, notes = in_bucket(table, "s3", "abfss", "gs", engine="Databricks")
    text = (
        f"create or replace view {table.name} as select\n{wrapped(table.names)}\n"
        f"from delta.`{table.folder.replace('`', '``')}`;"
    )
    return Statement("sql", text, table.names, (f"Databricks: {NOT_RUN}.", *notes))


def _bigquery(table: LakeTable) -> Statement:
    bucket, notes = in_bucket(table, "gs", engine="BigQuery")
    text = (
        f"create or replace external table {table.name}\nwith connection `region.name`\n"
        f"options (format = 'DELTA_LAKE', uris = [{backslashed_text(bucket.folder)}]);"
    )
    named = "Put the name of a connection in the place of `region.name`."
    return Statement("sql", text, table.names, (f"BigQuery: {NOT_RUN}.", *notes, named))


def _snowflake(table: LakeTable) -> Statement:
    _, notes = in_bucket(table, "s3", "gs", "az", engine="Snowflake")
    text = (
        f"create or replace iceberg table {table.name}\n  external_volume = 'YOUR_VOLUME'\n"
        f"  catalog = 'YOUR_INTEGRATION'\n  base_location = {backslashed_text(f'{table.name}/')};"
    )
    told = (
        "Put the names of an external volume whose base is the lake, and of a catalog integration of object storage"
        " with the table format delta."
    )
    return Statement("sql", text, table.names, (f"Snowflake: {NOT_RUN}.", *notes, told))


def _athena(table: LakeTable) -> Statement:
    bucket, notes = in_bucket(table, "s3", engine="Athena")
    text = (
        f"create external table {table.name}\nlocation {sql_text(f'{bucket.folder}/')}\n"
        "tblproperties ('table_type' = 'DELTA');"
    )
    return Statement("sql", text, table.names, (f"Athena: {NOT_RUN}.", *notes))


def _redshift(table: LakeTable) -> Statement:
    raise ConfigError(
        f"Redshift reads {table.name} by manifests that something else has to keep up to date, or by the Glue catalog:"
        " add the table there, and read it through an external schema; or read a copy made with `stripe-balance"
        " convert` to parquet"
    )


def _by_catalog(engine: str, which: str) -> Way:
    """Return how an engine reads Iceberg tables that reads them through a catalog alone: by no statement of ours."""

    def refuse(table: LakeTable) -> Statement:
        raise ConfigError(
            f"{engine} reads Iceberg tables through a catalog ({which}): have {table.name} there, with `catalog`"
            " (`stripe-balance convert` makes such a lake of this one), and read it by its name; or read a copy made"
            " with `stripe-balance convert` to parquet"
        )

    return Way(refuse, is_run=False)


def _metadata(table: LakeTable, engine: str) -> str:
    """Return the file of metadata that is the newest.

    Raises:
        ConfigError: only the table's own catalog knows it.
    """
    if table.metadata is None:
        raise ConfigError(
            f"{engine} reads this table through its catalog, {table.catalog}: connect it there, and read"
            f" stripe.{table.name}"
        )
    return f"{table.folder}/metadata/{table.metadata}"


_WAYS = {
    ("duckdb", "delta"): Way(_duckdb, is_run=False),
    ("duckdb", "iceberg"): Way(_duckdb, is_run=False),
    ("polars", "delta"): Way(_python("@TABLE@ = pl.scan_delta({folder})", "import polars as pl", library="Polars")),
    ("polars", "iceberg"): Way(
        _python("@TABLE@ = pl.scan_iceberg({loaded})", "import polars as pl", library="pyiceberg")
    ),
    ("pandas", "delta"): Way(
        _python(
            f"@TABLE@ = {_DATASET}.to_table(){_AS_PANDAS}",
            f"import pandas as pd\n{_DELTA_HEAD}",
            library="deltalake",
        )
    ),
    ("pandas", "iceberg"): Way(
        _python("@TABLE@ = {loaded}.scan().to_arrow()" + _AS_PANDAS, "import pandas as pd", library="pyiceberg")
    ),
    ("pyarrow", "delta"): Way(_python(f"@TABLE@ = {_DATASET}", _DELTA_HEAD, library="deltalake")),
    ("pyarrow", "iceberg"): Way(_python("@TABLE@ = {loaded}.scan().to_arrow()", "", library="pyiceberg")),
    ("spark", "delta"): Way(_spark, is_run=False),
    ("spark", "iceberg"): Way(_spark, is_run=False),
    ("clickhouse", "delta"): Way(_clickhouse),
    ("clickhouse", "iceberg"): Way(_clickhouse),
    ("datafusion", "delta"): Way(
        _python(
            "ctx = SessionContext()\nctx.register_dataset({name}, " + _DATASET + ")\n"
            "@TABLE@ = ctx.table({name}).select(\n{names},\n)",
            f"{_SESSION}\n{_DELTA_HEAD}",
            library="deltalake",
        )
    ),
    ("datafusion", "iceberg"): Way(
        _python(
            "ctx = SessionContext()\nctx.register_record_batches({name}, [{loaded}.scan().to_arrow().to_batches()])\n"
            "@TABLE@ = ctx.table({name}).select(\n{names},\n)",
            _SESSION,
            library="pyiceberg",
        )
    ),
    ("daft", "delta"): Way(_python("@TABLE@ = daft.read_deltalake({folder})", "import daft", library="Daft")),
    ("daft", "iceberg"): Way(_python("@TABLE@ = daft.read_iceberg({loaded})", "import daft", library="pyiceberg")),
    ("bigquery", "delta"): Way(_bigquery, is_run=False),
    ("bigquery", "iceberg"): _by_catalog("BigQuery", "BigLake's"),
    ("snowflake", "delta"): Way(_snowflake, is_run=False),
    ("snowflake", "iceberg"): _by_catalog("Snowflake", "a catalog integration of its kind"),
    ("athena", "delta"): Way(_athena, is_run=False),
    ("athena", "iceberg"): _by_catalog("Athena", "that of Glue"),
    ("redshift", "delta"): Way(_redshift, is_run=False),
    ("redshift", "iceberg"): _by_catalog("Redshift", "that of Glue, by an external schema"),
    ("databricks", "delta"): Way(_databricks, is_run=False),
    ("databricks", "iceberg"): _by_catalog("Databricks", "a foreign one in Unity Catalog"),
}
