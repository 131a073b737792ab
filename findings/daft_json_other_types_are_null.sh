#!/usr/bin/env bash
# One would expect: a value that does not fit a declared column is an error, or becomes the column's type; an
#   object in a text column is its JSON text.
# What is true: each of them is null, without a word: objects and lists in text, text in whole numbers, whole
#   numbers beyond 64 bits.
# Seen: 2026-11-27, daft 0.7.26, Python 3.11.7: o [None, 'text', None], n [1, None, None].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check daft==0.7.26
cd "$folder"
venv/bin/python - <<'END'
from pathlib import Path

import daft
from daft import DataType

Path("rows.json").write_text(
    '{"o": {"k": 1}, "n": 1}\n{"o": "text", "n": "2"}\n{"o": [1], "n": 9223372036854775808}\n'
)
schema = {"o": DataType.string(), "n": DataType.int64()}
read = daft.read_json("rows.json", infer_schema=False, schema=schema).to_pydict()
print(read)
assert read == {"o": [None, "text", None], "n": [1, None, None]}
END
