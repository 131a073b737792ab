#!/usr/bin/env bash
# datacompy, which compares two frames row by row, calls different integers of 64 bits equal, with a tolerance of zero.
#
# One would expect: a column of integers on both sides is compared as integers, the more so as `abs_tol` and `rel_tol` are 0
#   unless given.
# What is true: numbers are compared as doubles: 1799999999999999999 and 1799999999999999998 match, and the report says
#   that all rows are equal. Of Polars decimals the same: 90071992547409.93 matches ...92; pandas' decimals are exact.
#   As a key to join by the two integers differ.
# Version: datacompy 1.1.0, pandas 3.0.6, polars 1.33.1.
# Source: datacompy's own docstrings name numpy's isclose; no word on integers.
# What is lost: ids of 18 digits and more, as many services number their payments with, are what a comparison of two
#   systems is about; it proves them equal where the last digits differ.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datacompy==1.1.0 pandas==3.0.6 polars==1.33.1
venv/bin/python -W ignore - <<'PY'
from decimal import Decimal
from importlib.metadata import version

import pandas as pd
import polars as pl
from datacompy import PandasCompare, PolarsCompare


def same(compare, frame, one, other):
    left, right = (frame({"key": ["a", "b"], "value": value}) for value in (one, other))
    return bool(compare(left, right, join_columns="key").matches())


IDS = [[1799999999999999999, 1], [1799999999999999998, 1]]
MONEY = [[Decimal("90071992547409.93")] * 2, [Decimal("90071992547409.92")] * 2]
seen = {
    "integers, pandas": same(PandasCompare, pd.DataFrame, *IDS),
    "integers, Polars": same(PolarsCompare, pl.DataFrame, *IDS),
    "decimals, pandas": same(PandasCompare, pd.DataFrame, *MONEY),
    "decimals, Polars": same(PolarsCompare, pl.DataFrame, *MONEY),
    "small integers": same(PolarsCompare, pl.DataFrame, [1, 2], [1, 3]),
}
by_key = PandasCompare(pd.DataFrame({"key": IDS[0]}), pd.DataFrame({"key": IDS[1]}), join_columns="key")
print("datacompy", version("datacompy"), "says equal:", seen, "rows of one side alone:", len(by_key.df1_unq_rows))
expected = {
    "integers, pandas": True,
    "integers, Polars": True,
    "decimals, pandas": False,
    "decimals, Polars": True,
    "small integers": False,
}
raise SystemExit(not (seen == expected and len(by_key.df1_unq_rows) == 1))
PY
