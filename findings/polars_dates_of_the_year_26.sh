#!/usr/bin/env bash
# Polars reads 05/04/26 as the fifth of April of the year 26, and an American file's first twelve days as months.
#
# One would expect: try_parse_dates and str.to_date() take what can be read in one way, as ISO 8601; a year of two digits is
#   2026, as in strptime's %y, or no date.
# What is true: 05/04/26, 5-4-26 and 05.04.26 are dates of the year 26, in a column of type Date, without a warning;
#   to_datetime() refuses them. With four digits the day stands first, always: 05/04/2026 is the fifth of April in a file
#   from New York too. A file that has a 25th in second place among its first 100 rows stays text, so it is the
#   files of the first twelve days, or of fewer rows, that turn.
# Version: polars 2.1.0; to pandas 3.1.1 both are the fourth of May 2026.
# Source: the docs of read_csv: "most ISO8601-like formats can be inferred"; nothing on the order or on short years.
# What is lost: rows of the first days of a month fall into other months, or two thousand years outside of every range;
#   a filter by date drops them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0
venv/bin/python - <<'PY'
from datetime import date

import polars as pl


def by_csv(*days):
    file = "id,day\n" + "".join(f"{number},{day}\n" for number, day in enumerate(days))
    return pl.read_csv(file.encode(), try_parse_dates=True)["day"].to_list()


def by_text(method, day):
    try:
        return getattr(pl.Series([day]).str, method)()[0]
    except pl.exceptions.InvalidOperationError:
        return "an error"


old = date(26, 4, 5)
texts = ("05/04/26", "5-4-26", "05.04.26")
short = {day: (by_csv(day)[0], by_text("to_date", day), by_text("to_datetime", day)) for day in texts}
first_days = by_csv("05/01/2026", "05/04/2026", "05/12/2026")
month = by_csv("05/04/2026", "05/25/2026")
rows = by_csv("2026-04-05", "2026-04-06")
kept = pl.DataFrame({"day": by_csv("05/04/26", "06/04/26")}).filter(pl.col("day") >= date(2026, 1, 1)).height
print("polars", pl.__version__)
for day, found in short.items():
    print(f"{day}: expected 2026 or no date; seen by read_csv, to_date, to_datetime: {[str(one) for one in found]}")
print("05/01, 05/04, 05/12/2026:", [str(day) for day in first_days], "- with 05/25/2026:", month)
print("rows of two, 05/04/26 and 06/04/26, since January 2026: expected 2; seen", kept)
raise SystemExit(
    list(short.values()) != [(old, old, "an error")] * 3
    or first_days != [date(2026, 1, 5), date(2026, 4, 5), date(2026, 12, 5)]
    or month != ["05/04/2026", "05/25/2026"]
    or rows != [date(2026, 4, 5), date(2026, 4, 6)]
    or kept != 0
)
PY
