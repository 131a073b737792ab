#!/usr/bin/env bash
# Babel drops the cents of currencies that have cents.
#
# One would expect: format_currency shows an amount with the decimal places that ISO 4217 gives the currency.
# What is true: it takes them from CLDR, which has 0 for currencies whose small coins are out of use: AFN, ALL, IQD,
#   IRR, KPW, LAK, LBP, MGA, MMK, RSD, SOS, SYP, YER and more. 0.99 ALL prints as "ALL 1". py-moneyed prints by it,
#   too. currency_digits=False leaves the number to the pattern of the locale.
# Version: babel 2.18.0, py-moneyed 3.0.
# Source: the docs of babel.numbers.format_currency: "currency_digits: use the currency's natural number of decimal
#   digits"; CLDR's supplementalData, currencyData/fractions.
# What is lost: a statement rounds each row; the printed rows do not add up to the printed total, though Stripe counts
#   these currencies in hundredths.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check babel==2.18.0 py-moneyed==3.0
venv/bin/python - <<'PY'
import importlib.metadata
from decimal import Decimal

import babel
import moneyed
from babel.numbers import format_currency, get_currency_precision

two_places = ["AFN", "ALL", "LAK", "LBP", "MMK", "RSD", "SOS", "YER"]
precision = {code: get_currency_precision(code) for code in two_places}
rows = [Decimal("12.34"), Decimal("0.40"), Decimal("0.40")]
printed = [format_currency(row, "RSD", locale="en_US") for row in rows]
total = format_currency(sum(rows), "RSD", locale="en_US")
money = str(moneyed.Money("12.34", "RSD"))
whole = format_currency(rows[0], "RSD", locale="en_US", currency_digits=False)

print("babel", babel.__version__, "py-moneyed", importlib.metadata.version("py-moneyed"))
print("decimal places by ISO 4217: 2 each; by babel:", precision)
print("rows", *rows, "print as", printed, "with the total", repr(total), "; expected 'RSD 12.34', …")
print("py-moneyed:", repr(money), "; with currency_digits=False:", repr(whole))
plain = [text.replace("\xa0", " ").replace("RSD", "").strip() for text in [*printed, total, whole]]
raise SystemExit(
    not (set(precision.values()) == {0} and plain == ["12", "0", "0", "13", "12.34"] and money.endswith("12"))
)
PY
