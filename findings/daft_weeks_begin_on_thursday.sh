#!/usr/bin/env bash
# Daft's weeks begin on Thursday.
#
# One would expect: date_trunc("1 week") of a time is its Monday, as date_trunc('week', …) is in DuckDB, DataFusion and Spark,
#   and as truncate("1w") is in Polars.
# What is true: the weeks are counted from 1 January 1970, a Thursday, and nothing in the result says so.
# Version: daft 0.7.26, polars 2.1.0.
# Source: Daft's reference of date_trunc: without `relative_to` it "truncates to the start of the Unix epoch".
# What is lost: weekly volume and weekly payouts: Monday to Wednesday of each week are added to the week before.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 polars==2.1.0 pyarrow==25.0.1
venv/bin/python - <<'PY'
from datetime import datetime, timezone

import daft
import polars as pl
import pyarrow as pa

times = [datetime(2026, 11, day, 12, tzinfo=timezone.utc) for day in (2, 4, 5, 8, 9)]
column = pa.table({"created": pa.array(times, pa.timestamp("us", "UTC"))})
true = [week.strftime("%a %d") for week in pl.from_arrow(column)["created"].dt.truncate("1w")]
weeks = daft.from_arrow(column).select(daft.col("created").date_trunc("1 week")).to_pydict()["created"]
seen = [week.strftime("%a %d") for week in weeks]

print("daft", daft.__version__, "polars", pl.__version__)
print("week of", *(time.strftime("%a %d") + "," for time in times), "November 2026")
print("expected", *true)
print("seen    ", *seen)
raise SystemExit(
    not (
        true == ["Mon 02", "Mon 02", "Mon 02", "Mon 02", "Mon 09"]
        and seen == ["Thu 29", "Thu 29", "Thu 05", "Thu 05", "Thu 05"]
    )
)
PY
