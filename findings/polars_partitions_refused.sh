#!/usr/bin/env bash
# A hive folder that Polars writes cannot be read by pyarrow or pandas.
#
# One would expect: write_parquet(partition_by=…) makes the folder that every reader of hive partitions takes.
# What is true: Polars keeps the key inside the files as well, and as large_string; pyarrow takes it from the path as
#   string (pandas: as dictionary) and refuses to merge the two. An integer key is refused as well (int64, int32).
# Version: polars 2.1.0, pyarrow 26.0.1, pandas 3.1.1, duckdb 2.0.1.
# Source: none known.
# What is lost: nothing in silence; but the lake that one team writes opens for the other only without
#   partitioning="hive", that is, without skipping files.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1 duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

rows = pl.DataFrame({"net": [10, 20], "account": ["acct_1", "acct_2"], "year": [2025, 2026]})
rows.write_parquet("lake", partition_by="account", mkdir=True)
rows.write_parquet("years", partition_by="year", mkdir=True)


def attempt(read):
    try:
        return str(read())
    except pa.ArrowTypeError as error:
        return f"ArrowTypeError: {error}"


seen = {
    "pyarrow": attempt(lambda: ds.dataset("lake", partitioning="hive").count_rows()),
    "pyarrow, years": attempt(lambda: ds.dataset("years", partitioning="hive").count_rows()),
    "pandas": attempt(lambda: len(pd.read_parquet("lake"))),
    "duckdb": attempt(lambda: duckdb.sql("select count(*) from 'lake/**/*.parquet'").fetchall()[0][0]),
    "polars": attempt(lambda: pl.scan_parquet("lake").collect().height),
}
print("polars", pl.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__, "duckdb", duckdb.__version__)
print("expected: 2 from each")
for reader, answer in seen.items():
    print(f"seen, {reader}: {answer}")
refused = [seen[reader].startswith("ArrowTypeError") for reader in ("pyarrow", "pyarrow, years", "pandas")]
raise SystemExit(not (all(refused) and seen["duckdb"] == seen["polars"] == "2"))
PY
