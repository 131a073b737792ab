#!/usr/bin/env bash
# Turso's Python package loses the rows before a bad one: an error that is caught has rolled the transaction back.
#
# One would expect: of SQLite, whose place it takes, that a statement that fails takes back what it did itself; the transaction
#   goes on, and commit() keeps the rows before and after. So it is here too for a key that is there already, and for a wrong name.
# What is true: where a function fails while the statement runs, malformed JSON or a sum that overflows, the whole transaction is
#   gone, be the statement a select. The next insert begins another one, and commit() commits that, without an error.
# Version: pyturso 0.8.3, against the SQLite of Python.
# Source: tursodatabase/turso#2713, closed, was of keys that are there already; #3746, open, is of the silent commit. SQLite's docs,
#   "Response To Errors Within A Transaction", list when all is rolled back.
# What is lost: of a load that passes over lines it cannot read, each row before the last of such lines.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyturso==0.8.3
venv/bin/python - <<'PY'
import sqlite3
from importlib.metadata import version

import turso

lines = ['{"id": "txn_1"}', '{"id": "txn_2"}', '{"id": "txn_1"}', '{"id": ', '{"id": "txn_3"}']
overflow = "select sum(n) from (select 9223372036854775807 as n union all select 1)"


def loaded(module, lines, query=None):
    file = f"{module.__name__}-{len(lines)}-{bool(query)}.db"
    connection = module.connect(file)
    connection.execute("create table rows (id text primary key)")
    connection.commit()
    refused = 0
    for line in lines:
        try:
            connection.execute("insert into rows values (json_extract(?, '$.id'))", (line,))
        except module.Error:
            refused += 1
    if query:
        try:
            connection.execute(query).fetchall()
        except module.Error:
            refused += 1
    connection.commit()
    connection.close()
    with sqlite3.connect(file) as written:
        return refused, [name for (name,) in written.execute("select id from rows order by id")]


print("pyturso", version("pyturso"), "SQLite", sqlite3.sqlite_version)
cases = {
    "a key twice": (lines[:3], None),
    "and a line cut short": (lines, None),
    "a query that overflows": (lines[:2], overflow),
}
expected = {name: loaded(sqlite3, *case) for name, case in cases.items()}
seen = {name: loaded(turso, *case) for name, case in cases.items()}
for name in cases:
    print(f"{name}: expected (refused, rows) {expected[name]} seen {seen[name]}")
raise SystemExit(
    not (
        expected["a key twice"] == seen["a key twice"] == (1, ["txn_1", "txn_2"])
        and expected["and a line cut short"] == (2, ["txn_1", "txn_2", "txn_3"])
        and seen["and a line cut short"] == (2, ["txn_3"])
        and expected["a query that overflows"] == (1, ["txn_1", "txn_2"])
        and seen["a query that overflows"] == (1, [])
    )
)
PY
