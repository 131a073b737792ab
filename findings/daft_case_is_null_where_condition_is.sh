#!/usr/bin/env bash
# Daft's CASE gives null where its condition is null, instead of the ELSE.
#
# One would expect: what is not true goes on to the next WHEN and to the ELSE, as in all of SQL: of `case when payout = 'po_1'
#   then 0 else net end` a row without a payout has its net.
# What is true: the first condition that is null makes the whole CASE null, whatever WHEN and ELSE follow, in SQL and in
#   `when(…).otherwise(…)`. A sum leaves the row out. No error, no warning.
# Version: daft 0.7.26, duckdb 2.0.1.
# Source: none known. CASE of Polars, DataFusion, ClickHouse, SQLite and Spark goes on to the ELSE.
# What is lost: the net of every row that belongs to no payout, or has no rate, in each total that a CASE splits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 duckdb==2.0.1 pyarrow==25.0.1
venv/bin/python - <<'PY'
import daft
import duckdb
import pyarrow as pa
from daft.functions import when

lines = pa.table({"id": ["a", "b", "c"], "net": [100, 200, 300], "payout": ["po_1", None, "po_2"]})
rows = daft.from_arrow(lines)
queries = [
    "select sum(case when payout = 'po_1' then 0 else net end) as answer from {}",
    "select case when payout = 'po_1' then 'first' when payout is null then 'none' else 'other' end as answer from {} order by id",
]
expected = [[answer for (answer,) in duckdb.sql(query.format("lines")).fetchall()] for query in queries]
seen = [daft.sql(query.format("rows"), rows=rows).to_pydict()["answer"] for query in queries]
frame = rows.select(when(daft.col("payout") == "po_1", 0).otherwise(daft.col("net")).alias("answer")).to_pydict()

print("daft", daft.__version__, "duckdb", duckdb.__version__)
print("net outside of po_1: expected", expected[0], "seen", seen[0], "in a frame, by row,", frame["answer"])
print("which payout: expected", expected[1], "seen", seen[1])
raise SystemExit(
    not (
        expected == [[500], ["first", "none", "other"]]
        and seen == [[300], ["first", None, "other"]]
        and frame["answer"] == [0, None, 300]
    )
)
PY
