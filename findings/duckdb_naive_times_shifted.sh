#!/usr/bin/env bash
# DuckDB shifts the times of some files by the zone of the machine when only the first says UTC.
#
# One would expect: a file whose timestamps have no zone beside one with UTC is refused, or taken as UTC, as Polars
#   and pyarrow do.
# What is true: the first file by name makes the column TIMESTAMP WITH TIME ZONE, and the others' times are cast to it
#   by the session's TimeZone, which is the machine's. In New York 22:00 becomes 03:00 UTC of the next day, for a part
#   of the rows.
# Version: duckdb 2.0.1, polars 2.1.0, pyarrow 26.0.1.
# Source: DuckDB's docs on casting TIMESTAMP to TIMESTAMPTZ; "Combining Schemas" does not speak of it.
# What is lost: rows of the evening are counted in the next day, after a change of writer (isAdjustedToUTC true, then
#   false), on one colleague's machine and not on the server.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
import datetime

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

evening = datetime.datetime(2026, 1, 31, 22)
pq.write_table(pa.table({"created": pa.array([evening], pa.timestamp("us", "UTC"))}), "1.parquet")
pq.write_table(pa.table({"created": pa.array([evening], pa.timestamp("us"))}), "2.parquet")


def by_duckdb(zone):
    database = duckdb.connect()
    database.execute(f"set timezone = '{zone}'")
    query = "select epoch(created)::bigint from read_parquet('*.parquet') order by filename"
    return [
        datetime.datetime.fromtimestamp(second, datetime.timezone.utc).isoformat()
        for (second,) in database.execute(query).fetchall()
    ]


seen = {zone: by_duckdb(zone) for zone in ("UTC", "America/New_York")}
polars = [value.isoformat() for value in pl.scan_parquet("*.parquet").collect()["created"]]
arrow = [value.isoformat() for value in ds.dataset(["1.parquet", "2.parquet"]).to_table()["created"].to_pylist()]

print("duckdb", duckdb.__version__, "polars", pl.__version__, "pyarrow", pa.__version__)
print("both files hold 2026-01-31 22:00; expected: an error, or that time in UTC twice")
print("seen in Polars:", *polars)
print("seen in pyarrow:", *arrow)
for zone, times in seen.items():
    print(f"seen in DuckDB with the zone {zone}:", *times)
utc, shifted = "2026-01-31T22:00:00+00:00", "2026-02-01T03:00:00+00:00"
raise SystemExit(not (polars == arrow == seen["UTC"] == [utc, utc] and seen["America/New_York"] == [utc, shifted]))
PY
