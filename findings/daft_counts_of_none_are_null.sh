#!/usr/bin/env bash
# Daft's subqueries count nothing as null, and NOT IN takes a list with a null in it as if the null were not there.
#
# One would expect: `(select count(*) from refunds where charge = charges.id)` is 0 for a charge without refunds; and `id not in
#   (select charge from refunds)` is true of no row once a charge is null, as in all of SQL.
# What is true: the count becomes a left join, and where that finds nothing the count is null: `= 0` and `< 2` are true of no such
#   row, and a sum with it is null. NOT IN, the other way round, keeps rows, also those whose own value is null.
# Version: daft 0.7.26, duckdb 2.0.1.
# Source: none known; "count bug" is the name that the literature has for the first (Ganski and Wong, SIGMOD 1987).
# What is lost: the list of charges without a refund is empty, and two engines that are asked the same disagree by whole lists.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 duckdb==2.0.1 pyarrow==25.0.1
venv/bin/python - <<'PY'
import daft
import duckdb
import pyarrow as pa

charges = pa.table({"id": ["ch_1", "ch_2", None]})
refunds = pa.table({"charge": ["ch_1", None]})
frames = {"charges": daft.from_arrow(charges), "refunds": daft.from_arrow(refunds)}
counted = "(select count(*) from refunds where refunds.charge = charges.id)"
queries = [
    f"select {counted} as answer from charges where id is not null order by id",
    f"select id as answer from charges where {counted} = 0",
    "select id as answer from charges where id not in (select charge from refunds)",
]
expected = [[answer for (answer,) in duckdb.sql(query).fetchall()] for query in queries]
seen = [daft.sql(query, **frames).to_pydict()["answer"] for query in queries]

print("daft", daft.__version__, "duckdb", duckdb.__version__)
print("refunds of each charge: expected", expected[0], "seen", seen[0])
print("without refunds: expected", expected[1], "seen", seen[1])
print("not in, with a null in the list: expected", expected[2], "seen", seen[2])
raise SystemExit(
    not (
        expected == [[1, 0], ["ch_2", None], []]
        and seen[:2] == [[1, None], []]
        and sorted(seen[2], key=str) == [None, "ch_2"]
    )
)
PY
