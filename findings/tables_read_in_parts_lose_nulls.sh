#!/usr/bin/env bash
# connectorx, Polars and Dask lose the rows whose partition column is null when they read a database in parts.
#
# One would expect: partition_on (or Dask's index_col) says how the work is cut, and the parts are the table; Spark's JDBC reader
#   puts nulls into the first part.
# What is true: each part is asked for by `>=` and `<` between the least and the greatest value, which no null meets. With
#   Dask that is so in one part as well. Without partition_on all rows are there. No error, no warning.
# Version: connectorx 0.4.6, polars 2.1.0, dask 2026.8.0 (sqlalchemy 2.1.9), by SQLite.
# Source: none known of these; Spark SQL guide, "JDBC To Other Databases"; apache/seatunnel#4732 is the same in another reader.
# What is lost: a ledger's rows that have no payout yet, when it is read by payout; any column that may be null.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check connectorx==0.4.6 polars==2.1.0 pyarrow==26.0.1 'dask[dataframe]==2026.8.0' sqlalchemy==2.1.9
venv/bin/python - <<'PY'
import sqlite3
from pathlib import Path

import connectorx
import dask
import dask.dataframe
import polars as pl
import sqlalchemy as sa

file = Path("ledger.db").resolve()
with sqlite3.connect(file) as connection:
    connection.execute("create table ledger (id integer, net integer, payout integer)")
    connection.executemany(
        "insert into ledger values (?, ?, ?)", [(1, 100, 10), (2, 200, None), (3, 300, 20), (4, 400, None), (5, 500, 30)]
    )
query, url = "select id, net, payout from ledger", f"sqlite://{file}"
parts = {"partition_on": "payout", "partition_num": 2}
ledger = sa.table("ledger", sa.column("id", sa.Integer), sa.column("net", sa.Integer), sa.column("payout", sa.Integer))


def by_dask(npartitions):
    frame = dask.dataframe.read_sql_query(
        sa.select(ledger), f"sqlite:///{file}", index_col="payout", npartitions=npartitions
    )
    return sorted(frame.compute()["id"])


whole = sorted(connectorx.read_sql(url, query, return_type="arrow")["id"].to_pylist())
seen = {
    "connectorx": sorted(connectorx.read_sql(url, query, return_type="arrow", **parts)["id"].to_pylist()),
    "polars.read_database_uri": sorted(pl.read_database_uri(query, url, **parts)["id"]),
    "dask, two parts": by_dask(2),
    "dask, one part": by_dask(1),
}
print("connectorx", connectorx.__version__, "polars", pl.__version__, "dask", dask.__version__)
print("rows: expected", whole)
for reader, rows in seen.items():
    print(f"seen, {reader} by payout: {rows}")
raise SystemExit(not (whole == [1, 2, 3, 4, 5] and all(rows == [1, 3, 5] for rows in seen.values())))
PY
