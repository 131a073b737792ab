#!/usr/bin/env bash
# dlt makes one column of two keys that differ in case, space or hyphen, and one of the two values is gone.
#
# One would expect: {"Order ID": "A", "order_id": "B"} is two columns, or an error; rows of metadata have keys that
#   customers choose.
# What is true: both are named order_id, and the key that comes last in the object wins; so do netAmount and net_amount, and
#   a__b and the b of an object in a. No error, no warning.
# Version: dlt 1.31.0, duckdb 1.4.4.
# Source: dlt-hub/dlt#423, closed: a naming convention of one's own can add hashes to the names.
# What is lost: which of the two was kept differs from row to row with the order of the keys.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check dlt==1.31.0 duckdb==1.4.4
venv/bin/python - <<'PY'
import os
import warnings

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = os.getcwd()

import dlt
import duckdb

rows = [
    {"id": 1, "Order ID": "A", "order_id": "B", "netAmount": 100, "net_amount": 250},
    {"id": 2, "order_id": "B", "Order ID": "A", "net_amount": 250, "netAmount": 100},
]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    pipeline = dlt.pipeline(
        "keys", destination=dlt.destinations.duckdb("keys.duckdb"), dataset_name="lake", pipelines_dir="pipelines"
    )
    pipeline.run(rows, table_name="metadata")
warned = [str(one.message) for one in caught if "order" in str(one.message).lower()]

with duckdb.connect("keys.duckdb") as lake:
    seen = lake.sql("select id, order_id, net_amount from lake.metadata order by id").fetchall()
    columns = [name for name, *_ in lake.sql("describe lake.metadata").fetchall() if not name.startswith("_dlt")]

print("dlt", dlt.__version__, "duckdb", duckdb.__version__)
print("expected: five columns, A and B, 100 and 250 in each row, or an error")
print("seen:", columns, seen, "warnings:", warned)
raise SystemExit(
    not (columns == ["id", "order_id", "net_amount"] and seen == [(1, "B", 250), (2, "A", 100)] and not warned)
)
PY
