#!/usr/bin/env bash
# quiffen reads the dates of one QIF file in two orders: the month first where that gives a date, else the day.
#
# One would expect: a file is of one country; 31/10/2026 settles that the day comes first, or is refused where the month
#   is asked for first.
# What is true: each date is guessed by itself: 31/10/2026 is 31 October, and 01/11/2026 of the next line is 11 January. No
#   error, no warning; with day_first=True it is the same with files of the other order (10/31 and 11/01).
# Version: quiffen 4.0.1.
# Source: the docs of Qif.parse: "day_first: whether the day or month comes first in the date"; not that it is a wish only.
# What is lost: the first twelve days of each month go to other months, the others stay: a statement's sum is right, and
#   each month's is wrong.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check quiffen==4.0.1
venv/bin/python - <<'PY'
import importlib.metadata

import quiffen


def dates(lines, **options):
    text = "!Type:Bank\n" + "".join(f"D{day}\nT100.00\nPPayout\n^\n" for day in lines)
    (account,) = quiffen.Qif.parse_string(text, **options).accounts.values()
    return [str(row.date)[:10] for rows in account.transactions.values() for row in rows]


british, american = ["30/10/2026", "31/10/2026", "01/11/2026"], ["10/30/2026", "10/31/2026", "11/01/2026"]
true = ["2026-10-30", "2026-10-31", "2026-11-01"]
seen = {
    "day first, day_first=True": dates(british, day_first=True),
    "month first": dates(american),
    "day first": dates(british),
    "month first, day_first=True": dates(american, day_first=True),
}
print("quiffen", importlib.metadata.version("quiffen"))
print("three days in a row: expected", true, "or an error")
for file, found in seen.items():
    print(f"seen, {file}: {found}")
split = ["2026-10-30", "2026-10-31", "2026-01-11"]
raise SystemExit(list(seen.values()) != [true, true, split, split])
PY
