#!/usr/bin/env bash
# The mean of decimals is rounded to the cents in pyarrow, and products are in Polars.
#
# One would expect: a mean, a product or a quotient of DECIMALs has more places than its parts, as in SQL; 1.05 *
#   0.029 is 0.03045.
# What is true: pyarrow's mean keeps the column's scale: the mean of 0.01 and 0.02 is 0.02. Polars gives a product or
#   a quotient the larger scale of the two sides, here 3, so 1.05 * 0.029 is 0.030: each row is rounded before the
#   sum. DuckDB gives 0.015 and 0.03045.
# Version: pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1.
# Source: pyarrow's compute functions table says that mean of decimals is a decimal of the same precision and scale.
# What is lost: fractions of a cent in each row: 2.9 % of a thousand small payments is off by the sum of the
#   roundings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
venv/bin/python - <<'PY'
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

cents = pa.array([Decimal("0.01"), Decimal("0.02")], pa.decimal128(9, 2))
mean = pc.mean(cents).as_py()

amounts = pl.Series([Decimal("1.05")] * 1000, dtype=pl.Decimal(12, 2))
rate = pl.Series([Decimal("0.029")] * 1000, dtype=pl.Decimal(12, 3))
fees = (amounts * rate).sum()
query = "select sum(1.05::decimal(12, 2) * 0.029::decimal(12, 3)) from range(1000)"
(true,) = duckdb.sql(query).fetchall()[0]
(true_mean,) = duckdb.sql("select avg(x) from (values (0.01::decimal(9, 2)), (0.02)) as t(x)").fetchall()[0]

print("pyarrow", pa.__version__, "polars", pl.__version__, "duckdb", duckdb.__version__)
print("mean of 0.01 and 0.02: expected 0.015, as DuckDB", true_mean, "; seen in pyarrow", mean)
print("sum of 1000 times 1.05 * 0.029: expected 30.45, as DuckDB", true, "; seen in Polars", fees)
raise SystemExit(
    not (mean == Decimal("0.02") and true_mean == 0.015 and fees == Decimal("30.000") and true == Decimal("30.45"))
)
PY
