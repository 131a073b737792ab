#!/usr/bin/env bash
# holidays calls Easter Monday and the August bank holiday working days in the United Kingdom.
#
# One would expect: country_holidays("GB") has the bank holidays on which no British bank settles, as workalendar's
#   calendar of the country and QuantLib's of its settlement have them.
# What is true: without a part of the country it has only the days that all parts share, and Scotland's lack Easter Monday
#   and the last Monday of August; is_working_day says True for both. With subdiv="ENG" they are there. Germany's and
#   France's, asked the same way, have Easter Monday.
# Version: holidays 0.109; compared with workalendar 17.0.0 and QuantLib 1.44.
# Source: vacanza/holidays#2491, closed as "working as designed"; gov.uk/bank-holidays has the days.
# What is lost: a payout that is due on such a Monday is expected a day too early, and its money is called missing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check holidays==0.109 workalendar==17.0.0 QuantLib==1.44
venv/bin/python - <<'PY'
from datetime import date, timedelta
from importlib.metadata import version

import QuantLib
from holidays import country_holidays
from workalendar.europe import UnitedKingdom

days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
banks = QuantLib.UnitedKingdom(QuantLib.UnitedKingdom.Settlement)
shut = {
    "holidays": {day for day in days if not country_holidays("GB").is_working_day(day)},
    "holidays, ENG": {day for day in days if not country_holidays("GB", subdiv="ENG").is_working_day(day)},
    "workalendar": {day for day in days if not UnitedKingdom().is_working_day(day)},
    "QuantLib": {day for day in days if not banks.isBusinessDay(QuantLib.Date(day.day, day.month, day.year))},
}
missing = sorted(str(day) for day in shut["QuantLib"] - shut["holidays"])
next_day = str(country_holidays("GB").get_nth_working_day(date(2026, 4, 2), 1))

print("holidays", version("holidays"), "workalendar", version("workalendar"), "QuantLib", version("QuantLib"))
print("bank holidays of 2026 that holidays calls working days: expected none; seen", missing)
print("the working day after Thursday 2 April 2026: expected 2026-04-07; seen", next_day)
raise SystemExit(
    missing != ["2026-04-06", "2026-08-31"]
    or not shut["holidays, ENG"] == shut["workalendar"] == shut["QuantLib"]
    or next_day != "2026-04-06"
    or any(country_holidays(code).is_working_day(date(2026, 4, 6)) for code in ("DE", "FR"))
)
PY
