#!/usr/bin/env bash
# DataFusion believes that a file is sorted because each of its row groups is.
#
# One would expect: ORDER BY gives sorted rows, whatever a file says of itself.
# What is true: Parquet's sorting_columns speaks of the rows of one row group. DataFusion takes it as the order of the
#   whole file, leaves out the sort, and gives the rows as they lie. LIMIT then picks the wrong row.
# Version: datafusion 55.0.0; the file is written by pyarrow 26.0.1. DuckDB and Polars sort.
# Source: parquet.thrift, RowGroup.sorting_columns (the rows of this row group); DataFusion began to believe it in
#   apache/datafusion#19433 (January 2026).
# What is lost: a day written as several sorted runs (one row group for each window of time) is a valid file; "the
#   newest row", a running balance or a page of ORDER BY created LIMIT 100 are wrong without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
import datafusion
import pyarrow as pa
import pyarrow.parquet as pq

schema = pa.schema([("created", pa.int64()), ("net", pa.int64())])
order = [pq.SortingColumn(0, descending=False, nulls_first=False)]
with pq.ParquetWriter("day.parquet", schema, sorting_columns=order) as writer:
    writer.write_table(pa.table({"created": [30, 40], "net": [3, 4]}, schema=schema))
    writer.write_table(pa.table({"created": [10, 20], "net": [1, 2]}, schema=schema))

context = datafusion.SessionContext()
context.register_parquet("day", "day.parquet")
ordered = context.sql("select created from day order by created").to_pydict()["created"]
first = context.sql("select created from day order by created limit 1").to_pydict()["created"]
least = context.sql("select min(created) as least from day").to_pydict()["least"]

print("datafusion", datafusion.__version__, "pyarrow", pa.__version__)
print("two row groups, each sorted: [30, 40], [10, 20]")
print("order by created: expected [10, 20, 30, 40]; seen", ordered)
print("order by created limit 1: expected [10]; seen", first, "while min(created) is", least)
raise SystemExit(not (ordered == [30, 40, 10, 20] and first == [30] and least == [10]))
PY
