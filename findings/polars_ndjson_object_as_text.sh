#!/usr/bin/env bash
# One would expect: an object read into a String column is its JSON text, as in DuckDB, Spark and ClickHouse, or
#   an error.
# What is true: the text is made anew without escapes for backslashes and tabs: it is not JSON any more, and no
#   error says so.
# Seen: 2026-11-27, polars 2.1.0, Python 3.11.7: json.loads of the column fails with `Invalid \escape`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
cd "$folder"
venv/bin/python - <<'END'
import io
import json

import polars

line = {"o": {"note": 'back \\ slash, tab \t, quote "'}}
text = polars.read_ndjson(io.BytesIO(json.dumps(line).encode() + b"\n"), schema={"o": polars.String})["o"][0]
print("written:", json.dumps(line["o"]), "read:", repr(text))
try:
    json.loads(text)
except json.JSONDecodeError as error:
    print("not JSON:", error)
else:
    raise SystemExit("it is JSON now")
END
