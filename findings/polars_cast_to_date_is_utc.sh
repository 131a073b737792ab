#!/usr/bin/env bash
# Polars' cast to a date gives the day in UTC where .dt.date() gives the day on the clock.
#
# One would expect: of a time with a zone, cast(pl.Date) is the day that the column shows, as .dt.date(), .dt.day() and
#   .dt.truncate("1d") have it, and as pyarrow's, DataFusion's and Daft's casts do.
# What is true: the cast takes the number beneath: 1 November 00:30 in Berlin is 31 October, and cast(pl.Time) is 23:30. SQL's
#   `created::date` is this cast. No error, no warning.
# Version: polars 2.1.0, pyarrow 26.0.1.
# Source: pola-rs/polars#22864, open.
# What is lost: who converts to the zone of the books first and then casts has the days of UTC all the same: the rows of
#   an hour or two at midnight are in another day, on the last of a month in another month.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
from datetime import date, datetime, time, timezone

import polars as pl
import pyarrow as pa

created = datetime(2026, 10, 31, 23, 30, tzinfo=timezone.utc)
rows = pl.DataFrame({"created": [created]}).select(pl.col("created").dt.convert_time_zone("Europe/Berlin"))
local = pl.col("created")
shown = rows.select(local.dt.date(), local.dt.day().alias("day"), local.dt.time().alias("time")).row(0)
cast = rows.select(local.cast(pl.Date), local.cast(pl.Time).alias("time")).row(0)
sql = pl.SQLContext(rows=rows).execute("select created::date as day from rows", eager=True).item()
other = pa.array([created], pa.timestamp("us", "Europe/Berlin")).cast(pa.date32())[0].as_py()

print("polars", pl.__version__, "pyarrow", pa.__version__)
print(".dt:", *shown, "pyarrow's cast:", other)
print("Polars' cast: expected 2026-11-01 00:30:00; seen", *cast, "and in SQL", sql)
raise SystemExit(
    not (
        shown == (date(2026, 11, 1), 1, time(0, 30))
        and other == date(2026, 11, 1)
        and cast == (date(2026, 10, 31), time(23, 30))
        and sql == date(2026, 10, 31)
    )
)
PY
