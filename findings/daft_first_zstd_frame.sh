#!/usr/bin/env bash
# Daft reads only the first frame of a .zst file: the rows after it are missing.
#
# One would expect: all rows. RFC 8878 says that frames may follow one another and that the content is their sum; `cat
#   a.zst b.zst` and every writer that appends make such files.
# What is true: daft.read_json gives the rows of the first frame and no error. A .gz file of two members is read
#   whole. DuckDB, Polars, pyarrow, pandas, DataFusion and chdb read both whole.
# Version: daft 0.7.26.
# Source: none known.
# What is lost: every row after the first frame, in counts and sums that look right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 zstandard==0.25.0
venv/bin/python - <<'PY'
import gzip
import json

import daft
import zstandard

lines = [json.dumps({"id": i, "net": 1}).encode() + b"\n" for i in range(1000)]
first, second = b"".join(lines[:600]), b"".join(lines[600:])
with open("day.jsonl.zst", "wb") as file:
    for part in (first, second):
        file.write(zstandard.ZstdCompressor().compress(part))
with open("day.jsonl.gz", "wb") as file:
    for part in (first, second):
        file.write(gzip.compress(part))
with zstandard.open("day.jsonl.zst", "rb") as file:
    there = file.read().count(b"\n")

zst = daft.read_json("day.jsonl.zst").count_rows()
total = daft.read_json("day.jsonl.zst").sum("net").to_pydict()["net"][0]
gz = daft.read_json("day.jsonl.gz").count_rows()

print("daft", daft.__version__)
print("lines in the file:", there)
print("rows of day.jsonl.zst: expected 1000; seen", zst, "with a sum of", total)
print("rows of day.jsonl.gz: expected 1000; seen", gz)
raise SystemExit(not (there == gz == 1000 and zst == total == 600))
PY
