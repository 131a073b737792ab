#!/usr/bin/env bash
# LanceDB cuts doubles down to whole numbers when they are added to an integer column.
#
# One would expect: a refusal, or the wider type. merge_insert of the same package refuses ("truncated converting to
#   int64"), and add refuses text.
# What is true: add() casts each value to the column's type: 1.9 is stored as 1. No error, no warning.
# Version: lancedb 0.40.0.
# Source: none known; the docs of Table.add speak of on_bad_vectors, not of other columns.
# What is lost: a table whose type was taken from a first batch of whole numbers (rate 1) loses the fraction of all
#   that follows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check lancedb==0.40.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
import lancedb
import pyarrow as pa

database = lancedb.connect("lake")
table = database.create_table("rates", pa.table({"id": [1], "rate": [1]}))
table.add(pa.table({"id": [2], "rate": [1.9]}))
try:
    table.merge_insert("id").when_not_matched_insert_all().execute(pa.table({"id": [3], "rate": [2.9]}))
    merge = "no error"
except RuntimeError as error:
    merge = str(error).splitlines()[0].partition(" Detail")[0]

seen = table.to_arrow().sort_by("id")["rate"].to_pylist()
print("lancedb", lancedb.__version__)
print("rates: expected [1, 1.9] or an error; seen", seen)
print("merge_insert of 2.9:", merge)
raise SystemExit(not (seen == [1, 1] and "truncated" in merge))
PY
