#!/usr/bin/env bash
# csv2ofx writes 12.345 dinars as 12345.00 euros: a point before three digits is a thousand, and one currency is for all.
#
# One would expect: of Stripe's export, for which it has a mapping that names the currency's column, 12.345 kwd; currencies
#   in statements of their own, or an error.
# What is true: a point before exactly three last digits is taken for a separator of thousands, number by number: 12.345
#   is 12345.00, 0.005 is 5.00, 12.34 is 12.34. There is one statement for all rows; its CURDEF is the first row's
#   currency, and no line has one of its own: 5000 yen are 5000.00 euros. QIF has the same amounts.
# Version: csv2ofx 0.34.2 with meza 0.47.0.
# Source: none known; OFX 1.0.2 section 5.2 has CURRENCY for lines that are not in CURDEF's.
# What is lost: charges in currencies of three decimals are a thousandfold, and others are booked at a rate of one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check csv2ofx==0.34.2 meza==0.47.0
cat >charges.csv <<'CSV'
id,description,created,amount,currency,fee,customer_description,card_name
ch_1,one,2026-11-20 10:00,100.00,eur,1.75,,A
ch_2,two,2026-11-20 11:00,5000,jpy,180,,B
ch_3,three,2026-11-20 12:00,12.345,kwd,0.500,,C
ch_4,four,2026-11-20 13:00,12.340,kwd,0.500,,D
ch_5,five,2026-11-20 14:00,12.34,usd,0.66,,E
CSV
venv/bin/csv2ofx -m stripe charges.csv charges.ofx
venv/bin/csv2ofx -q -m stripe charges.csv charges.qif
venv/bin/python - <<'PY'
import re
from importlib.metadata import version
from pathlib import Path

from csv2ofx.utils import convert_amount

ofx, qif = Path("charges.ofx").read_text(), Path("charges.qif").read_text()
currencies = re.findall(r"<CURDEF>(\w+)<|<CURRENCY>|<ORIGCURRENCY>", ofx)
amounts = re.findall(r"<TRNAMT>(.*)</TRNAMT>", ofx)
by_qif = re.findall(r"^T([\d.]+)$", qif, re.MULTILINE)
small = str(convert_amount("0.005"))
print("csv2ofx", version("csv2ofx"), "meza", version("meza"))
print("expected: 100.00 eur, 5000 jpy, 12.345 kwd, 12.34 kwd and 12.34 usd; seen", amounts, "in", currencies)
print("as QIF:", by_qif, "- 0.005:", small)
seen = ["100.00", "5000.00", "12345.00", "12340.00", "12.34"]
raise SystemExit(amounts != seen or by_qif != seen or currencies != ["eur"] or small != "5.00")
PY
