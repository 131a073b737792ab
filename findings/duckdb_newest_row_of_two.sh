#!/usr/bin/env bash
# DuckDB's max_by puts the newest version of a row together from two versions, where the newest has a null.
#
# One would expect: max_by(payout, updated) is the payout of the row with the greatest `updated`, null if it is null there:
#   so it is in Spark and in Polars, by the same name.
# What is true: rows whose payout is null are left out before the greatest is looked for, column by column: the status is
#   the newest, the payout an older version's. ClickHouse's argMax does the same. sqlglot turns Spark's and
#   Trino's max_by into arg_max and says nothing. max_by of a struct or a row_number() is right.
# Version: duckdb 2.0.1, polars 2.1.0, sqlglot 30.30.0; seen in Spark 4.3.0 (null) and chdb 4.4.0 (as DuckDB).
# Source: DuckDB's table of aggregate functions, at arg_max: rows where arg or val is null are ignored.
# What is lost: what was taken back: a failed payout's transaction goes on standing under it, a dispute that was withdrawn
#   keeps its id, beside a status that says otherwise; no version ever looked like that.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 sqlglot==30.30.0
venv/bin/python - <<'PY'
import duckdb
import polars as pl
import sqlglot

duckdb.sql(
    """create table versions as from (values
      ('txn_1', 1, 'pending', 'po_1'),
      ('txn_1', 2, 'available', null)) t(id, updated, status, payout)"""
)
versions = pl.DataFrame(
    {"id": ["txn_1"] * 2, "updated": [1, 2], "status": ["pending", "available"], "payout": ["po_1", None]}
)
query = "SELECT max_by(status, updated), max_by(payout, updated) FROM versions GROUP BY id"
from_spark = sqlglot.transpile(query, read="spark", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
struct = "SELECT max_by({'status': status, 'payout': payout}, updated) FROM versions GROUP BY id"
numbered = "SELECT status, payout FROM versions QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated DESC) = 1"
seen = {
    "Polars, max_by": versions.group_by("id").agg(pl.col("status", "payout").max_by("updated")).rows()[0][1:],
    "DuckDB, row_number": duckdb.sql(numbered).fetchall()[0],
    "DuckDB, max_by of a struct": tuple(duckdb.sql(struct).fetchall()[0][0].values()),
    "DuckDB, max_by": duckdb.sql(query).fetchall()[0],
    f"DuckDB, {from_spark}": duckdb.sql(from_spark).fetchall()[0],
}
print("duckdb", duckdb.__version__, "polars", pl.__version__, "sqlglot", sqlglot.__version__)
print("the newest version: expected", ("available", None))
for way, found in seen.items():
    print(f"seen, {way}: {found}")
raise SystemExit(list(seen.values()) != [("available", None)] * 3 + [("available", "po_1")] * 2)
PY
