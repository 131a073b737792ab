#!/usr/bin/env bash
# DataFusion's EXCEPT ALL does not see a doubled row, and INTERSECT ALL doubles it.
#
# One would expect: EXCEPT ALL subtracts copy by copy: of a row that is twice in the lake and once in the report one is left; of
#   INTERSECT ALL as many come as both sides have, as in DuckDB, Polars, ClickHouse and Spark.
# What is true: they are an anti join and a semi join: a row that the other side has at all is gone with its copies, or comes
#   with all of them. Sail (0.7.2) has the second one from it, in SQL and in `intersectAll`.
# Version: datafusion 55.0.0, duckdb 2.0.1.
# Source: apache/datafusion#12956 and #12955, open since 2024.
# What is lost: the check that one writes to find doubled rows: lake EXCEPT ALL report is empty both ways round.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 pyarrow==25.0.1
venv/bin/python - <<'PY'
import datafusion
import duckdb
import pyarrow as pa

lake = pa.table({"id": ["txn_1", "txn_1", "txn_2"], "net": [100, 100, 200]})
report = pa.table({"id": ["txn_1", "txn_2"], "net": [100, 200]})
context = datafusion.SessionContext()
context.register_record_batches("lake", [lake.to_batches()])
context.register_record_batches("report", [report.to_batches()])
queries = {
    "lake except all report": [],
    "report except all lake": [],
    "lake intersect all report": ["txn_1", "txn_1", "txn_2"],
}
right = True
print("datafusion", datafusion.__version__, "duckdb", duckdb.__version__)
for words, wrong in queries.items():
    query = "select * from " + words.replace("all ", "all select * from ")
    expected = sorted(name for name, _ in duckdb.sql(query).fetchall())
    seen = sorted(name for batch in context.sql(query).collect() for name in batch["id"].to_pylist())
    print(f"{words}: expected {expected} seen {seen}")
    right = right and seen == wrong
    if words == "lake except all report":
        right = right and expected == ["txn_1"]
    if words == "lake intersect all report":
        right = right and expected == ["txn_1", "txn_2"]
raise SystemExit(not right)
PY
