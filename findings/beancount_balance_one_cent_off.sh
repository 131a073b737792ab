#!/usr/bin/env bash
# Beancount's balance assertion holds when the balance is a whole cent off, the cent itself being written down.
#
# One would expect: `balance Assets:Bank 100.00 USD` fails for 100.01, as `balance Assets:Bank 100 USD` does; the more digits
#   are written, the more exactly it is meant. A transaction that is a cent off does fail.
# What is true: the tolerance of an assertion is one unit of its last digit, twice that of a transaction: 99.99 and
#   100.01 pass for 100.00. Without decimals there is none: 100 fails for 100.01. `100.00 ~ 0 USD` is exact.
# Version: beancount 3.2.3.
# Source: beancount.github.io/docs/precision_tolerances.html.
# What is lost: who holds a ledger made from payouts against the bank's statement by such assertions is told that both
#   agree while each month is off by a cent, in either direction; a fee of one cent is never missed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check beancount==3.2.3
venv/bin/python - <<'PY'
from importlib.metadata import version

from beancount import loader

OPENED = "2026-01-01 open Assets:Bank\n2026-01-01 open Income:Sales\n"


def errors(text):
    return [error.message for error in loader.load_string(OPENED + text)[1]]


def asserted(actual, stated):
    paid = f'2026-01-02 * "payout"\n  Assets:Bank  {actual} USD\n  Income:Sales\n'
    return errors(paid + f"2026-01-03 balance Assets:Bank  {stated} USD\n")


passes = [pair for pair in [("100.01", "100.00"), ("99.99", "100.00")] if not asserted(*pair)]
fails = [pair for pair in [("100.02", "100.00"), ("100.01", "100"), ("100.01", "100.00 ~ 0")] if asserted(*pair)]
transaction = errors('2026-01-02 * "a cent off"\n  Assets:Bank  100.01 USD\n  Income:Sales  -100.00 USD\n')

print("beancount", version("beancount"))
print("hold (balance, asserted):", passes)
print("fail:", fails, "and a transaction:", transaction)
raise SystemExit(not (len(passes) == 2 and len(fails) == 3 and len(transaction) == 1))
PY
