#!/usr/bin/env bash
# Daft compares a time with a date by cutting the time to its day: noon of 31 January is not after the 31st, and equals it.
#
# One would expect: a date beside a time is that day's midnight, as in DuckDB, Polars and DataFusion, so that `created between
#   date '2026-01-01' and date '2026-01-31'` has the last day's midnight and no more, and `created > date '2026-01-31'` the
#   rest of that day.
# What is true: the time is cast to a date instead, in SQL and in expressions, with a zone (then it is the day in UTC) or
#   without. >= and < are as one would expect; >, <=, =, IN and BETWEEN are not. No error, no warning.
# Version: daft 0.7.26, duckdb 2.0.1, polars 2.1.0.
# Source: none known.
# What is lost: the rows of a month's last day: `created > last day` leaves them out and `created <= last day` counts them,
#   the other way round than in each engine beside it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 duckdb==2.0.1 polars==2.1.0 pyarrow==25.0.1
venv/bin/python - <<'PY'
import datetime as dt

import daft
import duckdb
import polars as pl
import pyarrow as pa

times = [dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 31, 12), dt.datetime(2026, 2, 1)]
rows = pa.table({"id": ["first", "noon", "next"], "created": pa.array(times, pa.timestamp("us"))})
zoned = rows.set_column(1, "created", rows["created"].cast(pa.timestamp("us", "UTC")))
end = dt.date(2026, 1, 31)
print("daft", daft.__version__, "duckdb", duckdb.__version__, "polars", pl.__version__)
same = True
for condition, expected, known in (
    ("created > date '2026-01-31'", ["next", "noon"], ["next"]),
    ("created = date '2026-01-31'", [], ["noon"]),
    ("created between date '2026-01-01' and date '2026-01-31'", ["first"], ["first", "noon"]),
    ("created < date '2026-02-01'", ["first", "noon"], ["first", "noon"]),
):
    query = f"select id from rows where {condition}"
    right = sorted(key for (key,) in duckdb.sql(query).fetchall())
    seen = [sorted(daft.sql(query, rows=daft.from_arrow(table)).to_pydict()["id"]) for table in (rows, zoned)]
    print(f"{condition}: expected {expected}, as DuckDB {right}; seen {seen[0]}, with a zone {seen[1]}")
    same &= right == expected and seen == [known, known]
right = sorted(pl.from_arrow(rows).filter(pl.col("created") > end)["id"])
seen = sorted(daft.from_arrow(rows).where(daft.col("created") > end).to_pydict()["id"])
print(f'col("created") > 31 January: expected {right}, as Polars; seen {seen}')
raise SystemExit(not (same and right == ["next", "noon"] and seen == ["next"]))
PY
