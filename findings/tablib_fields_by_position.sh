#!/usr/bin/env bash
# tablib puts the fields of a JSON object into columns by their position: a fee stands under amount.
#
# One would expect: a JSON object's fields go by their names, and a field that a row lacks is empty, or an error.
# What is true: the first object names the columns, and of each other one only the values are taken, in its own order:
#   {"id": 2, "fee": 59, "amount": 2000} has amount 59 and fee 2000; {"id": 3, "amount": 7, "note": "x"} has the fee "x",
#   and {"id": 4, "fee": 7}, in a table of id and amount, the amount 7. The same through Dataset.dict. stack() of tables whose
#   columns are in another order mixes them as well. A row that is shorter is an error.
# Version: tablib 3.10.0, which django-import-export reads with.
# Source: jazzband/tablib#663, open; RFC 8259 section 4: the order of an object's members has no meaning.
# What is lost: amounts, fees and nets are in one another's columns, for the rows that another writer made.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check tablib==3.10.0
venv/bin/python - <<'PY'
import json
from importlib.metadata import version

from tablib import Dataset, InvalidDimensions

FIRST = {"id": 1, "amount": 1000, "fee": 59}


def last_row(*rows):
    try:
        by_json = Dataset().load(json.dumps(rows), format="json").dict[-1]
    except InvalidDimensions:
        return "an error"
    table = Dataset()
    table.dict = list(rows)
    return by_json if table.dict[-1] == by_json else None


cases = [
    (FIRST, {"id": 2, "fee": 59, "amount": 2000}, {"id": 2, "amount": 59, "fee": 2000}),
    (FIRST, {"id": 3, "amount": 7, "note": "x"}, {"id": 3, "amount": 7, "fee": "x"}),
    ({"id": 1, "amount": 1000}, {"id": 4, "fee": 7}, {"id": 4, "amount": 7}),
    (FIRST, {"id": 5, "amount": 7}, "an error"),
]
print("tablib", version("tablib"))
found = []
for first, row, _ in cases:
    found.append(last_row(first, row))
    print(f"{row} after {first}: seen {found[-1]}")
ours = Dataset().load("id,amount,fee\n1,1000,59\n", format="csv")
theirs = Dataset().load("id,fee,amount\n2,59,2000\n", format="csv")
stacked = ours.stack(theirs).dict[-1]
print("a table with id, fee, amount stacked on one with id, amount, fee: seen", stacked)
raise SystemExit(found != [known for *_, known in cases] or stacked != {"id": "2", "amount": "59", "fee": "2000"})
PY
