#!/usr/bin/env bash
# One would expect: 1.5 in a JSON file for a column of whole numbers is an error, as in Polars, pyarrow and
#   Spark.
# What is true: DuckDB rounds it, halves to even, DataFusion cuts it off: neither says so.
# Seen: 2026-11-27, duckdb 2.0.1, datafusion 55.0.0, Python 3.11.7: 1.5, -1.5, 2.5 are 2, -2, 2 and 1, -1, 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.1 datafusion==55.0.0 pyarrow==26.0.1
cd "$folder"
venv/bin/python - <<'END'
from pathlib import Path

import datafusion
import duckdb
import pyarrow

Path("rows.json").write_text('{"n": 1.5}\n{"n": -1.5}\n{"n": 2.5}\n')
in_duckdb = [n for (n,) in duckdb.sql("select n from read_json('rows.json', columns = {'n': 'BIGINT'})").fetchall()]
context = datafusion.SessionContext()
context.register_json("rows", "rows.json", schema=pyarrow.schema([("n", pyarrow.int64())]))
in_datafusion = context.sql("select n from rows").to_pydict()["n"]
print("DuckDB:", in_duckdb, "DataFusion:", in_datafusion)
assert (in_duckdb, in_datafusion) == ([2, -2, 2], [1, -1, 2])
END
