#!/usr/bin/env bash
# Daft takes one date from another and gives as many seconds as there are days.
#
# One would expect: 1 March less 1 February is 28 days, as the same times at midnight are, and as DuckDB and Polars have it.
# What is true: the result is a duration of 28 seconds: the days are put into a duration[s] as they are. total_days() is 0 and
#   total_seconds() is 28. So in an expression and in SQL; adding 28 days to a date is right.
# Version: daft 0.7.26, polars 2.1.0.
# Source: none known.
# What is lost: the days from a charge to its payout (available_on less created, as dates) are all 0, and a mean of them
#   is wrong by a factor of 86,400.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 polars==2.1.0
venv/bin/python - <<'PY'
from datetime import date, datetime, timedelta

import daft
import polars as pl
from daft import col

dates = {"created": [date(2026, 2, 1)], "available": [date(2026, 3, 1)]}
times = {name: [datetime(day.year, day.month, day.day) for day in days] for name, days in dates.items()}
rows = daft.from_pydict(dates)

seen = rows.select((col("available") - col("created")).alias("wait"))
sql = daft.sql("select available - created as wait from rows", rows=rows).to_pydict()["wait"][0]
days = seen.select(daft.functions.total_days(col("wait")).alias("days")).to_pydict()["days"][0]
of_times = daft.from_pydict(times).select((col("available") - col("created")).alias("wait")).to_pydict()["wait"][0]
later = rows.select((col("created") + timedelta(days=28)).alias("later")).to_pydict()["later"][0]
other = pl.DataFrame(dates).select(pl.col("available") - pl.col("created")).item()
wait = seen.to_pydict()["wait"][0]

print("daft", daft.__version__, "polars", pl.__version__)
print("Polars:", other, "Daft, of times:", of_times, "28 days later:", later)
print(f"Daft, of dates: expected {timedelta(days=28)}; seen {wait!r}, in SQL {sql!r}, in days {days}")
raise SystemExit(
    not (
        other == of_times == timedelta(days=28)
        and later == date(2026, 3, 1)
        and wait == sql == timedelta(seconds=28)
        and days == 0
    )
)
PY
