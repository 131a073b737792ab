#!/usr/bin/env bash
# DuckDB rounds half a unit up or to even, depending on the type that a literal happens to have.
#
# One would expect: 2.5 to an integer is one thing in one engine.
# What is true: a DECIMAL is rounded away from zero, a DOUBLE to even: 2.5::integer is 3, 2.5::double::integer is 2. A
#   number written with a point is a DECIMAL, with an exponent a DOUBLE; the same column read from JSON or CSV is a
#   DOUBLE. round() rounds both away from zero. Polars casts decimals to even.
# Version: duckdb 2.0.1, polars 2.1.0.
# Source: DuckDB's docs on numeric types and casting; none known that names both rules.
# What is lost: a half cent for each row, in one direction only: fees computed over a table of DECIMALs and over the
#   same rows read from JSON do not agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 polars==2.1.0
venv/bin/python - <<'PY'
from decimal import Decimal

import duckdb
import polars as pl

with open("rows.jsonl", "w") as file:
    file.write("".join(f'{{"fee": {fee}}}\n' for fee in ("0.5", "1.5", "2.5", "3.5", "4.5")))

(decimals,) = duckdb.sql(
    "select sum(fee::bigint) from (values (0.5), (1.5), (2.5), (3.5), (4.5)) as t(fee)"
).fetchall()[0]
(doubles,) = duckdb.sql("select sum(fee::bigint) from 'rows.jsonl'").fetchall()[0]
(rounded,) = duckdb.sql("select sum(round(fee)::bigint) from 'rows.jsonl'").fetchall()[0]
literals = duckdb.sql("select 2.5::integer, 25e-1::integer").fetchall()[0]
halves = pl.Series([Decimal("0.125"), Decimal("0.375")]).cast(pl.Decimal(9, 2)).to_list()
own = duckdb.sql("select 0.125::decimal(9, 3)::decimal(9, 2), 0.375::decimal(9, 3)::decimal(9, 2)").fetchall()[0]

print("duckdb", duckdb.__version__, "polars", pl.__version__)
print("sum of 0.5, 1.5, 2.5, 3.5, 4.5, each cast to bigint; expected: one number")
print("seen, a table of decimals:", decimals, "; the same from JSON:", doubles, "; round() first:", rounded)
print("2.5::integer and 25e-1::integer:", literals)
print("0.125 and 0.375 to two places: DuckDB", *own, "; Polars", *halves)
raise SystemExit(
    not (
        (decimals, doubles, rounded, literals) == (15, 12, 15, (3, 2))
        and str(own[0]) == "0.13"
        and str(halves[0]) == "0.12"
    )
)
PY
