#!/usr/bin/env bash
# sqlglot drops the OUTER of Spark's LATERAL VIEW OUTER: rows with an empty list are lost.
#
# One would expect: transpile() to DuckDB keeps the rows whose list is empty or null, as OUTER is there for, as it does for the
#   LEFT JOIN UNNEST of Postgres, Trino and BigQuery; or says that it cannot.
# What is true: it writes CROSS JOIN UNNEST, with or without OUTER, also with unsupported_level=RAISE.
# Version: sqlglot 30.30.0, duckdb 2.0.1. Seen in Spark 4.3.0: all three rows.
# Source: Spark SQL reference, "LATERAL VIEW"; none known of sqlglot's.
# What is lost: rows without fees, when fees are listed beside their rows: payouts and refunds are out of the total.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb
import sqlglot

duckdb.sql("create table rows as from (values ('ch_1', [30, 5]), ('po_1', []), ('re_1', null)) as t(id, fees)")


def answer(query, read):
    query = sqlglot.transpile(query, read=read, write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    return query, duckdb.sql(query).fetchall()


expected = [("ch_1", 5), ("ch_1", 30), ("po_1", None), ("re_1", None)]
_, postgres = answer("select id, fee from rows left join unnest(fees) as f(fee) on true order by id, fee", "postgres")
seen = {
    dialect: answer("select id, fee from rows lateral view outer explode(fees) f as fee order by id, fee", dialect)
    for dialect in ("spark", "databricks", "hive")
}
print("sqlglot", sqlglot.__version__, "duckdb", duckdb.__version__)
print("fees beside their rows: expected", expected, "from Postgres' words", postgres)
for dialect, (query, rows) in seen.items():
    print(f"seen, from {dialect}: {rows} by {query}")
raise SystemExit(not (postgres == expected and all(rows == expected[:2] for _, rows in seen.values())))
PY
