#!/usr/bin/env bash
# singer-python, which taps are written with, cuts 12.7 to 12 and reads "12,50" as 1250 where a schema allows whole numbers.
#
# One would expect: of "type": ["null", "integer", "number"] the fraction takes the number, as JSON Schema has it; 12.7
#   for an integer is refused, as the text "12.7" is; "12,50" is text, or an error.
# What is true: the first type that Python's int() or float() can make of it wins: int(12.7) is 12, also beside "string".
#   All commas are taken out of texts first: "12,50" is 1250. And "0012" is 12 where "integer" stands before "string".
# Version: singer-python 6.8.0.
# Source: none known; singer.transform of the package.
# What is lost: an amount in whole units loses its cents, one with a decimal comma counts a hundredfold, and an account
#   number its zeros; the target checks what it gets against the same schema, and it fits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check singer-python==6.8.0
venv/bin/python - <<'PY'
from importlib.metadata import version

from singer.transform import SchemaMismatch, transform


def passed(value, types):
    return transform({"v": value}, {"type": "object", "properties": {"v": {"type": types}}})["v"]


cases = [
    (12.7, ["null", "integer", "number"], 12.7, 12),
    (12.7, ["null", "number", "integer"], 12.7, 12.7),
    (12.7, ["null", "integer", "string"], "12.7", 12),
    ("12,50", ["null", "number"], "an error", 1250.0),
    ("12,50", ["null", "integer", "string"], "12,50", 1250),
    ("1.234,56", ["null", "number", "string"], "1.234,56", 1.23456),
    ("0012", ["null", "integer", "string"], "0012", 12),
]
print("singer-python", version("singer-python"))
found = []
for value, types, expected, _ in cases:
    found.append(passed(value, types))
    print(f"{value!r} as {types}: expected {expected!r}; seen {found[-1]!r}")
try:
    passed("12.7", ["integer"])
    refused = False
except SchemaMismatch:
    refused = True
print("the text '12.7' as integer is refused:", refused)
same = [(type(one), one) for one in found] == [(type(seen), seen) for *_, seen in cases]
raise SystemExit(not (same and refused))
PY
