#!/usr/bin/env bash
# pyarrow cannot cut times to the hour on the day when the clock goes back.
#
# One would expect: floor_temporal works on instants; each of them has one hour, in any zone, all year.
# What is true: it goes through local time and back, and refuses the hour that comes twice: "Local time is ambiguous",
#   though the values say which one they are. One row fails the whole column. floor to the day and Polars' truncate
#   are fine; so is the same column in UTC.
# Version: pyarrow 26.0.1, polars 2.1.0.
# Source: the docs of pyarrow.compute.floor_temporal do not speak of zones; it has no option for ambiguous times, as
#   assume_timezone has.
# What is lost: the hourly report of one day a year, in the night of the last Sunday of October.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1 polars==2.1.0
venv/bin/python - <<'PY'
import datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

instants = [datetime.datetime(2026, 10, 25, hour, 30, tzinfo=datetime.timezone.utc) for hour in (0, 1)]
times = pa.array(instants, pa.timestamp("us", "Europe/Berlin"))
local = pc.strftime(times, "%H:%M %z").to_pylist()
try:
    seen = str(pc.floor_temporal(times, unit="hour").to_pylist())
except pa.ArrowInvalid as error:
    seen = f"ArrowInvalid: {str(error).partition('.')[0]}"
utc = pc.floor_temporal(times.cast(pa.timestamp("us", "UTC")), unit="hour")
utc = pc.strftime(utc, "%H:%M").to_pylist()
other = pl.from_arrow(times).dt.truncate("1h").dt.strftime("%H:%M %z").to_list()

print("pyarrow", pa.__version__, "polars", pl.__version__)
print("two instants in Berlin:", local)
print("cut to the hour: expected", other, "as Polars does; seen", seen)
print("the same instants in UTC:", utc)
raise SystemExit(
    not (
        seen.startswith("ArrowInvalid: Local time is ambiguous") and utc == ["00:00", "01:00"] and len(set(other)) == 2
    )
)
PY
