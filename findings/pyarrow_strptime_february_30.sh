#!/usr/bin/env bash
# pyarrow's strptime reads 30 February as 2 March.
#
# One would expect: an error, or null with error_is_null=True, as for every other text that is no date.
# What is true: a day up to 31 is taken in any month and runs over into the next one. Casting the same text to a
#   timestamp raises; DuckDB and Polars refuse it.
# Version: pyarrow 26.0.1 on Linux.
# Source: apache/arrow#31374, open; the docs of pyarrow.compute.strptime promise null or an error.
# What is lost: rows with a wrong date land in the next month's close instead of in the list of bad rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1
venv/bin/python - <<'PY'
import pyarrow as pa
import pyarrow.compute as pc

text = pa.array(["2026-02-30", "2026-04-31", "2026-02-32", "no date"])
parsed = pc.strptime(text, format="%Y-%m-%d", unit="s", error_is_null=True)
seen = [None if value is None else str(value.date()) for value in parsed.to_pylist()]
strict = pc.strptime(text[:1], format="%Y-%m-%d", unit="s", error_is_null=False).to_pylist()[0]
try:
    pc.cast(text[:1], pa.timestamp("s"))
    cast = "no error"
except pa.ArrowInvalid as error:
    cast = f"ArrowInvalid: {error}"

print("pyarrow", pa.__version__)
print("texts:", text.to_pylist())
print("expected [None, None, None, None]; seen", seen)
print("error_is_null=False: expected an error; seen", strict)
print("cast:", cast)
raise SystemExit(not (seen == ["2026-03-02", "2026-05-01", None, None] and cast.startswith("ArrowInvalid")))
PY
