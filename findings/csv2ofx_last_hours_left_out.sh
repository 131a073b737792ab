#!/usr/bin/env bash
# csv2ofx leaves out what is later than the clock on the wall, so the last hours of an export in UTC are missing in New York.
#
# One would expect: a converter writes all rows; or, as its help says, those up to today ("end date (default: today)").
# What is true: the end is this moment in local time, and the times of the file are compared as they stand. In New York the
#   charges of the last four or five hours of Stripe's export, which is in UTC, are left out, as are payouts that
#   arrive tomorrow; it says nothing, and exits with 0. --end 2026-11-20 leaves out all of that day but midnight.
# Version: csv2ofx 0.34.2.
# Source: reubano/csv2ofx#39 and #158 complain of rows that silently go, for dates that were read in the wrong order.
# What is lost: the newest rows of each export; where the next one begins at the day after, for good.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check csv2ofx==0.34.2
venv/bin/python - <<'PY'
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

hour, now = timedelta(hours=1), datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
times = {"ch_8h": now - 8 * hour, "ch_2h": now - 2 * hour, "ch_now": now - hour / 30, "po_tomorrow": now + 24 * hour}
fixed = {"ch_midnight": datetime(2026, 11, 20), "ch_morning": datetime(2026, 11, 20, 9, 30)}


def converted(rows, zone, *options):
    head = "id,description,created,amount,currency,customer_description,card_name"
    lines = [f"{name},x,{time:%Y-%m-%d %H:%M},5.00,usd,,A" for name, time in rows.items()]
    Path("rows.csv").write_text("\n".join([head, *lines]) + "\n")
    command = ["venv/bin/csv2ofx", "-m", "stripe", *options, "rows.csv"]
    done = subprocess.run(command, env=os.environ | {"TZ": zone}, check=True, capture_output=True, text=True)
    return re.findall(r"<FITID>(\w+)</FITID>", done.stdout), done.stderr


york, said = converted(times, "America/New_York")
utc, _ = converted(times, "UTC")
last_day, _ = converted(fixed, "UTC", "--end", "2026-11-20")
print("csv2ofx", version("csv2ofx"))
print(f"rows of 8 hours ago, 2 hours ago, now and tomorrow: expected {list(times)}")
print("seen in New York:", york, "in UTC:", utc, "said:", repr(said))
print(f"--end 2026-11-20 of {list(fixed)}: seen", last_day)
raise SystemExit(
    york != ["ch_8h"] or utc != ["ch_8h", "ch_2h", "ch_now"] or said or last_day != ["ch_midnight"]
)
PY
