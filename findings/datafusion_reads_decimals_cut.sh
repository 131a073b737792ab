#!/usr/bin/env bash
# DataFusion cuts the digits that a DECIMAL column of a CSV or JSON file has no room for; its cast of the same text rounds.
#
# One would expect: 1.239 in a file read as DECIMAL(9, 2) is 1.24, as cast('1.239' as decimal(9, 2)) of the same engine is, and
#   as DuckDB and Polars read it; or an error, as in pyarrow.
# What is true: the readers of files cut: 1.23, and -1.239 is -1.23. So do ClickHouse's, whose casts cut as well.
# Version: datafusion 55.0.0, duckdb 2.0.1, polars 2.1.0, pyarrow 26.0.1.
# Source: apache/arrow-rs#7355; mended there by #10850 of August 2026, in a release of arrow-rs after the one that
#   DataFusion 55 has.
# What is lost: amounts that were computed to more digits than cents (a fee of 2.9 %) lose up to a cent each, always towards
#   zero, so that it adds up; and a table that is filled once from a file, once by a cast, differs from itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
from decimal import Decimal

import datafusion
import duckdb
import polars as pl
import pyarrow as pa
from pyarrow import csv

fees = ["1.239", "-1.239", "0.579"]
open("fees.csv", "w").write("fee\n" + "\n".join(fees) + "\n")
open("fees.json", "w").write("".join(f'{{"fee": {fee}}}\n' for fee in fees))

schema = pa.schema([("fee", pa.decimal128(9, 2))])
context = datafusion.SessionContext()
context.register_csv("lines", "fees.csv", schema=schema)
context.register_json("objects", "fees.json", schema=schema)


def column(query):
    return context.sql(query).to_arrow_table()[0].to_pylist()


seen = {name: column(f"select fee from {name}") for name in ("lines", "objects")}
cast = [column(f"select cast('{fee}' as decimal(9, 2))")[0] for fee in fees]
others = [
    [fee for (fee,) in duckdb.sql("from read_csv('fees.csv', columns = {fee: 'decimal(9, 2)'})").fetchall()],
    pl.read_csv("fees.csv", schema={"fee": pl.Decimal(9, 2)})["fee"].to_list(),
]
try:
    csv.read_csv("fees.csv", convert_options=csv.ConvertOptions(column_types=schema))
    refused = "no error"
except pa.ArrowInvalid as error:
    refused = str(error)

rounded = [Decimal("1.24"), Decimal("-1.24"), Decimal("0.58")]
print("datafusion", datafusion.__version__, "duckdb", duckdb.__version__, "polars", pl.__version__)
print("DataFusion's cast, DuckDB, Polars:", *[[str(fee) for fee in one] for one in (cast, *others)])
print("pyarrow:", refused)
print("DataFusion's files: expected", [str(fee) for fee in rounded], "seen", [str(fee) for fee in seen["lines"]])
raise SystemExit(
    not (
        cast == others[0] == others[1] == rounded
        and "data loss" in refused
        and seen["lines"] == seen["objects"] == [Decimal("1.23"), Decimal("-1.23"), Decimal("0.57")]
    )
)
PY
