#!/usr/bin/env bash
# deltalake's statistics round large decimals, and the rows are not found.
#
# One would expect: minimum and maximum of a DECIMAL column are decimals, or at least not narrower than the values.
# What is true: they go through a double. 99999999999999.99 is in the log as 100000000000000.0, minimum and maximum
#   alike; a filter for the value skips the file: 0 rows in deltalake's own SQL, in Polars and in pyarrow. From 16
#   digits on it happens to some values; without a filter the row is there.
# Version: deltalake 1.6.6, polars 2.1.0, pyarrow 26.0.1.
# Source: Delta protocol, "Per-file Statistics": min and max are to be a lower and an upper bound.
# What is lost: the largest amounts, in any query that names or bounds them ("<= x" as well as "= x").
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
import json
import os
import sys
from decimal import Decimal

import deltalake
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

amount = Decimal("99999999999999.99")
small = Decimal("123456789.01")
kind = pa.decimal128(18, 2)
deltalake.write_deltalake("table", pa.table({"amount": pa.array([amount], kind)}))
deltalake.write_deltalake("table", pa.table({"amount": pa.array([small], kind)}), mode="append")
table = deltalake.DeltaTable("table")


def found(value):
    query = deltalake.QueryBuilder().register("t", table)
    own = pa.table(
        query.execute(f"select * from t where amount = cast('{value}' as decimal(18, 2))").read_all()
    ).num_rows
    polars = pl.scan_delta("table").filter(pl.col("amount") == pl.lit(value, dtype=pl.Decimal(18, 2))).collect().height
    arrow = table.to_pyarrow_dataset().to_table(filter=ds.field("amount") == pa.scalar(value, kind)).num_rows
    return {"deltalake": own, "polars": polars, "pyarrow": arrow}


with open("table/_delta_log/00000000000000000000.json") as log:
    statistics = next(json.loads(action["add"]["stats"]) for action in map(json.loads, log) if "add" in action)
all_rows = pl.scan_delta("table").collect()["amount"].sort().to_list()
small_found, large_found = found(small), found(amount)

print("deltalake", deltalake.__version__, "polars", pl.__version__, "pyarrow", pa.__version__)
print("rows of the table:", *all_rows, "; in the log:", statistics["minValues"], statistics["maxValues"])
print(f"amount = {small}: expected 1; seen", small_found)
print(f"amount = {amount}: expected 1; seen", large_found)
holds = all_rows == [small, amount] and set(small_found.values()) == {1} and set(large_found.values()) == {0}
sys.stdout.flush()
os._exit(not holds)  # the teardown aborts now and then: pyarrow's threads are still there
PY
