#!/usr/bin/env bash
# DuckDB writes the sum of integers to Parquet as a double, and the last digits are gone.
#
# One would expect: sum() of a BIGINT column, exact in the query, is exact in the file that COPY makes of it; as a CSV or JSON
#   file of the same query is, and what goes to Arrow or Polars (DECIMAL(38, 0)).
# What is true: such a sum is a HUGEINT, which Parquet does not have, and COPY writes DOUBLE: 9007199254740993 is
#   9007199254740992. No error, no warning, and the reader sees a column of doubles.
# Version: duckdb 2.0.1, pyarrow 26.0.1.
# Source: duckdb/duckdb#21180, open; an issue of 2022, #5294, is closed as stale.
# What is lost: a monthly total by currency, kept as Parquet, is a double from then on: above 2^53 of the smallest unit it
#   is another amount, below it whoever adds it up adds doubles. `sum(net)::bigint` is exact, or an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import duckdb
import pyarrow.parquet as pq

amounts = "(values (9007199254740992::bigint), (1::bigint)) as amounts(net)"
duckdb.execute(f"copy (select sum(net) as total from {amounts}) to 'total.parquet'")
duckdb.execute(f"copy (select sum(net) as total from {amounts}) to 'total.csv'")
duckdb.execute(f"copy (select sum(net)::bigint as total from {amounts}) to 'cast.parquet'")

(asked,) = duckdb.sql(f"select sum(net) from {amounts}").fetchall()[0]
kind = str(pq.read_schema("total.parquet").field("total").type)
written = int(pq.read_table("total.parquet")["total"][0].as_py())
text = int(open("total.csv").read().split()[1])
cast = pq.read_table("cast.parquet")["total"][0].as_py()

print("duckdb", duckdb.__version__)
print("the query:", asked, "CSV:", text, "cast to BIGINT, in Parquet:", cast)
print(f"Parquet: expected {asked}; seen {written}, {kind}")
raise SystemExit(
    not (asked == text == cast == 9007199254740993 and (kind, written) == ("double", 9007199254740992))
)
PY
