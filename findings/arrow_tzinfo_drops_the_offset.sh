#!/usr/bin/env bash
# arrow.get(time, tzinfo=zone) keeps the clock and swaps the zone: 00:30 UTC becomes 00:30 in New York, four hours later.
#
# One would expect: a time that says its offset is that instant, and tzinfo the zone to show it in, as it is for a number
#   of seconds: arrow.get(1793493000, tzinfo="America/New_York") is 20:30 of the day before.
# What is true: of a text with Z or an offset, of a datetime with a zone and of an Arrow the offset is dropped, also with
#   a format that names it (Z), and also for the format of seconds (X), where the same digits as a number are converted.
# Version: arrow 1.4.0; `.to(zone)` converts all of them.
# Source: the docs of arrow.get: tzinfo "replaces the timezone"; arrow-py/arrow#1293, open.
# What is lost: the first hours of a month in New York are those of the next day in UTC: each time is off by the offset,
#   and rows at the edge of a day or month go to the other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check arrow==1.4.0
venv/bin/python - <<'PY'
from datetime import datetime, timezone
from importlib.metadata import version

import arrow

zone, seconds = "America/New_York", 1793493000
text = "2026-11-01T00:30:00Z"
given = {
    "a number": arrow.get(seconds, tzinfo=zone),
    "digits, format X": arrow.get(str(seconds), "X", tzinfo=zone),
    "text with Z": arrow.get(text, tzinfo=zone),
    "text with +00:00": arrow.get("2026-11-01T00:30:00+00:00", tzinfo=zone),
    "text, format with Z": arrow.get("2026-11-01 00:30 +0000", "YYYY-MM-DD HH:mm Z", tzinfo=zone),
    "a datetime in UTC": arrow.get(datetime(2026, 11, 1, 0, 30, tzinfo=timezone.utc), tzinfo=zone),
    "an Arrow in UTC": arrow.get(arrow.get(text), tzinfo=zone),
}
late = {name: time.int_timestamp - seconds for name, time in given.items()}

print("arrow", version("arrow"))
for name, time in given.items():
    print(f"{name}: {time}, {late[name]} s off; expected {arrow.get(seconds).to(zone)}, 0 s off")
raise SystemExit(
    late.pop("a number") != 0
    or set(late.values()) != {4 * 3600}
    or arrow.get(text).to(zone).int_timestamp != seconds
)
PY
