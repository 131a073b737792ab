#!/usr/bin/env bash
# deltalake's pyarrow readers swap or lose renamed columns; its SQL reader does not.
#
# One would expect: to_pyarrow_table, to_pyarrow_dataset and to_pandas follow the table's column mapping, or refuse
#   the table, as they refuse deletion vectors.
# What is true: they look in the files for the new names. A renamed column reads as null; where a rename reuses an old
#   name (amount became gross, fee became amount) the values of the other column come out under it. QueryBuilder of
#   the same package reads the same table right.
# Version: deltalake 1.6.6, pyarrow 26.0.1. The table is written by hand after the protocol (mode "name").
# Source: Delta protocol, "Column Mapping": readers must use the physical names.
# What is lost: sum(amount) is the sum of the fees, on any table whose columns somebody renamed (Spark does it by
#   metadata alone).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
venv/bin/python - <<'PY'
import json
import os
import sys

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq


def field(number, name, physical):
    mapping = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical}
    return {"name": name, "type": "long", "nullable": True, "metadata": mapping}


os.makedirs("table/_delta_log")
pq.write_table(pa.table({"id": [1, 2], "amount": [1000, 2000], "fee": [30, 60]}), "table/a.parquet")
schema = {"type": "struct", "fields": [field(1, "id", "id"), field(2, "gross", "amount"), field(3, "amount", "fee")]}
actions = [
    {"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}},
    {
        "metaData": {
            "id": "table",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(schema),
            "partitionColumns": [],
            "configuration": {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "3"},
            "createdTime": 0,
        }
    },
    {
        "add": {
            "path": "a.parquet",
            "partitionValues": {},
            "size": os.path.getsize("table/a.parquet"),
            "modificationTime": 0,
            "dataChange": True,
        }
    },
]
with open("table/_delta_log/00000000000000000000.json", "w") as log:
    log.write("\n".join(json.dumps(action) for action in actions))

table = deltalake.DeltaTable("table")
true = pa.table(
    deltalake.QueryBuilder().register("t", table).execute("select * from t order by id").read_all()
).to_pydict()
seen = table.to_pyarrow_table().to_pydict()

print("deltalake", deltalake.__version__, "pyarrow", pa.__version__)
print("expected, and seen by QueryBuilder:", true)
print("seen by to_pyarrow_table:", seen)
holds = (
    true["amount"] == [30, 60]
    and true["gross"] == [1000, 2000]
    and seen["amount"] == [1000, 2000]
    and seen["gross"] == [None, None]
)
sys.stdout.flush()
os._exit(not holds)  # the teardown aborts now and then: pyarrow's threads are still there
PY
