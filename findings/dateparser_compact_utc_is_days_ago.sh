#!/usr/bin/env bash
# dateparser reads 20261101T003000Z, a time in ISO 8601's basic form, as three thousand days ago.
#
# One would expect: half past midnight UTC on 1 November 2026, as datetime.fromisoformat has it; or None, as for the same
#   text without the Z or with +0100.
# What is true: no language is named, so all are tried, and Lower Sorbian takes "003000 z" for "3000 days ago", counted
#   from the moment of the call. 000000Z is today, 120000Z is in 1698. STRICT_PARSING changes nothing; with
#   languages=["en"] it is None.
# Version: dateparser 1.5.0.
# Source: none known; DateDataParser names the locale, dsb. scrapinghub/dateparser#1125, open, on dates of ISO 8601 and
#   locales.
# What is lost: the times of rows: a different day for each time of day, midnight always today, and another one tomorrow.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check dateparser==1.5.0
venv/bin/python -W ignore - <<'PY'
from datetime import datetime, timedelta
from importlib.metadata import version

import dateparser
from dateparser.date import DateDataParser

now = datetime(2026, 11, 28)
settings = {"RELATIVE_BASE": now, "STRICT_PARSING": True}


def read(text, **options):
    return dateparser.parse(text, settings=settings, **options)


seen = {text: read(text) for text in ("20261101T003000Z", "20261101T000000Z", "20261101T120000Z")}
silent = [read("20261101T003000"), read("20261101T003000+0100"), read("20261101T003000Z", languages=["en"])]
locale = DateDataParser().get_date_data("20261101T003000Z").locale

print("dateparser", version("dateparser"))
for text, time in seen.items():
    print(f"{text}: expected {text[:4]}-11-01 or None; seen {time}")
print("by the locale", locale, "; without the Z, with an offset, and in English:", silent)
raise SystemExit(
    list(seen.values()) != [now - timedelta(days=3000), now, now - timedelta(days=120000)]
    or silent != [None] * 3
    or locale != "dsb"
)
PY
