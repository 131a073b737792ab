#!/usr/bin/env bash
# Dask's .loc loses rows when two files share the value at their border.
#
# One would expect: loc[3] gives all rows of 3, as it does without divisions, and as set_index(sorted=True) takes care
#   of.
# What is true: with calculate_divisions=True the divisions come from the files' statistics, and a value that ends one
#   file and begins the next is looked for in the later one only. No error, no warning; unknown divisions are right.
# Version: dask 2026.8.0, pandas 3.1.1, pyarrow 26.0.1.
# Source: none known; the docs of read_parquet call the option a way to calculate divisions from statistics.
# What is lost: transactions of the second (or day) that stands at the end of one file and the start of the next.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'dask[dataframe]==2026.8.0' pandas==3.1.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import os

import dask
import dask.dataframe as dd
import pyarrow as pa
import pyarrow.parquet as pq

dask.config.set(scheduler="sync")
os.mkdir("lake")
pq.write_table(pa.table({"created": [1, 2, 3], "net": [10, 10, 10]}), "lake/0.parquet")
pq.write_table(pa.table({"created": [3, 4, 5], "net": [10, 10, 10]}), "lake/1.parquet")

plain = dd.read_parquet("lake", index="created")
divided = dd.read_parquet("lake", index="created", calculate_divisions=True)
found = {
    name: [len(frame.loc[3].compute()), len(frame.loc[3:].compute())]
    for name, frame in (("plain", plain), ("divided", divided))
}

print("dask", dask.__version__, "divisions", divided.divisions)
print("[rows of 3, rows from 3 on]: expected [2, 4]")
print("without divisions: seen", found["plain"])
print("calculate_divisions=True: seen", found["divided"], "of", len(divided), "rows")
raise SystemExit(found != {"plain": [2, 4], "divided": [1, 3]})
PY
