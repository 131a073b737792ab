#!/usr/bin/env bash
# DataFusion's comparisons with ANY and ALL of a subquery are true of every row, or of none.
#
# One would expect: `net >= all (select net …)` finds the largest, `net = any (…)` is IN, as in DuckDB and Postgres; or the
#   query is refused, as it was.
# What is true: with a subquery that does not look at the outer row the answer is the same for all rows: `= any` and `>= all` keep
#   each of them, `> any` and `<> all` drop each of them. IN and NOT IN are right. No error, no warning.
# Version: datafusion 55.0.0, duckdb 2.0.1.
# Source: apache/datafusion#19082 asked for these comparisons; #22477, closed, was a failure in planning the same queries.
# What is lost: "rows of these payouts" is all rows, and "charges above each fee" is none.
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

lines = pa.table({"id": ["a", "b", "c"], "net": [100, 200, 300]})
context = datafusion.SessionContext()
context.register_record_batches("lines", [lines.to_batches()])
conditions = {
    "net = any (select net from lines where id = 'a')": "every",
    "net >= all (select net from lines)": "every",
    "net > any (select net from lines)": "none",
    "net <> all (select net from lines where id = 'a')": "none",
    "net in (select net from lines where id = 'a')": "true",
    "net not in (select net from lines where id = 'a')": "true",
}
wrong = 0
print("datafusion", datafusion.__version__, "duckdb", duckdb.__version__)
for condition, outcome in conditions.items():
    query = f"select id from lines where {condition} order by id"
    expected = [name for (name,) in duckdb.sql(query).fetchall()]
    seen = [name for batch in context.sql(query).collect() for name in batch["id"].to_pylist()]
    print(f"{condition}: expected {expected} seen {seen}")
    wrong += seen != {"every": ["a", "b", "c"], "none": [], "true": expected}[outcome]
    wrong += (seen == expected) != (outcome == "true")
raise SystemExit(wrong)
PY
