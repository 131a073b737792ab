#!/usr/bin/env bash
# Daft's SQL takes a subquery for a value as a join: with two rows in it each row comes twice, with none all rows are gone.
#
# One would expect: `(select rate from rates where day = …)` in the place of a value is an error where it has two rows, as in
#   Polars and DataFusion, and null where it has none, as in all of SQL; the query around it keeps its rows.
# What is true: it is a cross join. Of a rate that stands twice in its table each row is there twice, sums are doubled; where
#   the day has no rate nothing is left, coalesce(…, 1) around the subquery or not, in the select list and in WHERE. No error,
#   no warning.
# Version: daft 0.7.26; compared with datafusion 55.0.0 and polars 2.1.0.
# Source: none known.
# What is lost: a total in one currency is zero on the day before its rate is entered, and double once it was entered again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 polars==2.1.0 datafusion==55.0.0 pyarrow==25.0.1
venv/bin/python - <<'PY'
import daft
import datafusion
import polars as pl
import pyarrow as pa

tables = {
    "ledger": pa.table({"id": ["txn_1", "txn_2"], "net": [100, 200]}),
    "rates": pa.table({"day": [1, 2, 2], "rate": [2, 3, 4]}),
}
context = datafusion.SessionContext()
for name, table in tables.items():
    context.register_record_batches(name, [table.to_batches()])
sheet = pl.SQLContext({name: pl.from_arrow(table) for name, table in tables.items()})
frames = {name: daft.from_arrow(table) for name, table in tables.items()}
engines = {
    "datafusion": lambda query: context.sql(query).to_pydict(),
    "polars": lambda query: sheet.execute(query, eager=True).to_dict(as_series=False),
    "daft": lambda query: daft.sql(query, **frames).to_pydict(),
}


def asked(engine, query):
    try:
        return sorted(engines[engine](query)["id"])
    except Exception:
        return "an error"


print("daft", daft.__version__, "datafusion", datafusion.__version__, "polars", pl.__version__)
once, value = ["txn_1", "txn_2"], "(select rate from rates where day = {})"
same = True
for query, expected, known in (
    (f"select id, net * {value.format(1)} as sum from ledger", once, once),
    (f"select id, net * {value.format(2)} as sum from ledger", "an error", ["txn_1", "txn_1", "txn_2", "txn_2"]),
    (f"select id, net * {value.format(9)} as sum from ledger", once, []),
    (f"select id, net * coalesce({value.format(9)}, 1) as sum from ledger", once, []),
    (f"select id from ledger where net > {value.format(2)}", "an error", ["txn_1", "txn_1", "txn_2", "txn_2"]),
):
    seen = {engine: asked(engine, query) for engine in engines}
    print(f"{query}: expected {expected}, as DataFusion {seen['datafusion']} and Polars {seen['polars']}; seen {seen['daft']}")
    same &= seen == {"datafusion": expected, "polars": expected, "daft": known}
raise SystemExit(not same)
PY
