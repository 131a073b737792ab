#!/usr/bin/env bash
# DeltaTable.count() counts rows that were deleted.
#
# One would expect: count() agrees with a select, or is below it: its docstring says "less than or equal to the true
#   row count" (where statistics are missing).
# What is true: count() adds up numRecords of the files and does not take off what a deletion vector removes.
#   QueryBuilder of the same package, and Polars, give the rows that are left. chdb's deltaLakeLocal does as count()
#   does: select count() says 3 where select * gives two rows.
# Version: deltalake 1.6.6, polars 2.1.0, chdb 4.4.0. The table is written by hand after the protocol.
# Source: Delta protocol, "Deletion Vectors": rows in the vector are no rows of the table; the docstring of
#   DeltaTable.count.
# What is lost: a check "rows in the lake = rows at the source" passes while rows are missing, or fails for ever.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1 polars==2.1.0 chdb==4.4.0
venv/bin/python - <<'PY'
import json
import os
import struct

import chdb
import deltalake
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def inline_vector(rows):
    """A RoaringBitmapArray of few rows, as the protocol stores it inside the log."""
    bitmap = struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16) + b"".join(struct.pack("<H", row) for row in rows)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    data += b"\0" * (-len(data) % 4)
    text = ""
    for (word,) in struct.iter_unpack(">I", data):
        text += "".join(Z85[word // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(data), "cardinality": len(rows)}


os.makedirs("table/_delta_log")
pq.write_table(pa.table({"id": [1, 2, 3]}), "table/a.parquet")
feature = ["deletionVectors"]
actions = [
    {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": feature, "writerFeatures": feature}},
    {
        "metaData": {
            "id": "table",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(
                {"type": "struct", "fields": [{"name": "id", "type": "long", "nullable": True, "metadata": {}}]}
            ),
            "partitionColumns": [],
            "configuration": {"delta.enableDeletionVectors": "true"},
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
            "stats": json.dumps({"numRecords": 3, "tightBounds": False}),
            "deletionVector": inline_vector([0]),
        }
    },
]
with open("table/_delta_log/00000000000000000000.json", "w") as log:
    log.write("\n".join(json.dumps(action) for action in actions))

table = deltalake.DeltaTable("table")
rows = pa.table(deltalake.QueryBuilder().register("t", table).execute("select id from t order by id").read_all())[
    "id"
].to_pylist()
polars_rows = pl.scan_delta("table").collect()["id"].sort().to_list()
source = f"deltaLakeLocal('{os.getcwd()}/table')"
chdb_rows = len(str(chdb.query(f"select * from {source}", "CSV")).split())
chdb_count = int(str(chdb.query(f"select count() from {source}", "CSV")))

print("deltalake", deltalake.__version__, "polars", pl.__version__, "chdb", chdb.__version__)
print("row 1 of 3 is deleted; QueryBuilder reads", rows, "and Polars", polars_rows)
print("DeltaTable.count(): expected 2; seen", table.count())
print(f"chdb select *: {chdb_rows} rows; select count(): expected 2; seen {chdb_count}")
raise SystemExit(not (rows == polars_rows == [2, 3] and table.count() == 3 and (chdb_rows, chdb_count) == (2, 3)))
PY
