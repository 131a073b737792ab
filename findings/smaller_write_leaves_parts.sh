#!/usr/bin/env bash
# A second, smaller write into a folder leaves the last parts of the first one there.
#
# One would expect: writing the same frame to the same path again replaces it, as a single file is replaced.
# What is true: Dask's to_parquet and Polars' sink_parquet(PartitionBy) replace the files whose numbers come up again
#   and leave the higher numbers: 10 rows written twice are read as 16. No error, no warning. Dask's overwrite=True
#   empties the folder first.
# Version: dask 2026.8.0, pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0.
# Source: Dask's docs of to_parquet, overwrite (False by default); none known for Polars.
# What is lost: a day that is loaded again after rows were withdrawn, or with another number of workers, holds old
#   rows beside the new ones.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'dask[dataframe]==2026.8.0' pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0
venv/bin/python - <<'PY'
import dask
import dask.dataframe as dd
import pandas as pd
import polars as pl

dask.config.set(scheduler="sync")
rows = pd.DataFrame({"id": range(10)})
for partitions in (5, 2):
    dd.from_pandas(rows, npartitions=partitions).to_parquet("by_dask")
by_dask = pl.read_parquet("by_dask/*.parquet")["id"]

for count in (1000, 1):
    frame = pl.LazyFrame({"id": list(range(count)), "account": ["acct_1"] * count})
    frame.sink_parquet(pl.PartitionBy("by_polars", key="account", max_rows_per_file=100), mkdir=True)
by_polars = pl.read_parquet("by_polars/**/*.parquet")["id"]

print("dask", dask.__version__, "polars", pl.__version__)
print(
    "Dask, 10 rows in 5 parts, then again in 2: expected 10 rows; seen", len(by_dask), "of", by_dask.n_unique(), "ids"
)
print("Polars, 1000 rows in files of 100, then 1 row: expected 1 row; seen", len(by_polars))
raise SystemExit(not (len(by_dask) == 16 and by_dask.n_unique() == 10 and len(by_polars) == 901))
PY
