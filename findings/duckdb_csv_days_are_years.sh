#!/usr/bin/env bash
# DuckDB reads 13.02.26 of a CSV file as 26 February 2013.
#
# One would expect: of a column with 31.10.26 and 01.11.26 the days of 2026, since nobody writes the year first and in two digits;
#   or text. With four digits, 31.10.2026, it does find the day first.
# What is true: the sniffer tries year, month, day before day, month, year, and takes what fits all rows. Two digits up to 31 fit
#   as a year, so each day is the year and the year is the day; with a time, dots excepted, the same. Dates such as 02/13/26 are
#   right, because 26 is no month. No error, no warning.
# Version: duckdb 2.0.1.
# Source: DuckDB's docs, "CSV Auto Detection", have the list of date formats, and dateformat='%d.%m.%y'.
# What is lost: a bank's statement, 2001 to 2031, a row a year: months are right, so that the totals by month look well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PY'
from pathlib import Path

import duckdb


def days(text, options=""):
    Path("statement.csv").write_text(text)
    rows = duckdb.sql(f"select booked from read_csv('statement.csv'{options})").fetchall()
    return [str(day) for (day,) in rows]


two = {mark: f"booked,amount\n31{mark}10{mark}26,5\n01{mark}11{mark}26,6\n13{mark}02{mark}26,7\n" for mark in "./-"}
four = two["."].replace(".26", ".2026")
times = "booked,amount\n31/10/26 09:00:00,5\n01/11/26 10:00:00,6\n"
expected = ["2026-10-31", "2026-11-01", "2026-02-13"]
seen = {mark: days(text) for mark, text in two.items()}
print("duckdb", duckdb.__version__)
print("31.10.26, 01.11.26, 13.02.26: expected", *expected)
print("with dateformat:", *days(two["."], ", dateformat='%d.%m.%y'"), "four digits:", *days(four))
for mark, found in seen.items():
    print(f"seen with {mark}", *found)
print("seen with times:", *days(times))
raise SystemExit(
    not (
        days(two["."], ", dateformat='%d.%m.%y'") == days(four) == expected
        and all(found == ["2031-10-26", "2001-11-26", "2013-02-26"] for found in seen.values())
        and days(times) == ["2031-10-26 09:00:00", "2001-11-26 10:00:00"]
    )
)
PY
