#!/usr/bin/env bash
# pandera looks at no value of a Polars LazyFrame: a schema that refuses a DataFrame passes the same rows when lazy.
#
# One would expect: `Model.validate(pl.scan_parquet(path))`, with `unique`, `ge` and columns that hold no nulls, fails where
#   `Model.validate(pl.read_parquet(path))` does; at the latest when the result is collected.
# What is true: of a LazyFrame only names and types are checked, whatever `lazy=` says; neither validating nor collecting
#   raises or warns. PANDERA_VALIDATION_DEPTH=SCHEMA_AND_DATA in the environment makes both alike.
# Version: pandera 0.35.0, polars 1.33.1.
# Source: pandera.readthedocs.io/en/stable/polars.html, under error reporting; github.com/unionai-oss/pandera/issues/1566.
# What is lost: a check put before a ledger is loaded, of ids that come once and amounts that are there, checks nothing
#   from the day on which somebody changes `read_parquet` into `scan_parquet`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset PANDERA_VALIDATION_DEPTH
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'pandera[polars]==0.35.0' polars==1.33.1
cat >check.py <<'PY'
import sys
from importlib.metadata import version

import pandera.polars as pa
import polars as pl


class Rows(pa.DataFrameModel):
    id: str = pa.Field(unique=True)
    amount: int = pa.Field(ge=0)


pl.DataFrame({"id": ["a", "a"], "amount": [-1, None]}).write_parquet("rows.parquet")


def passes(frame):
    try:
        checked = Rows.validate(frame)
        return checked.lazy().collect().height == 2
    except (pa.errors.SchemaError, pa.errors.SchemaErrors):
        return False


seen = [passes(pl.read_parquet("rows.parquet")), passes(pl.scan_parquet("rows.parquet"))]
print("pandera", version("pandera"), "passes (DataFrame, LazyFrame):", seen)
raise SystemExit(str(seen) != sys.argv[1])
PY
venv/bin/python check.py "[False, True]"
PANDERA_VALIDATION_DEPTH=SCHEMA_AND_DATA venv/bin/python check.py "[False, False]"
