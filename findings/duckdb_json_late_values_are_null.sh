#!/usr/bin/env bash
# DuckDB reads a JSON field as null in every row if the first 20480 rows, or the first 32 files, have null there.
#
# One would expect: JSON for a field of which the sample told nothing, as for one that holds {} or [] there, so that a later
#   value is kept; or an error, which text among numbers is, and a field that only later rows have.
# What is true: the column has a type of its own, which prints as "NULL" in quotes, and all that comes later is null, be it
#   a number, a text or an object. With such a column beside it, a new field of later rows is dropped too, instead of
#   the error. And a number after 20480 whole ones is rounded, 12.7 to 13. sample_size=-1 gives what is there.
# Version: duckdb 2.0.1.
# Source: duckdb/duckdb#17126, where a maintainer says that the reader must never find the type NULL, for this very reason.
# What is lost: the exchange rates of an account that began to convert late, the description of its first dispute, a new
#   field of the API; amounts are there and the sums right, so nobody looks.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PY'
import json
from pathlib import Path

import duckdb

SAMPLE = 20480
rows = [{"id": number, "rate": None, "fee": 30, "tax": {"fee": 1}} for number in range(SAMPLE)]
rows += [
    {"id": SAMPLE, "rate": 1.08, "fee": 12.7, "tax": {"fee": 0.5}},
    {"id": SAMPLE + 1, "rate": "one", "fee": 1, "tax": {"fee": 1}},
    {"id": SAMPLE + 2, "rate": {"eur": 1.08}, "fee": 1, "tax": {"fee": 1}},
]


def write(name, objects):
    Path(name).write_text("\n".join(json.dumps(one) for one in objects) + "\n")


def read(name, options=""):
    return duckdb.sql(f"select rate, fee, tax.fee from read_json('{name}'{options}) where id >= {SAMPLE} order by id").fetchall()


def kept(sampled, value):
    write("late.ndjson", [sampled] * SAMPLE + [value])
    try:
        return duckdb.sql("from 'late.ndjson'").fetchall()[-1]
    except duckdb.InvalidInputException:
        return "an error"


write("rows.ndjson", rows)
for number in range(32):
    write(f"day-{number:02}.ndjson", rows[:1])
write("day-32.ndjson", rows[SAMPLE : SAMPLE + 1])
seen, whole = read("rows.ndjson"), read("rows.ndjson", ", sample_size=-1")
files = read("day-*.ndjson")

print("duckdb", duckdb.__version__)
print("after the sample: expected", whole, "or an error; seen", seen)
print("in the 33rd file: expected", whole[:1], "or an error; seen", files)
texts = kept({"id": 1, "fee": 30}, {"id": 2, "fee": "12.7"})
new = [kept({"id": 1, "rate": rate}, {"id": 2, "rate": rate, "new": 1}) for rate in (1.08, None)]
lists = kept({"id": 1, "fees": []}, {"id": 2, "fees": [30]})
print("a text among numbers:", texts, "- [30] after empty lists:", lists)
print("a field that is new, beside a column of numbers and one of nulls: expected two errors; seen", new)
raise SystemExit(
    [rate for rate, *_ in seen] != [None] * 3
    or seen[0] != (None, 13, 0)
    or files != [(None, 13, 0)]
    or [rate for rate, *_ in whole] != ["1.08", '"one"', '{"eur":1.08}']
    or whole[0][1:] != (12.7, 0.5)
    or (texts, lists) != ("an error", (2, ["30"]))
    or new != ["an error", (2, None)]
)
PY
