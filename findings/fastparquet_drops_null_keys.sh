#!/usr/bin/env bash
# fastparquet leaves out the rows whose partition key is null when it writes.
#
# One would expect: partition_on="payout" writes all rows; those without a payout go to __HIVE_DEFAULT_PARTITION__, as
#   pyarrow has it behind the very same call of pandas, or they are refused.
# What is true: they are in no file. Neither the write nor the read says so, and the footer's count of rows is that of the
#   rows left. So with pandas' to_parquet(engine="fastparquet", partition_cols=…), too.
# Version: fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1.
# Source: dask/fastparquet#711, open since 2021; the docs of fastparquet.write do not speak of nulls in partition_on.
# What is lost: the rows themselves: all that is not paid out yet, has no account or no customer.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import pathlib
import warnings

import fastparquet
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

warnings.simplefilter("ignore")
rows = pd.DataFrame({"payout": ["po_1", None, "po_2", None], "net": [100, 7, 50, 3]})
fastparquet.write("own", rows, file_scheme="hive", partition_on=["payout"])
rows.to_parquet("by-pandas", engine="fastparquet", partition_cols=["payout"])
rows.to_parquet("by-pyarrow", engine="pyarrow", partition_cols=["payout"])


def count_and_sum(folder):
    files = [pq.read_table(path, columns=["net"], partitioning=None) for path in pathlib.Path(folder).glob("*/*.parquet")]
    return sum(len(file) for file in files), sum(sum(file["net"].to_pylist()) for file in files)


seen = {folder: count_and_sum(folder) for folder in ("by-pyarrow", "own", "by-pandas")}
footer = fastparquet.ParquetFile("own").count()
print("fastparquet", fastparquet.__version__, "pandas", pd.__version__, "pyarrow", pa.__version__)
print("written: 4 rows, net 160, two of them without a payout; expected as many in each folder")
for folder, (count, total) in seen.items():
    print(f"seen, {folder}: {count} rows, net {total}")
print("count() of fastparquet:", footer)
raise SystemExit(seen != {"by-pyarrow": (4, 160), "own": (2, 150), "by-pandas": (2, 150)} or footer != 2)
PY
