#!/usr/bin/env bash
# dinero sets the precision of all Decimals in the thread to ten digits, as soon as two amounts are added.
#
# One would expect: a library for money computes in a context of its own; 123456789.01 + 0.02 of the rest of the program
#   is 123456789.03, before and after.
# What is true: `getcontext().prec = self.precision` at each step, where the precision is the currency's "base", the 10 of
#   decimal numbers. From then on Decimals of the thread are rounded to ten digits, whoever adds them: 123456789.0.
#   Amounts of 100,000,000.00 and more cannot be printed by dinero itself (InvalidOperation).
# Version: dinero 0.4.0.
# Source: none known; Base._normalize of the package.
# What is lost: the cents of every total from a hundred million on, in code that has never heard of dinero; nothing is
#   raised.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check dinero==0.4.0
venv/bin/python - <<'PY'
from decimal import Decimal, getcontext
from importlib.metadata import version

from dinero import Dinero
from dinero.currencies import USD


def total():
    return Decimal("123456789.01") + Decimal("0.02"), getcontext().prec


made = Dinero("1.00", USD)
before = total()
price = made + Dinero("2.50", USD)
after = total()
print("dinero", version("dinero"), ": 1.00 + 2.50 is", price.format())
print("123456789.01 + 0.02 of Python, before: %s, precision %d" % before)
print("after: expected the same; seen %s, precision %d" % after)
raise SystemExit(before != (Decimal("123456789.03"), 28) or after != (Decimal("123456789.0"), 10))
PY
