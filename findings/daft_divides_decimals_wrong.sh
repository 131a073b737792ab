#!/usr/bin/env bash
# Daft's division of decimals of 18 digits gives numbers that have nothing to do with the quotient: 10.05 / 3 is 0.0000335….
#
# One would expect: 3.35, or an error where the digits do not suffice; decimals of 12 digits are divided well, those of 19
#   and more are refused with a type error.
# What is true: the quotient of a decimal(18, 2) is declared as decimal(37, 21), the number beneath is too large for it on the way,
#   and wraps around without a word, also for quotients of two such columns, in SQL and in expressions, with either sign.
# Version: daft 0.7.26, pyarrow 25.0.1.
# Source: none known.
# What is lost: fees in percent, averages by hand, amounts from minor units: each a small number, some with the wrong sign, that
#   looks like a rate.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 pyarrow==25.0.1
venv/bin/python - <<'PY'
from decimal import Decimal

import daft
import pyarrow as pa
import pyarrow.compute as pc

amounts = [Decimal("10.05"), Decimal("-2.50"), Decimal("3.33")]
divisors = [Decimal("3.00"), Decimal("2.00"), Decimal("3.00")]
true = [amount / divisor for amount, divisor in zip(amounts, divisors)]


def table(digits):
    kind = pa.decimal128(digits, 2)
    return pa.table({"amount": pa.array(amounts, kind), "divisor": pa.array(divisors, kind)})


def quotients(digits):
    rows = daft.from_arrow(table(digits))
    return rows.select((daft.col("amount") / daft.col("divisor")).alias("q")).to_pydict()["q"]


rows = daft.from_arrow(table(18))
sql = daft.sql("select amount / 3 as q from rows", rows=rows).to_pydict()["q"]
by_pyarrow = pc.divide(table(18)["amount"], table(18)["divisor"]).to_pylist()
print("daft", daft.__version__, "pyarrow", pa.__version__)
print("decimal(12, 2): expected", *true, "seen", *quotients(12))
print("decimal(18, 2): expected", *true, "seen", *quotients(18), "by pyarrow", *by_pyarrow)
print("divided by 3 in SQL: seen", *sql)
raise SystemExit(
    not (
        by_pyarrow == true
        and quotients(12) == true
        and all(abs(seen) < Decimal("0.001") for seen in quotients(18) + sql)
        and quotients(18)[1] > 0 > amounts[1]
        and quotients(18)[2] < 0 < amounts[2]
    )
)
PY
