#!/usr/bin/env bash
# In Polars -199 // 100 is -2 as an expression and -1 in SQL.
#
# One would expect: one engine, one operator, one answer.
# What is true: the expression rounds down, as Python does; Polars' own SQL cuts towards zero, as DuckDB does. The
#   rest (%) goes along with each: 1 and -99.
# Version: polars 2.1.0, duckdb 2.0.1.
# Source: none known; the SQL reference of Polars lists // as integer division.
# What is lost: refunds: whole units and cents of negative amounts differ when a query is moved between SQL and
#   expressions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0 duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb
import polars as pl

rows = pl.DataFrame({"amount": [199, -199]})
expression = rows.select(whole=pl.col("amount") // 100, rest=pl.col("amount") % 100)
query = "select amount // 100 as whole, amount % 100 as rest from rows"
in_sql = rows.sql(query.replace("rows", "self"))
by_duckdb = duckdb.sql(query.replace("rows", "(values (199), (-199)) as rows(amount)")).fetchall()

print("polars", pl.__version__, "duckdb", duckdb.__version__)
print("amounts:", rows["amount"].to_list())
print("(amount // 100, amount % 100) as an expression:", expression.rows())
print("the same in Polars' SQL: expected the same; seen", in_sql.rows())
print("DuckDB:", by_duckdb)
raise SystemExit(not (expression.rows() == [(1, 99), (-2, 1)] and in_sql.rows() == by_duckdb == [(1, 99), (-1, -99)]))
PY
