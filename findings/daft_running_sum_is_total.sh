#!/usr/bin/env bash
# Daft's SQL gives the total where a running sum is asked for, and loses the order of the rows beside it.
#
# One would expect: sum(amount) over (partition by account order by day) runs: SQL's default, with ORDER BY, is all rows up
#   to this one, as DuckDB, Polars, DataFusion and ClickHouse have it. ORDER BY at the end orders the rows.
# What is true: every row has the total of its partition. And the rows are sorted as the query's ORDER BY says before the window
#   function puts them into its own order, so that they come in that, and LIMIT picks others. No error, no warning.
# Version: daft 0.7.26, duckdb 2.0.1.
# Source: none known; Daft's docs of window functions show frames that are named.
# What is lost: a running balance is the closing balance on every line, and the last lines are not the newest.
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

lines = pa.table({"day": [1, 2, 3, 4], "amount": [300, -100, 250, 50], "account": ["a", "a", "a", "a"]})
rows = daft.from_arrow(lines)
running = "select day, sum(amount) over (partition by account order by day) as balance from {} order by day"
newest = "select day, rank() over (order by amount) as place from {} order by day desc limit 2"
plain = "select day from {} order by day desc limit 2"

expected = [duckdb.sql(query.format("lines")).fetchall() for query in (running, newest)]
seen = [
    list(zip(*daft.sql(query.format("rows"), rows=rows).to_pydict().values())) for query in (running, newest, plain)
]

print("daft", daft.__version__, "duckdb", duckdb.__version__)
print("running balance: expected", expected[0], "seen", seen[0])
print("the newest two: expected", expected[1], "seen", seen[1], "without a window function", seen[2])
raise SystemExit(
    not (
        expected == [[(1, 300), (2, 200), (3, 450), (4, 500)], [(4, 2), (3, 3)]]
        and {balance for _, balance in seen[0]} == {500}
        and [day for day, _ in seen[1]] != [4, 3]
        and seen[2] == [(4,), (3,)]
    )
)
PY
