#!/usr/bin/env bash
# One would expect: a whole number in JSON that is beyond a declared Int64 is an error, as in DuckDB, Polars,
#   Spark and pyarrow.
# What is true: it wraps around, without a word: 2^63 is read as -2^63, and 2^64 + 1 as 1.
# Seen: 2026-11-27, chdb 4.4.0 (ClickHouse 26.9), Python 3.11.7: 9223372036854775807, -9223372036854775808, 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check chdb==4.4.0
cd "$folder"
venv/bin/python - <<'END'
from pathlib import Path

import chdb

Path("rows.json").write_text('{"n": 9223372036854775807}\n{"n": 9223372036854775808}\n{"n": 18446744073709551617}\n')
read = str(chdb.query("select n from file('rows.json', 'JSONEachRow', 'n Int64')", "CSV")).split()
print(read)
assert read == ["9223372036854775807", "-9223372036854775808", "1"]
END
