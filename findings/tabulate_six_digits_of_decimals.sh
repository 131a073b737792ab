#!/usr/bin/env bash
# tabulate writes 123456.78 as 123457, also where it is a Decimal or a text.
#
# One would expect: doubles may be cut to fit a table; a Decimal keeps its digits, as format(Decimal, "g") has it, and a
#   text is printed as it is.
# What is true: a column of numbers, or of texts that look like numbers, goes through a double and the format "g", six
#   digits. The text "12E3", a reference, is 12000. floatfmt=".2f" keeps the cents up to 15 digits;
#   Decimal("90071992547409.93") ends in .94 with it. disable_numparse=True leaves texts alone.
# Version: tabulate 0.10.0.
# Source: the README on floatfmt and disable_numparse; astanin/python-tabulate#176, open, on Decimals.
# What is lost: the cents of every amount from a hundred thousand on, in reports whose smaller amounts are right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check tabulate==0.10.0
venv/bin/python - <<'PY'
from decimal import Decimal
from importlib.metadata import version

from tabulate import tabulate


def written(*values, **options):
    return [line.strip() for line in tabulate([[value] for value in values], tablefmt="plain", **options).splitlines()]


amount = "123456.78"
seen = {
    "Decimal": written(Decimal(amount), Decimal("9876.54")),
    "text": written(amount, "9876.54"),
    "double": written(float(amount), 9876.54),
    "reference": written("12E3", "0345"),
}
long = written(Decimal("90071992547409.93"), Decimal("1.00"), floatfmt=".2f")
kept = written(amount, "9876.54", disable_numparse=True)

print("tabulate", version("tabulate"), "; format of Python:", format(Decimal(amount), "g"))
for name, lines in seen.items():
    print(f"{name}: {lines}")
print("with .2f: expected 90071992547409.93; seen", long[0], "; disable_numparse:", kept)
raise SystemExit(
    seen
    != {
        "Decimal": ["123457", "9876.54"],
        "text": ["123457", "9876.54"],
        "double": ["123457", "9876.54"],
        "reference": ["12000", "345"],
    }
    or long[0] != "90071992547409.94"
    or kept != [amount, "9876.54"]
    or format(Decimal(amount), "g") != amount
)
PY
