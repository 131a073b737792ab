#!/usr/bin/env bash
# Polars cuts the fraction off numbers that come after 100 whole ones.
#
# One would expect: rows that come as Python dicts, as a JSON array or from a database cursor keep their values, or
#   the call raises, since the default is strict=True and read_ndjson and a plain list of values both raise.
# What is true: the types are taken from the first 100 rows; a later 1.9 in a column found to be Int64 becomes 1, with
#   no error and no warning. Nested fields are cut in the same way.
# Version: polars 2.1.0 (infer_schema_length=None reads all rows first and is right).
# Source: the API reference of polars.from_dicts and polars.read_database says how many rows are looked at, not what
#   becomes of a value that does not fit; pola-rs/polars#23190, open, is about columns lost in the same way.
# What is lost: exchange_rate is 1 for an account of one currency and 1.08342 on the day of its first foreign payment;
#   converted amounts are then wrong by the fraction, in a frame that looks whole.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0
venv/bin/python - <<'PY'
import io
import json
import sqlite3

import polars as pl

rows = [{"id": i, "rate": 1, "fee": {"rate": 1}} for i in range(100)]
rows.append({"id": 100, "rate": 1.9, "fee": {"rate": 1.9}})

database = sqlite3.connect(":memory:")
database.execute("create table rows (id integer, rate numeric)")
database.executemany("insert into rows values (?, ?)", [(row["id"], row["rate"]) for row in rows])

seen = {
    "from_dicts": pl.from_dicts(rows)["rate"][-1],
    "from_dicts, nested": pl.from_dicts(rows)["fee"][-1]["rate"],
    "read_json": pl.read_json(io.StringIO(json.dumps(rows)))["rate"][-1],
    "read_database": pl.read_database("select * from rows order by id", database)["rate"][-1],
}
whole = pl.from_dicts(rows, infer_schema_length=None)["rate"][-1]
try:
    pl.read_ndjson(io.BytesIO(b"\n".join(json.dumps(r).encode() for r in rows)))
    ndjson = "no error"
except pl.exceptions.ComputeError as error:
    ndjson = f"ComputeError: {str(error).splitlines()[0]}"

print("polars", pl.__version__)
print("the last row holds rate 1.9; expected: 1.9 or an error")
for way, value in seen.items():
    print(f"seen, {way}: {value}")
print("seen, from_dicts(infer_schema_length=None):", whole)
print("seen, read_ndjson of the same rows:", ndjson)
raise SystemExit(not (set(seen.values()) == {1} and whole == 1.9 and ndjson.startswith("ComputeError")))
PY
