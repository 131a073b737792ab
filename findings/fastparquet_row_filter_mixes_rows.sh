#!/usr/bin/env bash
# fastparquet's row_filter=True gives the rows that pass the fees of other rows, or what lay in memory.
#
# One would expect: to_pandas(filters=[("currency", "==", "eur")], row_filter=True) is the frame of all rows, filtered.
# What is true: a column is read page by page, and the filter is held against as many rows as the page has values, nulls
#   not counted. Where a column has nulls, the pages after the first are read by a filter for other rows, and a page whose
#   last rows alone pass is passed over, so that these rows keep what was in memory. No error, no warning; the number of
#   rows is right. Without row_filter the filter only passes over row groups, and what is read is right.
# Version: fastparquet 2026.9.0, pandas 3.1.1; the same with files of pyarrow 26.0.1 and with its own.
# Source: dask/fastparquet#957, open since March 2025; the docs of to_pandas speak of row_filter as of any filter.
# What is lost: the amounts of the rows that were asked for: "the newest" and "the ones in euros" have others' fees.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import warnings

import fastparquet
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

warnings.simplefilter("ignore")
count = 60_000
month = pa.table(
    {
        "net": range(count),
        "currency": ["usd", "eur", "jpy"] * (count // 3),
        "fee": [number if number % 3 else None for number in range(count)],
    }
)
day = pa.table({"id": ["txn_1", "txn_2", "txn_3", "txn_4"], "net": [1, 2, 3, 4], "payout": [None, "po_1", None, "po_2"]})
pq.write_table(month, "month.parquet")
pq.write_table(day, "day.parquet")
fastparquet.write("own.parquet", day.to_pandas())


def filtered(path, *condition):
    return fastparquet.ParquetFile(path).to_pandas(filters=[condition], row_filter=True)


def values(column):
    return [None if pd.isna(value) else value for value in column.astype(object)]


true = [fee for fee, currency in zip(month["fee"].to_pylist(), month["currency"].to_pylist()) if currency == "eur"]
by_pyarrow = pd.read_parquet("month.parquet", engine="pyarrow", filters=[("currency", "==", "eur")])
whole = fastparquet.ParquetFile("month.parquet").to_pandas()
euros = filtered("month.parquet", "currency", "==", "eur")
differ = sum(one != other for one, other in zip(values(euros["fee"]), true, strict=True))
newest = {path: filtered(path, "net", ">", 2) for path in ("day.parquet", "own.parquet")}

print("fastparquet", fastparquet.__version__, "pandas", pd.__version__, "pyarrow", pa.__version__)
print(f"expected: {len(true)} fees in euros, in all {sum(true)}")
print("seen by pyarrow:", len(by_pyarrow), int(by_pyarrow["fee"].sum()))
print("seen by fastparquet, all rows filtered by pandas:", int(whole["fee"][whole["currency"] == "eur"].sum()))
print("seen with row_filter=True:", len(euros), "fees, of which", differ, "are wrong, in all", int(euros["fee"].sum()))
print("expected of the newest rows: txn_3 without a payout, txn_4 in po_2")
for path, frame in newest.items():
    print(f"seen, {path}:", dict(zip(frame["id"], values(frame["payout"]))))
right = sum(true)
raise SystemExit(
    not (
        len(by_pyarrow) == len(euros) == len(true)
        and int(by_pyarrow["fee"].sum()) == right
        and int(whole["fee"][whole["currency"] == "eur"].sum()) == right
        and differ > 10_000
        and all(list(frame["id"]) == ["txn_3", "txn_4"] for frame in newest.values())
        and all(values(frame["payout"]) == [None, None] for frame in newest.values())
    )
)
PY
