#!/usr/bin/env bash
# DuckDB rounds the doubles of later files when the first file has whole numbers in the column.
#
# One would expect: what Polars, pyarrow and DataFusion do: an error that the files differ. Or the wider type.
# What is true: the type comes from the first file by name, and every later value is cast to it: 1.08 becomes 1, 1.92
#   becomes 2, a decimal of four places is rounded to two, a time becomes its date. No error, no warning.
#   union_by_name=true takes the wider type.
# Version: duckdb 2.0.1.
# Source: DuckDB's docs, "Combining Schemas": the schema is by default that of the first file; nothing on rounding.
# What is lost: exchange_rate is a whole 1 in the first month (Arrow infers int64 from it) and all later rates are
#   rounded; the answer changes with the name of the first file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

pq.write_table(
    pa.table({"rate": [1, 1], "fee": pa.array([Decimal("0.10")] * 2, pa.decimal128(9, 2))}), "2026-01.parquet"
)
pq.write_table(
    pa.table({"rate": [1.08, 1.92], "fee": pa.array([Decimal("0.1049")] * 2, pa.decimal128(9, 4))}), "2026-02.parquet"
)

query = "select rate, fee from read_parquet('2026-*.parquet'{}) order by filename, rate"
seen = [tuple(map(str, row)) for row in duckdb.sql(query.format("")).fetchall()]
named = [tuple(map(str, row)) for row in duckdb.sql(query.format(", union_by_name=true")).fetchall()]
try:
    pl.scan_parquet("2026-*.parquet").collect()
    polars = "no error"
except pl.exceptions.SchemaError as error:
    polars = f"SchemaError: {str(error).splitlines()[0]}"

print("duckdb", duckdb.__version__, "polars", pl.__version__)
print("rows of the second file: expected ('1.08', '0.1049'), ('1.92', '0.1049') or an error")
print("seen:", *seen[2:])
print("with union_by_name:", *named[2:])
print("Polars:", polars)
raise SystemExit(
    not (
        seen[2:] == [("1", "0.10"), ("2", "0.10")]
        and named[2] == ("1.08", "0.1049")
        and polars.startswith("SchemaError")
    )
)
PY
