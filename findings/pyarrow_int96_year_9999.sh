#!/usr/bin/env bash
# pyarrow reads the INT96 time 9999-12-31 as a day in 1816.
#
# One would expect: the date, or an overflow error such as a cast to nanoseconds gives.
# What is true: INT96 becomes timestamp[ns], which ends in April 2262; what lies outside wraps round without a word.
#   coerce_int96_timestamp_unit="us" is right; DuckDB, Polars and DataFusion are right by themselves, pandas is as
#   wrong as pyarrow.
# Version: pyarrow 26.0.1 (read and written).
# Source: the parameter's docs in pyarrow.parquet.read_table; Spark, Hive and Impala can write INT96.
# What is lost: "valid until 9999-12-31" and "never" become the past: open items look expired.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1 polars==2.1.0
venv/bin/python - <<'PY'
import datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

never = datetime.datetime(9999, 12, 31)
times = pa.table({"until": pa.array([never], pa.timestamp("us"))})
pq.write_table(times, "rows.parquet", use_deprecated_int96_timestamps=True)

years = {
    "pyarrow.parquet.read_table": pq.read_table("rows.parquet"),
    "pyarrow.dataset": ds.dataset("rows.parquet").to_table(),
    "pyarrow, coerce_int96_timestamp_unit='us'": pq.read_table("rows.parquet", coerce_int96_timestamp_unit="us"),
    "polars": pl.read_parquet("rows.parquet").to_arrow(),
}
years = {reader: pc.year(table["until"])[0].as_py() for reader, table in years.items()}
print("pyarrow", pa.__version__, "polars", pl.__version__)
print("expected: 9999 from each, or an error")
for reader, year in years.items():
    print(f"seen, {reader}: {year}")
raise SystemExit(list(years.values()) != [1816, 1816, 9999, 9999])
PY
