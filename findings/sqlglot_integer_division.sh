#!/usr/bin/env bash
# sqlglot keeps "amount / 100" as it is when the new dialect divides otherwise.
#
# One would expect: transpile() from SQLite or Postgres to DuckDB keeps the meaning: an integer divided by an integer
#   is an integer there, // here. In the other direction it does add a CAST.
# What is true: without a schema sqlglot cannot know that amount is an integer and leaves "/", silently (also with
#   unsupported_level=RAISE): 1999 / 100 was 19 and is 19.99. From DuckDB to SQLite it casts, from SQLite it does not
#   ask.
# Version: sqlglot 30.30.0, duckdb 2.0.1, SQLite of the Python at hand.
# Source: sqlglot's Div has the arguments typed and safe; they are settled by annotate_types, which transpile() does
#   not run.
# What is lost: reports that count whole units in one engine count fractions in the other; group by amount / 100 gives
#   other groups.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
venv/bin/python - <<'PY'
import sqlite3

import duckdb
import sqlglot

before = "SELECT amount / 100 AS whole, COUNT(*) FROM rows GROUP BY 1 ORDER BY 1"
create = "CREATE TABLE rows (amount INTEGER)"
insert = "INSERT INTO rows VALUES (1999), (1950), (2000)"

lite = sqlite3.connect(":memory:")
duck = duckdb.connect()
for database in (lite, duck):
    database.execute(create)
    database.execute(insert)
(after,) = sqlglot.transpile(before, read="sqlite", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
(back,) = sqlglot.transpile("SELECT amount / 100 FROM rows", read="duckdb", write="sqlite")
true = lite.execute(before).fetchall()
seen = duck.execute(after).fetchall()

print("sqlglot", sqlglot.__version__, "duckdb", duckdb.__version__, "SQLite", sqlite3.sqlite_version)
print("in SQLite:", true)
print("transpiled:", after)
print("in DuckDB: expected the same; seen", seen)
print("the other way a CAST is added:", back)
raise SystemExit(not (true == [(19, 2), (20, 1)] and seen == [(19.5, 1), (19.99, 1), (20.0, 1)] and "CAST" in back))
PY
