#!/usr/bin/env bash
# Daft's UNION ALL puts columns together by their names, not by their places.
#
# One would expect: the second SELECT's columns go below the first one's in the order in which they are written, whatever they
#   are called, as in the standard, DuckDB, Polars and DataFusion, which have UNION … BY NAME or another word for the other.
# What is true: a column goes below the one of its name, in UNION as well. What was written to change places, or a source that
#   calls by "fee" what this one calls "net", is put where it must not be; names that only one side has are an error. Nothing
#   is said.
# Version: daft 0.7.26, duckdb 2.0.1, polars 2.1.0.
# Source: none known.
# What is lost: fees stand under amounts, and amounts under fees, in each row of the second part; net and fee added up are
#   right, which hides it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 duckdb==2.0.1 polars==2.1.0 pyarrow==25.0.1
venv/bin/python - <<'PY'
import daft
import duckdb
import polars as pl
import pyarrow as pa

stripe = pa.table({"id": ["txn_1"], "net": [100], "fee": [3]})
bank = pa.table({"id": ["line_1"], "fee": [200], "net": [5]})
sheet = pl.SQLContext(stripe=pl.from_arrow(stripe), bank=pl.from_arrow(bank))
print("daft", daft.__version__, "duckdb", duckdb.__version__, "polars", pl.__version__)
expected, known = [("line_1", 200, 5), ("txn_1", 100, 3)], [("line_1", 5, 200), ("txn_1", 100, 3)]
same = True
for union in ("union all", "union"):
    query = f"select id, net, fee from stripe {union} select id, fee, net from bank"
    right = [sorted(duckdb.sql(query).fetchall()), sorted(sheet.execute(query, eager=True).rows())]
    found = daft.sql(query, stripe=daft.from_arrow(stripe), bank=daft.from_arrow(bank)).to_arrow()
    seen = sorted(zip(*(found[name].to_pylist() for name in ("id", "net", "fee")), strict=True))
    print(f"{union}: expected {expected}, as DuckDB and Polars {right}; seen {seen}")
    same &= right == [expected, expected] and seen == known
raise SystemExit(not same)
PY
