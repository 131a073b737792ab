#!/usr/bin/env bash
# deltalake cuts doubles down to whole numbers when it appends them to an integer column.
#
# One would expect: a refusal. A decimal of another scale, a time without a zone or a value beyond the column's range
#   is refused.
# What is true: append with 7.9 stores 7, and schema_mode="merge" does the same instead of widening the column; text
#   such as '8' is stored as 8. No error, no warning.
# Version: deltalake 1.6.6.
# Source: none known.
# What is lost: exchange_rate is 1 in the first load (an account of one currency), so the column is created as an
#   integer; each later rate loses its fraction.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
venv/bin/python - <<'PY'
from decimal import Decimal

import deltalake
import pyarrow as pa

deltalake.write_deltalake("table", pa.table({"id": [1], "rate": [1]}))
deltalake.write_deltalake("table", pa.table({"id": [2], "rate": [7.9]}), mode="append")
deltalake.write_deltalake("table", pa.table({"id": [3], "rate": [-7.9]}), mode="append", schema_mode="merge")
deltalake.write_deltalake("money", pa.table({"rate": pa.array([Decimal("1.10")], pa.decimal128(10, 2))}))
try:
    other = pa.table({"rate": pa.array([Decimal("1.1999")], pa.decimal128(10, 4))})
    deltalake.write_deltalake("money", other, mode="append")
    decimals = "no error"
except deltalake.exceptions.SchemaMismatchError as error:
    decimals = f"SchemaMismatchError: {error}"

query = deltalake.QueryBuilder().register("t", deltalake.DeltaTable("table"))
seen = pa.table(query.execute("select rate from t order by id").read_all())["rate"].to_pylist()
print("deltalake", deltalake.__version__)
print("appended 7.9, then -7.9 with schema_mode=merge: expected [1, 7.9, -7.9] or an error; seen", seen)
print("a decimal of another scale:", decimals)
raise SystemExit(not (seen == [1, 7, -7] and decimals.startswith("SchemaMismatchError")))
PY
