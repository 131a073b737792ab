#!/usr/bin/env bash
# petl's convertnumbers reads (5.00), five taken off as books write it, as the complex number 5+0j.
#
# One would expect: "(5.00)" is -5.00, or stays text, as "12,50", "$5.00" and "5.00-" do.
# What is true: int(), float() and complex() of Python are tried in turn; complex() takes brackets. The sign is lost, and
#   sums of the column are complex. int() also takes "1_000", and the account "0012" is 12.
# Version: petl 1.7.30; with strict=True the other texts are None, and this one is still 5+0j.
# Source: the docs of petl.util.parsers.numparser: "int, long, float and complex"; none known on brackets.
# What is lost: refunds are added instead of taken off: each is wrong by twice its amount; written to CSV and read again,
#   the sum of the column is a complex number as text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check petl==1.7.30
cat >statement.csv <<'CSV'
account,amount
0012,12.50
0012,(5.00)
0012,"12,50"
0012,5.00-
CSV
venv/bin/python - <<'PY'
from importlib.metadata import version

import petl

table = petl.convertnumbers(petl.fromcsv("statement.csv"))
accounts, amounts = petl.values(table, "account").list(), petl.values(table, "amount").list()
two = petl.head(table, 2)
total = petl.values(petl.aggregate(two, "account", sum, "amount"), "value").list()
strict = petl.values(petl.convertnumbers(petl.fromcsv("statement.csv"), strict=True), "amount").list()
largest = sum(abs(amount) for amount in petl.values(two, "amount"))

print("petl", version("petl"))
print("amounts: expected 12.5, -5.0 or '(5.00)', then texts; seen", amounts)
print("12.50 and (5.00): expected a sum of 7.5, or an error; seen", total, "accounts", accounts)
print("with strict=True:", strict)
raise SystemExit(
    amounts != [12.5, 5 + 0j, "12,50", "5.00-"]
    or not isinstance(amounts[1], complex)
    or total != [17.5 + 0j]
    or largest != 17.5
    or strict != [12.5, 5 + 0j, None, None]
    or accounts != [12] * 4
)
PY
