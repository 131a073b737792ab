#!/usr/bin/env bash
# One would expect: scan_ndjson of one file, named by its whole path, reads that file, or fails.
# What is true: a path is a pattern, with no way to say otherwise (scan_parquet has glob=False, scan_ndjson has
#   not): of a file in the folder `a[b]` there are no rows and no error; and where there is a folder `ab`, its
#   rows come instead.
# Seen: 2026-11-27, polars 2.1.0, Python 3.11.7: 0 rows, then [100] for a file that holds [1, 2].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
cd "$folder"
venv/bin/python - <<'END'
from pathlib import Path

import polars

file = Path("a[b]").absolute() / "rows.jsonl"
file.parent.mkdir()
file.write_text('{"n": 1}\n{"n": 2}\n')
schema = {"n": polars.Int64}
none = polars.scan_ndjson(file, schema=schema).collect()["n"].to_list()
print("the file in a[b] holds [1, 2]; read:", none)
Path("ab").mkdir()
Path("ab/rows.jsonl").write_text('{"n": 100}\n')
others = polars.scan_ndjson(file, schema=schema).collect()["n"].to_list()
print("with another file in ab; read:", others)
assert (none, others) == ([], [100])
END
