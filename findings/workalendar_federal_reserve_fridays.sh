#!/usr/bin/env bash
# workalendar's calendar of the Federal Reserve closes it on Fridays on which it is open.
#
# One would expect: `FederalReserveSystem`, "Board of Governors of the Federal Reserve System of the USA", knows the days on
#   which its banks settle.
# What is true: it is the calendar of federal offices, which close on the Friday before a holiday that falls on a
#   Saturday. The Federal Reserve's banks stay open on that Friday. QuantLib and holidays, each with a calendar of the
#   Federal Reserve of their own, call these days business days; all three agree on holidays that fall on a Sunday.
# Version: workalendar 17.0.0; compared with QuantLib 1.44 and holidays 0.109.
# Source: the Federal Reserve's own schedule of holidays, in the note under its table (frbservices.org).
# What is lost: four Fridays in 2026 and 2027. A payout that arrives on one of them is expected on the Monday after, and
#   money that is there is called late.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check workalendar==17.0.0 QuantLib==1.44 holidays==0.109
venv/bin/python - <<'PY'
from datetime import date, timedelta
from importlib.metadata import version

import QuantLib
from holidays import financial_holidays
from workalendar.usa import FederalReserveSystem

calendar = FederalReserveSystem()
quantlib = QuantLib.UnitedStates(QuantLib.UnitedStates.FederalReserve)
listed = financial_holidays("XFED", years=[2026, 2027])
days = [date(2026, 1, 1) + timedelta(days=number) for number in range(730)]

open_by_workalendar = {day for day in days if calendar.is_working_day(day)}
open_by_quantlib = {day for day in days if quantlib.isBusinessDay(QuantLib.Date(day.day, day.month, day.year))}
open_by_holidays = {day for day in days if day.weekday() < 5 and day not in listed}
shut_wrongly = sorted(str(day) for day in open_by_quantlib - open_by_workalendar)

print("workalendar", version("workalendar"), "QuantLib", version("QuantLib"), "holidays", version("holidays"))
print("open by QuantLib and holidays, shut by workalendar:", shut_wrongly)
print("the working day after 2 July 2026:", calendar.add_working_days(date(2026, 7, 2), 1))
raise SystemExit(
    not (
        open_by_quantlib == open_by_holidays
        and shut_wrongly == ["2026-07-03", "2027-06-18", "2027-12-24", "2027-12-31"]
        and not open_by_workalendar - open_by_quantlib
        and calendar.add_working_days(date(2026, 7, 2), 1) == date(2026, 7, 6)
    )
)
PY
