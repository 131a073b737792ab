#!/usr/bin/env bash
# beangulp comments out a payout as a duplicate when another of about that amount, or its return, was booked within two days.
#
# One would expect: with the ledger given (`extract -e`), what is left out is what is there already: the same day, amount
#   and sign, the same link or number.
# What is true: two entries between the same accounts count as one if they are at most two days apart and their amounts
#   differ by less than 5 %, whatever the sign; payee, narration, links and tags are not looked at. Tuesday's payout of
#   1,049.00 is a comment beside Monday's of 1,000.00, and so is the return of Monday's. The program's last line is "OK".
# Version: beangulp 0.2.0, beancount 3.2.3; `cmp` or `deduplicate` of an importer replace the rule.
# Source: the docstring of beangulp.similar.heuristic_comparator; beancount/beangulp#162, open, on the sign.
# What is lost: a shop's daily payouts are alike from day to day: most of a week's are left out, and a payout that the
#   bank sent back stands as paid.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check beangulp==0.2.0 beancount==3.2.3
cat >importer.py <<'PY'
import csv
import datetime
from decimal import Decimal

import beangulp
from beancount.core import amount, data


class Payouts(beangulp.Importer):
    def identify(self, filepath):
        return filepath.endswith(".csv")

    def account(self, filepath):
        return "Assets:Bank"

    def extract(self, filepath, existing):
        entries = []
        with open(filepath) as file:
            for line, row in enumerate(csv.DictReader(file)):
                money = amount.Amount(Decimal(row["amount"]), "EUR")
                legs = [
                    data.Posting("Assets:Bank", money, None, None, None, None),
                    data.Posting("Assets:Stripe", -money, None, None, None, None),
                ]
                day, link = datetime.date.fromisoformat(row["day"]), frozenset({row["id"]})
                meta = data.new_metadata(filepath, line)
                entries.append(data.Transaction(meta, day, "*", "Stripe", row["id"], frozenset(), link, legs))
        return entries


beangulp.Ingest([Payouts()])()
PY
cat >ledger.beancount <<'TXT'
2026-01-01 open Assets:Bank
2026-01-01 open Assets:Stripe
2026-10-05 * "Stripe" "po_monday" ^po_monday
  Assets:Bank     1000.00 EUR
  Assets:Stripe  -1000.00 EUR
TXT
cat >days.csv <<'TXT'
day,id,amount
2026-10-06,po_tuesday,1049.00
2026-10-07,re_monday,-1000.00
2026-10-07,po_wednesday,1051.00
2026-10-08,po_thursday,1000.00
TXT
venv/bin/python importer.py extract -e ledger.beancount -o new.beancount days.csv
cat new.beancount
cat ledger.beancount new.beancount >all.beancount
venv/bin/python - <<'PY'
import importlib.metadata

from beancount import loader

entries, errors, _ = loader.load_file("all.beancount")
booked = [entry.narration for entry in entries if hasattr(entry, "narration")]
left_out = [line.split('"')[3] for line in open("new.beancount") if line.startswith("; 2026")]
total = sum(entry.postings[0].units.number for entry in entries if hasattr(entry, "narration"))
print("beangulp", importlib.metadata.version("beangulp"), "beancount", importlib.metadata.version("beancount"))
print("expected of the bank: 1000 + 1049 - 1000 + 1051 + 1000 = 3100.00; seen:", total)
print("booked:", booked, "; left out:", left_out, "; errors:", errors)
raise SystemExit(
    booked != ["po_monday", "po_wednesday", "po_thursday"]
    or left_out != ["po_tuesday", "re_monday"]
    or str(total) != "3051.00"
    or bool(errors)
)
PY
