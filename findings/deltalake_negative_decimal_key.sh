#!/usr/bin/env bash
# deltalake writes a negative decimal key as -1.-28, and the table never opens again.
#
# One would expect: a partition by a DECIMAL column takes every value of the column, or refuses on writing.
# What is true: the sign goes before the whole part and before the fraction: -1.28 becomes "-1.-28", -0.01 becomes
#   "0.-1". The commit succeeds. The call raises when it loads what it has just committed, and so does every later
#   DeltaTable(path): the rows that were there before cannot be reached either. 1.28 and -1.00 are fine.
# Version: deltalake 1.6.6.
# Source: Delta protocol, "Partition Value Serialization".
# What is lost: the whole table, by one refund or one negative fee; until somebody takes the last file out of
#   _delta_log by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
venv/bin/python - <<'PY'
import json
from decimal import Decimal

import deltalake
import pyarrow as pa


def rows(fee):
    return pa.table({"id": [1], "fee": pa.array([Decimal(fee)], pa.decimal128(18, 2))})


deltalake.write_deltalake("table", rows("1.28"), partition_by=["fee"])
deltalake.write_deltalake("table", rows("-1.00"), mode="append")
before = deltalake.DeltaTable("table").version()
try:
    deltalake.write_deltalake("table", rows("-1.28"), mode="append")
    write = "no error"
except deltalake.exceptions.DeltaError as error:
    write = str(error)
try:
    after = str(deltalake.DeltaTable("table").version())
except deltalake.exceptions.DeltaError as error:
    after = str(error)
with open("table/_delta_log/00000000000000000002.json") as log:
    value = next(action["add"]["partitionValues"]["fee"] for action in map(json.loads, log) if "add" in action)

print("deltalake", deltalake.__version__)
print("the table is at version", before, "; then -1.28 is appended:", write)
print("in the log: expected '-1.28'; seen", repr(value))
print("opening the table again: expected version 2; seen:", after)
raise SystemExit(not (before == 1 and value == "-1.-28" and after.startswith("Kernel error: Failed to parse value")))
PY
