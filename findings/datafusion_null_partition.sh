#!/usr/bin/env bash
# DataFusion reads the null partition as text and finds no nulls in it.
#
# One would expect: the rows of key=__HIVE_DEFAULT_PARTITION__ have a null key: Hive, Spark, pyarrow, Polars and
#   DuckDB write and read it so.
# What is true: the key is the text '__HIVE_DEFAULT_PARTITION__'. "is null" finds nothing, <> finds the row, and a
#   group of that name stands in every report.
# Version: datafusion 55.0.0.
# Source: none known; the folder's name is Hive's (hive.exec.default.partition.name).
# What is lost: rows without a key (no payout yet, no account) are missing from "where payout is null".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1 duckdb==2.0.1
venv/bin/python - <<'PY'
import datafusion
import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

rows = pa.table({"net": [10, 20], "payout": ["po_1", None]})
ds.write_dataset(rows, "lake", format="parquet", partitioning=["payout"], partitioning_flavor="hive")

context = datafusion.SessionContext()
context.register_parquet("t", "lake/", table_partition_cols=[("payout", pa.string())])
seen = {}
for where in ("payout is null", "payout <> 'po_1'"):
    (other,) = duckdb.sql(f"select count(*) from 'lake/**/*.parquet' where {where}").fetchall()[0]
    seen[where] = (other, context.sql(f"select count(*) as n from t where {where}").to_pydict()["n"][0])
values = context.sql("select payout from t order by net").to_pydict()["payout"]

print("datafusion", datafusion.__version__, "duckdb", duckdb.__version__)
for where, (other, found) in seen.items():
    print(f"{where}: expected {other}, as DuckDB; seen {found}")
print("the keys: expected ['po_1', None]; seen", values)
raise SystemExit(
    not (seen == {"payout is null": (1, 0), "payout <> 'po_1'": (0, 1)} and values[1] == "__HIVE_DEFAULT_PARTITION__")
)
PY
