#!/usr/bin/env bash
# DuckDB rounds Decimals of a DataFrame to the places of a sample of 1000 rows, and drops times and zones likewise.
#
# One would expect: a value that does not fit the type that was found is an error, as a larger number or a text is.
# What is true: of a column of objects with 2000 rows or more every second, third, n-th is looked at. A dinar amount of
#   1.345 among euros becomes 1.35, 12.7 among whole numbers 13, in lists and dicts too; a datetime among dates loses its
#   time, and one with a zone among those without the zone, five hours. With 1999 rows all are looked at.
#   set global pandas_analyze_sample = the number of rows, or a column of Arrow's decimals, keeps all.
# Version: duckdb 2.0.1 with pandas 3.1.1.
# Source: the docs of "object columns" say that a sample gives the type; duckdb/duckdb#17629, open, has the error.
# What is lost: the third decimal of rare currencies and the fractions of rates; a sum differs from that of pandas.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa

ROWS, RARE = 20000, 777
YORK = timezone(timedelta(hours=-5))


def frame(usual, rare):
    values = [usual] * ROWS
    values[RARE] = rare
    return pd.DataFrame({"id": range(ROWS), "v": pd.Series(values, dtype=object)})


def seen(usual, rare):
    rows = frame(usual, rare)
    try:
        return duckdb.sql(f"select v from rows where id = {RARE}").fetchall()[0][0]
    except duckdb.InvalidInputException:
        return "an error"


cases = [
    (Decimal("1.50"), Decimal("12.345"), "an error"),
    (Decimal("1.50"), Decimal("1.345"), Decimal("1.35")),
    (1, 12.7, 13),
    (1, Decimal("12.7"), 13),
    ([1], [12.7], [13]),
    ({"fee": 1}, {"fee": 12.7}, {"fee": 13}),
    (date(2026, 1, 1), datetime(2026, 1, 2, 23), date(2026, 1, 2)),
    (datetime(2026, 1, 1), datetime(2026, 1, 2, 23, tzinfo=YORK), datetime(2026, 1, 2, 23)),
    (1, "x", "an error"),
]
print("duckdb", duckdb.__version__, "pandas", pd.__version__)
found = []
for usual, rare, _ in cases:
    found.append(seen(usual, rare))
    print(f"{rare!r} among {usual!r}: seen {found[-1]!r}")
rows = frame(Decimal("1.50"), Decimal("1.345"))
arrow = rows.astype({"v": pd.ArrowDtype(pa.decimal128(18, 3))})
sums = [rows["v"].sum(), *(duckdb.sql(f"select sum(v) from {one}").fetchall()[0][0] for one in ("rows", "arrow"))]
duckdb.sql(f"set global pandas_analyze_sample = {ROWS}")
whole = duckdb.sql("select sum(v) from rows").fetchall()[0][0]
print("sums by pandas, DuckDB, DuckDB of Arrow's decimals, DuckDB with the option:", *sums, whole)
exact = Decimal("29999.845")
raise SystemExit(found != [one for *_, one in cases] or [*sums, whole] != [exact, Decimal("29999.85"), exact, exact])
PY
