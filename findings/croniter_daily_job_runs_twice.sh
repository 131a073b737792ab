#!/usr/bin/env bash
# croniter runs a daily job twice on the day when the clock goes back.
#
# One would expect: "30 1 * * *" is once a day in any zone: cron(8) takes care that jobs at a fixed time are not run
#   twice, and cronsim, another library for the same lines, has it so.
# What is true: with times in America/New_York it fires at 01:30-04:00 and again at 01:30-05:00 of 1 November 2026, so
#   between 01:00 and 01:59 there, between 02:00 and 02:59 in Paris. In spring, when 02:30 does not exist, both fire once,
#   at 03:00.
# Version: croniter 7.0.0; compared with cronsim 2.8.
# Source: cron(8) of Debian on clocks that change; pallets-eco/croniter#56, closed, on the hour that comes twice.
# What is lost: what the job appends, say the rows of the day before, is there twice; what it sums up is booked twice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check croniter==7.0.0 cronsim==2.8 tzdata==2026.6
venv/bin/python - <<'PY'
from datetime import datetime
from importlib.metadata import version
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim


def runs(line, zone, year, month, day):
    start = datetime(year, month, day, tzinfo=ZoneInfo(zone))
    schedule = croniter(line, start)
    return [
        [str(time) for time in times]
        for times in ([schedule.get_next(datetime) for _ in range(3)], islice(CronSim(line, start), 3))
    ]


print("croniter", version("croniter"), "cronsim", version("cronsim"))
autumn = runs("30 1 * * *", "America/New_York", 2026, 10, 31)
paris = runs("30 2 * * *", "Europe/Paris", 2026, 10, 24)
spring = runs("30 2 * * *", "America/New_York", 2026, 3, 7)
print("expected three days, each once; croniter:", autumn[0], "cronsim:", autumn[1])
print("Paris:", *paris)
print("in spring:", *spring)
twice = ["2026-10-31 01:30:00-04:00", "2026-11-01 01:30:00-04:00", "2026-11-01 01:30:00-05:00"]
raise SystemExit(
    autumn != [twice, [*twice[:2], "2026-11-02 01:30:00-05:00"]]
    or [time[:10] for time in paris[0]] != ["2026-10-24", "2026-10-25", "2026-10-25"]
    or [time[:10] for time in paris[1]] != ["2026-10-24", "2026-10-25", "2026-10-26"]
    or spring[0] != spring[1]
)
PY
