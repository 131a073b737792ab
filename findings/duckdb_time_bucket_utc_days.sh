#!/usr/bin/env bash
# DuckDB's time_bucket makes days and months of UTC where date_trunc makes those of the session's zone.
#
# One would expect: with TimeZone set, time_bucket(interval '1 day', created) has the days that date_trunc('day', created)
#   and created::date have: they all take the same TIMESTAMP WITH TIME ZONE.
# What is true: buckets begin at midnight UTC, which the session shows as 09:00 in Tokyo; months, too. The zone as a third
#   argument gives the days of that zone.
# Version: duckdb 2.0.1.
# Source: duckdb/duckdb#17554, closed; documented by the grid's anchor (2000-01-01 00:00:00+00:00), which date_trunc does not
#   have.
# What is lost: sums by day differ from a report by date_trunc beside it in the rows of the hours between the two midnights.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb

duckdb.execute("set timezone = 'Asia/Tokyo'")
rows = "(values (timestamptz '2026-10-31 22:30:00+00')) as rows(created)"
bucket = "time_bucket(interval '1 {}', created{})::varchar"
(seen,) = duckdb.sql(f"""
    select date_trunc('day', created)::varchar, created::date::varchar,
        {bucket.format("day", "")}, {bucket.format("month", "")}, {bucket.format("day", ", 'Asia/Tokyo'")}
    from {rows}
""").fetchall()

print("duckdb", duckdb.__version__)
print("created is 2026-11-01 07:30 in Tokyo; date_trunc and the cast:", *seen[:2], "the zone given:", seen[4])
print("time_bucket by day and month: expected 2026-11-01 00:00:00+09 twice; seen", *seen[2:4])
raise SystemExit(
    not (
        seen[0] == seen[4] == "2026-11-01 00:00:00+09"
        and seen[1] == "2026-11-01"
        and seen[2:4] == ("2026-10-31 09:00:00+09", "2026-10-01 09:00:00+09")
    )
)
PY
