#!/usr/bin/env bash
# DataFusion's range() of dates by month leaves out the last month when the end is not the first of one.
#
# One would expect: range(a, b, interval '1 month') has every first of the month before b: from 1 January to 31 May, that
#   is five; as the table function of the same name and DuckDB's range() have it.
# What is true: the end is first moved back by a whole step, and what lies beyond that is left out: 31 May becomes 30 April,
#   and 1 May is missing. generate_series() of the same dates has it.
# Version: datafusion 55.0.0, duckdb 2.0.1.
# Source: none known; the docs of range() say that the end is not part of it.
# What is lost: the list of months that a report joins its sums to ("no payouts in May" is a row of its own) ends a month
#   early on all days but the first, and May's sums find nothing to be joined to.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import datafusion
import duckdb

context = datafusion.SessionContext()
arguments = "(date '2026-01-01', date '2026-05-31', interval '1 month')"


def dates(query):
    column = context.sql(query).to_arrow_table()[0].to_pylist()
    return [str(one)[:10] for one in (column[0] if isinstance(column[0], list) else column)]


firsts = [f"2026-{month:02}-01" for month in range(1, 6)]
function = dates(f"select range{arguments}")
table = dates(f"select * from range{arguments}")
series = dates(f"select generate_series{arguments}")
other = [str(one)[:10] for one in duckdb.sql(f"select range{arguments}").fetchall()[0][0]]
to_the_first = dates("select range(date '2026-01-01', date '2026-06-01', interval '1 month')")

print("datafusion", datafusion.__version__, "duckdb", duckdb.__version__)
print("DuckDB:", other)
print("the table function:", table)
print(f"the function: expected {firsts}; seen {function}")
raise SystemExit(not (other == table == series == to_the_first == firsts and function == firsts[:-1]))
PY
