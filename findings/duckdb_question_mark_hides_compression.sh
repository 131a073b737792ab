#!/usr/bin/env bash
# One would expect: read_json finds the compression of `part-0.json.gz` from its name, wherever it is.
# What is true: what follows a `?` in the path is cut off before the ending is looked at, as if it were a URL:
#   with a folder `why?` above it the file is read as plain text, and is malformed JSON. With compression =
#   'gzip' it is read.
# Seen: 2026-11-27, duckdb 2.0.1, Python 3.11.7: `Malformed JSON in file …/why?/part-0.json.gz`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.1
cd "$folder"
venv/bin/python - <<'END'
import gzip
from pathlib import Path

import duckdb

for folder in ("why", "why?"):
    Path(folder).mkdir()
    Path(folder, "part-0.json.gz").write_bytes(gzip.compress(b'{"n": 1}\n'))
assert duckdb.sql("select n from read_json('why/part-0.json.gz')").fetchall() == [(1,)]
files = "why[?]/part-0.json.gz"
assert duckdb.sql(f"select n from read_json('{files}', compression = 'gzip')").fetchall() == [(1,)]
try:
    duckdb.sql(f"select n from read_json('{files}')").fetchall()
except duckdb.InvalidInputException as error:
    print(str(error).splitlines()[0])
else:
    raise SystemExit("it is read now")
END
