#!/usr/bin/env bash
# DataFusion writes rows whose partition key is null under 0, false, 1970-01-01, '' or another row's key.
#
# One would expect: COPY … PARTITIONED BY puts a null key into key=__HIVE_DEFAULT_PARTITION__, as Hive, Spark, pyarrow,
#   Polars and DuckDB do, or refuses it, as it does with keys of decimals and times.
# What is true: the null is not looked at, and what lies beneath it becomes the folder: key=0 for integers, key=false, for
#   dates key=1970-01-01, an empty key for text. Of a dictionary column the null's rows go to the folder of the dictionary's
#   first value. The key is in no file, so what it was is gone; every reader gives the made-up one.
# Version: datafusion 55.0.0, pyarrow 26.0.1, duckdb 2.0.1, polars 2.1.0.
# Source: apache/datafusion#18083, open, on reading such partitions; none known on writing them.
# What is lost: rows without a payout, an account or a date of arrival turn up as those of payout 0, of the other
#   account, of 1 January 1970; the sum of all is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0
venv/bin/python - <<'PY'
import datetime
import importlib.metadata
import pathlib

import datafusion
import duckdb
import polars as pl
import pyarrow as pa


def rows(values):
    return pa.table({"key": values, "net": pa.array([100, 7])})


def by_datafusion(name, values):
    context = datafusion.SessionContext()
    context.register_record_batches("t", [rows(values).to_batches()])
    context.sql(f"COPY t TO '{name}' STORED AS PARQUET PARTITIONED BY (key)").collect()
    folders = sorted(path.name for path in pathlib.Path(name).iterdir())
    read = duckdb.sql(f"from read_parquet('{name}/**/*.parquet', hive_partitioning = true) order by net desc")
    return folders, [(str(key), net) for net, key in read.fetchall()]


integers = pa.array([12, None], pa.int64())
nothing = "__HIVE_DEFAULT_PARTITION__"
pl.DataFrame(rows(integers)).write_parquet("polars", partition_by=["key"], mkdir=True)
by_polars = sorted(path.name for path in pathlib.Path("polars").iterdir())
seen = {
    "int64": by_datafusion("integers", integers),
    "date32": by_datafusion("dates", pa.array([datetime.date(2026, 1, 31), None])),
    "bool": by_datafusion("booleans", pa.array([True, None])),
    "string": by_datafusion("texts", pa.array(["po_1", None])),
    "dictionary": by_datafusion("dictionaries", pa.array(["acct_1", None]).dictionary_encode()),
}
print("datafusion", importlib.metadata.version("datafusion"), "duckdb", duckdb.__version__, "polars", pl.__version__)
print("the second row's key is null; Polars writes", by_polars)
for kind, (folders, read) in seen.items():
    print(f"expected key={nothing}; seen, {kind}: {folders}, read by DuckDB as {read}")
expected = {
    "int64": (["key=0", "key=12"], [("12", 100), ("0", 7)]),
    "date32": (["key=1970-01-01", "key=2026-01-31"], [("2026-01-31", 100), ("1970-01-01", 7)]),
    "bool": (["key=false", "key=true"], [("true", 100), ("false", 7)]),
    "string": (["key=", "key=po_1"], [("po_1", 100), ("", 7)]),
    "dictionary": (["key=acct_1"], [("acct_1", 100), ("acct_1", 7)]),
}
raise SystemExit(seen != expected or by_polars != ["key=12", f"key={nothing}"])
PY
