#!/usr/bin/env bash
# pypaimon commits rows to a table with deletion vectors, or with the engine "first-row", and reads none of them.
#
# One would expect: what one commit of a batch has written the next read gives, as it does for the other engines for primary
#   keys.
# What is true: in such tables a reader passes over files of level 0 until they are compacted. Paimon's writers in Java
#   compact as they write, unless they are told not to; pypaimon writes to level 0 alone. The snapshot counts the rows, and
#   the table reads as empty. No error, no warning, in Python.
# Version: pypaimon 2.1.0.
# Source: apache/paimon#7948 and #9224 say that readers of such tables do not read level 0; none known of pypaimon.
# What is lost: every row that Python has loaded, until another program compacts the table; a load that asks the table what it
#   has loads it all again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pypaimon==2.1.0
venv/bin/python - <<'PY'
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
from pypaimon import CatalogFactory, Schema

fields = pa.schema([pa.field("id", pa.string(), nullable=False), ("net", pa.int64())])
catalog = CatalogFactory.create({"warehouse": Path("warehouse").resolve().as_uri()})
catalog.create_database("ledger", ignore_if_exists=False)


def loaded(name, options):
    schema = Schema.from_pyarrow_schema(fields, primary_keys=["id"], options={"bucket": "1", **options})
    catalog.create_table(f"ledger.{name}", schema, ignore_if_exists=False)
    table = catalog.get_table(f"ledger.{name}")
    for rows in ([("txn_1", 100), ("txn_2", 200)], [("txn_3", 300)]):
        builder = table.new_batch_write_builder()
        write, commit = builder.new_write(), builder.new_commit()
        write.write_arrow(pa.Table.from_pylist([{"id": key, "net": net} for key, net in rows], schema=fields))
        commit.commit(write.prepare_commit())
        write.close()
        commit.close()
    reading = table.new_read_builder()
    found = reading.new_read().to_arrow(reading.new_scan().plan().splits())
    return table.snapshot_manager().get_latest_snapshot().total_record_count, sorted(found["id"].to_pylist())


print("pypaimon", version("pypaimon"))
same = True
for name, options, known in (
    ("deduplicate", {}, 3),
    ("partial_update", {"merge-engine": "partial-update"}, 3),
    ("first_row", {"merge-engine": "first-row"}, 0),
    ("deletion_vectors", {"deletion-vectors.enabled": "true"}, 0),
):
    counted, read = loaded(name, options)
    print(f"{name}: rows committed 3, counted by the snapshot {counted}; expected 3 rows, read {len(read)}")
    same &= counted == 3 and len(read) == known
raise SystemExit(not same)
PY
