#!/usr/bin/env bash
# DuckDB reads "BST", the United Kingdom's clock in summer, as the clock of Bangladesh: five hours off, in summer only.
#
# One would expect: 00:30 BST is 23:30 UTC, as the zone's own database says of Europe/London in summer, and as Postgres has
#   it; or that a name which means several clocks is refused, as EDT, PDT and CEST are.
# What is true: read_csv finds the column to be TIMESTAMP WITH TIME ZONE by itself; 00:30 BST becomes 18:30 UTC of the day
#   before, 00:30 GMT of the same file is right. AST is Alaska's (the Atlantic's is four hours east of it), NST New
#   Zealand's. A zone's short name means its summer clock, too: noon PST in July is 19:00 UTC. A cast of text and strptime
#   with %Z do the same; 'Europe/London' and +01 are right.
# Version: duckdb 2.0.1; pandas 3.1.1 refuses BST.
# Source: DuckDB's list of time zones has BST as an alias of Asia/Dhaka (ICU's three-letter names of old); its pages on
#   timestamps do not warn of it.
# What is lost: bank exports of half a year: what came before five in the morning is counted on the wrong day, and a payout
#   is matched a day early; in winter, when it is tried, all is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 tzdata==2026.6
printf 'payment,booked\nsummer,2026-07-01 04:30:00 BST\nwinter,2026-12-01 04:30:00 GMT\n' >bank.csv
venv/bin/python - <<'PY'
import datetime
import zoneinfo

import duckdb
import pandas as pd

london = zoneinfo.ZoneInfo("Europe/London")
named = datetime.datetime(2026, 7, 1, 4, 30, tzinfo=london)
con = duckdb.connect()
con.execute("set timezone = 'UTC'")


def utc(text):
    return con.execute("select strftime(cast(? as timestamptz), '%Y-%m-%d %H:%M')", [text]).fetchone()[0]


rows = con.execute("select payment, typeof(booked), strftime(booked, '%Y-%m-%d %H:%M') from 'bank.csv'").fetchall()
try:
    pandas = str(pd.to_datetime("2026-07-01 04:30:00 BST"))
except ValueError:
    pandas = "refused"
casts = {zone: utc(f"2026-07-01 12:00:00 {zone}") for zone in ["Europe/London", "BST", "AST", "PST"]}

print("duckdb", duckdb.__version__, "pandas", pd.__version__)
print("04:30 of 1 July in London is", named.tzname(), "and", named.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"))
print("expected of bank.csv: 2026-07-01 03:30 and 2026-12-01 04:30; seen:", rows)
print("noon of 1 July by name, in UTC:", casts, "; BST in pandas:", pandas)
raise SystemExit(
    rows
    != [
        ("summer", "TIMESTAMP WITH TIME ZONE", "2026-06-30 22:30"),
        ("winter", "TIMESTAMP WITH TIME ZONE", "2026-12-01 04:30"),
    ]
    or named.tzname() != "BST"
    or [value[-5:] for value in casts.values()] != ["11:00", "06:00", "20:00", "19:00"]
    or pandas != "refused"
)
PY
