#!/usr/bin/env bash
# One would expect: `./~name/*.json` is a path in the working directory: that is why one writes the `./`.
# What is true: the `./` is taken off first, and `~name` is looked for as a home: no file is found. (The name of a single file is taken as it is.)
# Seen: 2026-11-27, duckdb 2.0.1, Python 3.11.7: `No files found that match the pattern "./~name/*.json"`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.1
cd "$folder"
venv/bin/python - <<'END'
from pathlib import Path

import duckdb

Path("./~name").mkdir()
Path("./~name/rows.json").write_text('{"n": 1}\n')
assert duckdb.sql(f"select n from read_json('{Path.cwd()}/~name/rows.json')").fetchall() == [(1,)]
try:
    duckdb.sql("select n from read_json('./~name/*.json')").fetchall()
except duckdb.IOException as error:
    print(str(error).splitlines()[0])
else:
    raise SystemExit("it is found now")
END
