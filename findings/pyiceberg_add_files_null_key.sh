#!/usr/bin/env bash
# pyiceberg's add_files takes a file of two keys if one of them is null, and loses the null's rows.
#
# One would expect: a file whose rows belong to two partitions is refused ("more than one partition value"), as it is
#   for two keys that are not null.
# What is true: the key is inferred from minimum and maximum, which leave nulls out. The whole file is booked under
#   the other key: "is null" finds nothing, count() of the key counts the null's rows too, while a scan of all shows
#   them.
# Version: pyiceberg 0.12.0.
# Source: none known; the API page on add_files says that a file must be of one partition.
# What is lost: the rows without a key (no payout yet): not found by "payout is null", and not replaced or deleted
#   with their partition.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' pyarrow==26.0.1
venv/bin/python - <<'PY'
import os
import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pyiceberg
from pyiceberg.catalog.sql import SqlCatalog

warnings.simplefilter("ignore")
here = os.getcwd()
catalog = SqlCatalog("lake", uri=f"sqlite:///{here}/catalog.db", warehouse=f"file://{here}")
catalog.create_namespace("money")
schema = pa.schema([("id", pa.int64()), ("payout", pa.string())])
table = catalog.create_table("money.rows", schema=schema)
with table.update_spec() as update:
    update.add_identity("payout")


def add(name, payouts):
    pq.write_table(pa.table({"id": range(len(payouts)), "payout": payouts}, schema=schema), name)
    try:
        table.add_files([f"{here}/{name}"])
    except ValueError as error:
        return f"ValueError: {error}"
    return "no error"


two = add("two.parquet", ["po_1", "po_2"])
null = add("null.parquet", ["po_1", None])
rows = sorted(map(str, table.scan().to_arrow()["payout"].to_pylist()))
found = table.scan("payout is null").to_arrow().num_rows
counted = table.scan("payout = 'po_1'").count()

print("pyiceberg", pyiceberg.__version__)
print("a file of po_1 and po_2:", two)
print("a file of po_1 and null: expected the same error; seen", null)
print("rows:", rows, "; where payout is null: expected 1; seen", found)
print("count of po_1: expected 1; seen", counted)
raise SystemExit(
    not (
        two.startswith("ValueError") and null == "no error" and rows == ["None", "po_1"] and (found, counted) == (0, 2)
    )
)
PY
