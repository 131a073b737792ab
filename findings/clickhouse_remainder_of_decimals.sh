#!/usr/bin/env bash
# ClickHouse takes the remainder of a decimal by a whole number from the digits beneath: 10.05 % 3 is 0, and 10.06 % 3 is 0.01.
#
# One would expect: 1.05, as of doubles, as of two decimals (`% toDecimal64(3, 2)`), and as in DuckDB, DataFusion and Polars.
# What is true: the decimal's unscaled number, 1005, is divided by 3 as it stands, and what is left gets the decimal's scale. So
#   `% 1` is 0 of every amount, in `mod`, `modulo` and `positiveModulo` alike, by a literal or by a column.
# Version: chdb 4.4.0 (ClickHouse 26.9.2.1), duckdb 2.0.1.
# Source: ClickHouse/ClickHouse#73093, open since 2024.
# What is lost: the check for fractions of a unit, `amount % 1 <> 0`, finds none; cash rounding by `amount % 5` rounds others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check chdb==4.4.0 duckdb==2.0.1
venv/bin/python - <<'PY'
import chdb
import duckdb

amounts = ["10.05", "10.06", "-10.05"]
words = "select {0} % 3, mod({0}, 1)"
exact = "select {0} % toDecimal64('3', 2), mod({0}, toDecimal64('1', 2))"


def by_clickhouse(query, amount):
    line = str(chdb.query(query.format(f"toDecimal64('{amount}', 2)"), "TabSeparated"))
    return [float(one) for one in line.split()]


def by_duckdb(query, amount):
    return [float(one) for one in duckdb.sql(query.format(f"cast({amount} as decimal(18, 2))")).fetchall()[0]]


expected = [by_duckdb(words, amount) for amount in amounts]
seen = [by_clickhouse(words, amount) for amount in amounts]
of_decimals = [by_clickhouse(exact, amount) for amount in amounts]
print("chdb", chdb.__version__, str(chdb.query("select version()", "TabSeparated")).strip(), "duckdb", duckdb.__version__)
print("% 3 and mod 1 of", *amounts)
print("expected", *expected)
print("seen", *seen)
print("by decimals 3.00 and 1.00", *of_decimals)
raise SystemExit(
    not (
        expected == of_decimals == [[1.05, 0.05], [1.06, 0.06], [-1.05, -0.05]]
        and seen == [[0, 0], [0.01, 0], [0, 0]]
    )
)
PY
