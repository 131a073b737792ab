#!/usr/bin/env bash
# Polars reads the partition columns of a Delta table from the paths, not from the log.
#
# One would expect: the partition values that the log gives for each file, as the protocol says and as deltalake, Daft
#   and chdb read them; the names of the files mean nothing.
# What is true: where the path does not spell them as key=value folders, every partition column is null, without an
#   error. A filter on the key finds nothing, "is null" finds all.
# Version: polars 2.1.0 with deltalake 1.6.6.
# Source: Delta protocol, "Add File and Remove File": partitionValues; hive-style directories are a convention only.
# What is lost: on tables whose files lie flat or under random prefixes (delta.randomizeFilePrefixes, files committed
#   by metadata alone) an account's or a day's rows are not found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0 deltalake==1.6.6 pyarrow==26.0.1
venv/bin/python - <<'PY'
import os

import deltalake
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import AddAction, create_table_with_add_actions

os.makedirs("table")
actions = []
for name, account in (("a.parquet", "acct_1"), ("b.parquet", "acct_2")):
    pq.write_table(pa.table({"id": [1]}), f"table/{name}")
    size = os.path.getsize(f"table/{name}")
    actions.append(AddAction(name, size, {"account": account}, 0, True, '{"numRecords": 1}'))
schema = deltalake.Schema.from_arrow(pa.schema([("id", pa.int64()), ("account", pa.string())]))
create_table_with_add_actions("table", schema, actions, mode="error", partition_by=["account"])

query = deltalake.QueryBuilder().register("t", deltalake.DeltaTable("table"))
true = pa.table(query.execute("select account from t order by account").read_all())["account"].to_pylist()
seen = pl.scan_delta("table").collect()["account"].to_list()
found = pl.scan_delta("table").filter(pl.col("account") == "acct_1").collect().height

print("polars", pl.__version__, "deltalake", deltalake.__version__)
print("accounts, expected and read by deltalake:", true)
print("accounts read by polars.scan_delta:", seen)
print("rows of acct_1: expected 1; seen", found)
raise SystemExit(not (true == ["acct_1", "acct_2"] and seen == [None, None] and found == 0))
PY
