#!/usr/bin/env bash
# pyarrow writes a folder for a partition column named _date and reads it back as empty.
#
# One would expect: what write_dataset wrote, dataset() of the same module reads.
# What is true: files and folders that begin with "_" or "." are passed over, and so is _date=2026-01-01/. The result
#   is a dataset of no files: 0 rows, no columns, no error. DuckDB and Polars read all rows; Spark passes over "_"
#   names too, but not those with "=" in them.
# Version: pyarrow 26.0.1.
# Source: apache/arrow#33845 and #42160, both closed; ignore_prefixes=["."] is the way out.
# What is lost: all rows, for every table whose partition column is one of the pipeline's own (_date, _account,
#   _dlt_load).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1 duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

rows = pa.table({"net": [10, 20], "_date": ["2026-01-01", "2026-01-02"]})
ds.write_dataset(rows, "lake", format="parquet", partitioning=["_date"], partitioning_flavor="hive")

seen = ds.dataset("lake", format="parquet", partitioning="hive").count_rows()
prefixes = ds.dataset("lake", format="parquet", partitioning="hive", ignore_prefixes=["."]).count_rows()
table = pq.read_table("lake")
other = duckdb.sql("select count(*), sum(net) from 'lake/**/*.parquet'").fetchall()[0]

print("pyarrow", pa.__version__, "duckdb", duckdb.__version__)
print("rows written: 2; DuckDB reads", other)
print("dataset: expected 2; seen", seen, "; with ignore_prefixes=['.']:", prefixes)
print("pyarrow.parquet.read_table: expected (2, 2); seen", table.shape)
raise SystemExit(not (seen == 0 and prefixes == 2 and table.shape == (0, 0) and other == (2, 30)))
PY
