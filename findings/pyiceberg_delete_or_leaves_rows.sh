#!/usr/bin/env bash
# pyiceberg's delete leaves rows that match one side of an "or" when the other side's column is null.
#
# One would expect: delete("payout = 'po_1' or amount > 100") deletes the rows that the same filter finds in a scan.
# What is true: a row of po_1 whose amount is null is found by the scan and is not deleted: delete keeps the rows
#   where the two denials both hold, and treats null as a denial. No error; the snapshot says "delete". overwrite()
#   with such a filter appends the new row beside the old one.
# Version: pyiceberg 0.12.0.
# Source: none known; SQL: true or null is true.
# What is lost: a load that replaces rows by such a filter doubles them; a customer's rows that were deleted on
#   request are still there.
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
import pyiceberg
from pyiceberg.catalog.sql import SqlCatalog

warnings.simplefilter("ignore")
here = os.getcwd()
catalog = SqlCatalog("lake", uri=f"sqlite:///{here}/catalog.db", warehouse=f"file://{here}")
catalog.create_namespace("money")
schema = pa.schema([("id", pa.int64()), ("payout", pa.string()), ("amount", pa.int64())])
rows = [
    {"id": 1, "payout": "po_1", "amount": None},
    {"id": 2, "payout": None, "amount": 500},
    {"id": 3, "payout": "po_1", "amount": 500},
    {"id": 4, "payout": "po_2", "amount": 7},
]
either = "payout = 'po_1' or amount > 100"


def fresh(name):
    table = catalog.create_table(f"money.{name}", schema=schema)
    table.append(pa.Table.from_pylist(rows, schema=schema))
    return table


def ids(table, where="id > 0"):
    return sorted(table.scan(where).to_arrow()["id"].to_pylist())


deleted = fresh("deleted")
found = ids(deleted, either)
deleted.delete(either)
replaced = fresh("replaced")
replaced.overwrite(pa.Table.from_pylist(rows[:3], schema=schema), overwrite_filter=either)

print("pyiceberg", pyiceberg.__version__)
print(f"ids found by {either!r}:", found)
print("left after delete(): expected [4]; seen", ids(deleted))
print("after overwrite() with the same three rows: expected [1, 2, 3, 4]; seen", ids(replaced))
raise SystemExit(not (found == [1, 2, 3] and ids(deleted) == [1, 2, 4] and ids(replaced) == [1, 1, 2, 2, 3, 4]))
PY
