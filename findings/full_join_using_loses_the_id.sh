#!/usr/bin/env bash
# In DataFusion and in Polars' SQL, FULL JOIN … USING (id) gives a null id to each row that only the right side has.
#
# One would expect: a column named in USING is one column, the left side's value or else the right side's, as in the standard,
#   DuckDB and SQLite.
# What is true: it is the left side's alone, in FULL and in RIGHT JOIN; so does DataFusion in NATURAL JOIN, where Polars is
#   right. A group by the id puts all rows of the right side alone into one group; Polars' `where id = …` finds none of them,
#   DataFusion's is refused. `coalesce(l.id, r.id)` is right in both.
# Version: datafusion 55.0.0, polars 2.1.0, duckdb 2.0.1.
# Source: apache/datafusion#22881, open. None known of Polars.
# What is lost: a ledger compared with a bank's lines: what the bank alone has comes without its id, and counts as one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check datafusion==55.0.0 polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import sqlite3

import datafusion
import duckdb
import polars as pl
import pyarrow as pa

ledger = pa.table({"id": ["po_1", "po_2"], "net": [100, 200]})
bank = pa.table({"id": ["po_2", "po_3", "po_4"], "paid": [200, 300, 400]})
context = datafusion.SessionContext()
lite = sqlite3.connect(":memory:")
for name, table in (("ledger", ledger), ("bank", bank)):
    context.register_record_batches(name, [table.to_batches()])
    lite.execute(f"create table {name} ({', '.join(table.column_names)})")
    lite.executemany(f"insert into {name} values (?, ?)", zip(*table.to_pydict().values(), strict=True))
both = pl.SQLContext(ledger=pl.from_arrow(ledger), bank=pl.from_arrow(bank))
engines = {
    "duckdb": lambda query: duckdb.sql(query).fetchall(),
    "sqlite": lambda query: lite.execute(query).fetchall(),
    "datafusion": lambda query: pa.Table.from_batches(context.sql(query).collect()).to_pylist(),
    "polars": lambda query: both.execute(query, eager=True).rows(),
}
everyone, three = "select id from ledger {} join bank using (id)", {"po_2", "po_3", "po_4"}
questions = {
    "full": (everyone.format("full"), three | {"po_1"}, {"po_1", "po_2", None}, {"po_1", "po_2", None}),
    "right": (everyone.format("right"), three, {"po_2", None}, {"po_2", None}),
    "natural full": ("select id from ledger natural full join bank", three | {"po_1"}, {"po_1", "po_2", None}, three | {"po_1"}),
    "coalesce": (
        "select coalesce(l.id, r.id) as id from ledger l full join bank r using (id)",
        three | {"po_1"},
        three | {"po_1"},
        three | {"po_1"},
    ),
}
print("datafusion", datafusion.__version__, "polars", pl.__version__, "duckdb", duckdb.__version__)
same = True
for name, (query, expected, *seen) in questions.items():
    for (engine, ask), known in zip(engines.items(), (expected, expected, *seen), strict=True):
        found = {next(iter(row.values())) if isinstance(row, dict) else row[0] for row in ask(query)}
        print(f"{name}, {engine}: expected {sorted(expected)} seen {sorted(map(str, found))}")
        same &= found == known
groups = len(engines["polars"]("select id, sum(paid) as paid from ledger full join bank using (id) group by id"))
one = engines["polars"]("select * from ledger full join bank using (id) where id = 'po_3'")
print(f"polars: groups by id: expected 4, seen {groups}; rows of po_3: expected 1, seen {len(one)}")
raise SystemExit(not (same and groups == 3 and one == []))
PY
