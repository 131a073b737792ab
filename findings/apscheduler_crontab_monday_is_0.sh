#!/usr/bin/env bash
# APScheduler's from_crontab runs "0 6 * * 1" on Tuesdays.
#
# One would expect: the fifth field of a crontab counts from Sunday, 0, as crontab(5) has it; so Monday is 1, "1-5" is Monday to
#   Friday, and a method named from_crontab reads it so, as croniter does.
# What is true: the numbers are those of the library's own day_of_week, Monday 0 to Sunday 6: "1" is Tuesday, "1-5" Tuesday to
#   Saturday, "0" Monday; 7 is refused. Names (mon-fri) are right. And a day of the month beside a weekday has both to
#   hold, where cron takes either.
# Version: APScheduler 3.11.3, croniter 7.0.0.
# Source: agronholm/apscheduler#286: to stay in 3.x, mended in 4.0, which is not released. The docs of the trigger number the
#   weekdays from Monday; those of from_crontab speak of "a standard crontab expression".
# What is lost: a sync or a report of every working day is not made on Monday, and is on Saturday.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check APScheduler==3.11.3 croniter==7.0.0
venv/bin/python - <<'PY'
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter

start = datetime(2026, 11, 1, tzinfo=timezone.utc)


def apscheduler(line):
    trigger, day, days = CronTrigger.from_crontab(line, timezone=timezone.utc), start, set()
    while (day := trigger.get_next_fire_time(None, day + timedelta(seconds=1))) < start + timedelta(days=7):
        days.add(day.strftime("%a"))
    return days


def cron(line):
    days, times = set(), croniter(line, start)
    while (day := times.get_next(datetime)) < start + timedelta(days=7):
        days.add(day.strftime("%a"))
    return days


lines = ("0 6 * * 1", "0 6 * * 1-5", "0 6 * * 0", "0 6 * * mon-fri")
seen = [apscheduler(line) for line in lines]
other = [cron(line) for line in lines]

print("APScheduler", version("APScheduler"), "croniter", version("croniter"))
for line, expected, found in zip(lines, other, seen):
    print(f"{line}: expected {sorted(expected)}; seen {sorted(found)}")
working = {"Mon", "Tue", "Wed", "Thu", "Fri"}
raise SystemExit(
    not (
        other == [{"Mon"}, working, {"Sun"}, working]
        and seen == [{"Tue"}, working - {"Mon"} | {"Sat"}, {"Mon"}, working]
    )
)
PY
