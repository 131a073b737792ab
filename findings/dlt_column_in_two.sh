#!/usr/bin/env bash
# dlt splits a column in two when a whole number comes before a fraction, or a date before a text.
#
# One would expect: rate becomes a double when 1.08 comes after 1; the same rows in the other order do just that.
# What is true: the first value gives the type. What does not fit goes into a second column, rate__v_double, and the
#   first is null in that row; a description that looks like a time makes the column a timestamp and all later texts
#   go to description__v_text. Which rows are where depends on their order.
# Version: dlt 1.31.0, duckdb 2.0.1.
# Source: dlt's docs, "Schema", variant columns.
# What is lost: avg(rate), sum(amount * rate) and "where description = …" leave out the rows whose value lies beside.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'dlt[duckdb]==1.31.0' duckdb==2.0.1
venv/bin/python - <<'PY'
import os

os.environ.update(DLT_DATA_DIR=os.getcwd(), RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR")

import dlt
import duckdb


def load(name, rows):
    destination = dlt.destinations.duckdb(f"{os.getcwd()}/{name}.db")
    pipeline = dlt.pipeline(name, destination=destination, dataset_name="stripe", pipelines_dir=os.getcwd())
    pipeline.run(rows, table_name="rows")
    with duckdb.connect(f"{name}.db", read_only=True) as database:
        result = database.execute("select * exclude (_dlt_id, _dlt_load_id) from stripe.rows order by id")
        return [column[0] for column in result.description], result.fetchall()


whole = {"id": 1, "rate": 1, "description": "2026-01-31T00:00:00Z"}
other = {"id": 2, "rate": 1.08, "description": "Refund"}
first = load("first", [whole, other])
last = load("last", [other, whole])
with duckdb.connect("first.db", read_only=True) as database:
    (total,) = database.execute("select sum(rate) from stripe.rows").fetchone()

print("dlt", dlt.__version__, "duckdb", duckdb.__version__)
print("columns: expected ['id', 'rate', 'description']; seen", first[0])
print("columns, the same two rows in the other order:", last[0])
print("sum(rate): expected 2.08; seen", total)
raise SystemExit(
    not (
        first[0] == ["id", "rate", "description", "rate__v_double", "description__v_text"]
        and last[0] == ["id", "rate", "description"]
        and total == 1
    )
)
PY
