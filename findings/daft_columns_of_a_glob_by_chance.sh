#!/usr/bin/env bash
# Daft's read_parquet of a pattern has the columns of one file, and which file that is differs from call to call.
#
# One would expect: the columns of all files, those of the first in order of path, or an error that they differ: in any
#   case the same each time.
# What is true: the columns are those of whichever file its listing, which runs in parallel, comes to first. Of twelve
#   folders of which every other one's file lacks a column, the column is there in some calls and not in others, in one
#   process, with nothing changed; no error and no warning tells it.
# Version: daft 0.7.26, pyarrow 25.0.1 (which writes the files).
# Source: Daft's docs of `read_parquet`: `infer_schema` is "whether to infer the schema of the Parquet", without a word
#   on which file; `schema` adds columns "not found during inference".
# What is lost: a table that got a column one day is read with it today and without it tomorrow. A job that selects the
#   column fails now and then; one that writes on what it has read drops it. With `schema=` the column is always there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 pyarrow==25.0.1
venv/bin/python - <<'PY'
import importlib.metadata
from collections import Counter
from pathlib import Path

import daft
import pyarrow as pa
import pyarrow.parquet as pq

for day in range(12):
    folder = Path("rows") / f"day={day:02d}"
    folder.mkdir(parents=True)
    columns = {"id": [f"txn_{day}"], "net": pa.array([100], pa.int64())}
    if day % 2:
        columns["reason"] = ["fee"]
    pq.write_table(pa.table(columns), folder / "part-0.parquet")

pattern = "rows/day=*/part-0.parquet"
seen = Counter(tuple(daft.read_parquet(pattern).column_names) for _ in range(300))
print("daft", importlib.metadata.version("daft"), dict(seen))
assert set(seen) == {("id", "net"), ("id", "net", "reason")}, "the same columns each time"

told = {"reason": daft.DataType.string()}
always = Counter(tuple(sorted(daft.read_parquet(pattern, schema=told).column_names)) for _ in range(300))
print("with schema=", dict(always))
assert set(always) == {("id", "net", "reason")}
PY
