#!/usr/bin/env bash
# pyarrow's JSON dataset loses the values of a file of one line that has no line end.
#
# One would expect: the row, as pyarrow.json.read_json of the same file gives it, or an error.
# What is true: the row is there and every value in it is null. With a line end, or with two lines, it is right.
# Version: pyarrow 26.0.1.
# Source: apache/arrow#45394, open since January 2025.
# What is lost: the day with a single transaction, written as "\n".join(lines): count is right, its amount is null and
#   the sum goes without it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1
venv/bin/python - <<'PY'
import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.json as pj

os.mkdir("lake")
days = {"01": [10, 20], "02": [30], "03": [40, 50]}
for day, amounts in days.items():
    with open(f"lake/{day}.jsonl", "w") as file:
        file.write("\n".join(f'{{"net": {amount}}}' for amount in amounts))

table = ds.dataset("lake", format="json").to_table()
alone = pj.read_json("lake/02.jsonl")["net"].to_pylist()
seen = table["net"].to_pylist()
total = pc.sum(table["net"]).as_py()

print("pyarrow", pa.__version__)
print("expected [10, 20, 30, 40, 50]; seen", seen)
print("sum: expected 150; seen", total)
print("read_json of the day's file alone:", alone)
raise SystemExit(not (sorted(seen, key=str) == [10, 20, 40, 50, None] and total == 120 and alone == [30]))
PY
