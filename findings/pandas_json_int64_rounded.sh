#!/usr/bin/env bash
# pandas says int64[pyarrow] and has rounded the integers on the way.
#
# One would expect: dtype_backend="pyarrow" exists to keep integers beside nulls; a column of the type int64 holds the
#   integers of the file.
# What is true: read_json makes doubles of a column with a null first and converts them to int64 at the end. From 2^53
#   on the values are others, under a type that promises exactness. Without a null they are right; engine="pyarrow" is
#   right.
# Version: pandas 3.1.1, pyarrow 26.0.1.
# Source: pandas' docs of read_json on dtype_backend; none known on the rounding.
# What is lost: ids and amounts in minor units of weak currencies beyond 9,007,199,254,740,992; joins by such ids
#   miss.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pandas==3.1.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import pandas as pd
import pyarrow as pa

with open("rows.jsonl", "w") as file:
    file.write('{"net": 9007199254740993}\n{"net": null}\n')

seen = {
    backend: pd.read_json("rows.jsonl", lines=True, dtype_backend=backend)["net"]
    for backend in ("pyarrow", "numpy_nullable")
}
true = pd.read_json("rows.jsonl", lines=True, engine="pyarrow", dtype_backend="pyarrow")["net"]

print("pandas", pd.__version__, "pyarrow", pa.__version__)
print("expected 9007199254740993")
for backend, column in seen.items():
    print(f"seen, dtype_backend={backend}: {column[0]} of the type {column.dtype}")
print("seen, engine=pyarrow:", true[0], "of the type", true.dtype)
types = [str(column.dtype) for column in seen.values()]
raise SystemExit(
    not (
        [int(c[0]) for c in seen.values()] == [9007199254740992] * 2
        and types == ["int64[pyarrow]", "Int64"]
        and true[0] == 9007199254740993
    )
)
PY
