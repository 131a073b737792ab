#!/usr/bin/env bash
# Polars' SQL and Daft's drop the rows whose condition is null from `where (…) is not true`, which is written to keep them.
#
# One would expect: `is not true` is true of a condition that is false and of one that is null, as in the standard, DuckDB,
#   DataFusion and SQLite: `where (status = 'available') is not true` has the rows without a status.
# What is true: both take it for NOT, and null stays null: the row is left out. In Polars `is not false` and `not (… is true)`
#   are so, too. `is distinct from` is right in Polars. No error, no warning.
# Version: polars 2.1.0, daft 0.7.26, duckdb 2.0.1, datafusion 55.0.0.
# Source: none known.
# What is lost: rows without a payout, a status or a rate, from "all that are not …" and so from one of the two halves that a
#   report is split into: the halves do not add up to the whole.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 polars==2.1.0 duckdb==2.0.1 datafusion==55.0.0 pyarrow==25.0.1
venv/bin/python - <<'PY'
import daft
import datafusion
import duckdb
import polars as pl
import pyarrow as pa

rows = pa.table({"id": ["txn_1", "txn_2", "txn_3"], "status": ["available", "pending", None]})
context = datafusion.SessionContext()
context.register_record_batches("rows", [rows.to_batches()])
sheet = pl.SQLContext(rows=pl.from_arrow(rows))
frame = daft.from_arrow(rows)
engines = {
    "duckdb": lambda query: [key for (key,) in duckdb.sql(query).fetchall()],
    "datafusion": lambda query: context.sql(query).to_pydict()["id"],
    "polars": lambda query: sheet.execute(query, eager=True)["id"].to_list(),
    "daft": lambda query: daft.sql(query, rows=frame).to_pydict()["id"],
}
print("polars", pl.__version__, "daft", daft.__version__, "duckdb", duckdb.__version__, "datafusion", datafusion.__version__)
same = True
for condition, expected, of_polars, of_daft in (
    ("(status = 'available') is not true", ["txn_2", "txn_3"], ["txn_2"], ["txn_2"]),
    ("(status = 'available') is not false", ["txn_1", "txn_3"], ["txn_1"], None),
    ("not ((status = 'available') is true)", ["txn_2", "txn_3"], ["txn_2"], None),
    ("status is distinct from 'available'", ["txn_2", "txn_3"], ["txn_2", "txn_3"], None),
):
    for (engine, ask), known in zip(engines.items(), (expected, expected, of_polars, of_daft), strict=True):
        if known is not None:
            seen = sorted(ask(f"select id from rows where {condition}"))
            print(f"{condition}, {engine}: expected {expected} seen {seen}")
            same &= seen == known
raise SystemExit(not same)
PY
