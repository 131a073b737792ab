#!/usr/bin/env bash
# sqlglot moves the weekend: DAYOFWEEK of Spark, MySQL or BigQuery goes to DuckDB as it is, where the days have other numbers.
#
# One would expect: transpile() keeps the meaning, as it does for Trino's day_of_week (ISODOW there), or says that it
#   cannot.
# What is true: Sunday to Saturday are 1 to 7 in Spark, MySQL and BigQuery, and 0 to 6 in DuckDB; WEEKDAY counts from Monday
#   there and from Sunday in DuckDB. Both are passed on unchanged, also with unsupported_level=RAISE: `in (1, 7)`, Saturday
#   and Sunday, is Monday alone.
# Version: sqlglot 30.30.0, duckdb 2.0.1. Seen in Spark 4.3.0: dayofweek(date'2026-11-28') is 7, weekday is 5.
# Source: the reference of functions of Spark and of MySQL (DAYOFWEEK, WEEKDAY); DuckDB's date parts. tobymao/sqlglot#8021,
#   closed, was of the same for ISO days.
# What is lost: settlement days: payouts that fall on a Saturday are taken to arrive that day, and Monday's are put off.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
venv/bin/python - <<'PY'
import datetime

import duckdb
import sqlglot

friday = datetime.date(2026, 11, 27)
days = [friday + datetime.timedelta(days=number) for number in range(7)]
duckdb.sql("create table payouts (arrives date)")
duckdb.executemany("insert into payouts values (?)", [[day] for day in days])


def weekend(read, condition):
    query = f"SELECT arrives FROM payouts WHERE {condition} ORDER BY arrives"
    written = sqlglot.transpile(query, read=read, write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    return [day.strftime("%A") for (day,) in duckdb.sql(written).fetchall()]


seen = {
    "trino: day_of_week(arrives) IN (6, 7)": weekend("trino", "day_of_week(arrives) IN (6, 7)"),
    "spark: dayofweek(arrives) IN (1, 7)": weekend("spark", "dayofweek(arrives) IN (1, 7)"),
    "mysql: dayofweek(arrives) IN (1, 7)": weekend("mysql", "dayofweek(arrives) IN (1, 7)"),
    "bigquery: EXTRACT(DAYOFWEEK FROM arrives) IN (1, 7)": weekend(
        "bigquery", "EXTRACT(DAYOFWEEK FROM arrives) IN (1, 7)"
    ),
    "spark: weekday(arrives) >= 5": weekend("spark", "weekday(arrives) >= 5"),
    "mysql: weekday(arrives) >= 5": weekend("mysql", "weekday(arrives) >= 5"),
}
print("sqlglot", sqlglot.__version__, "duckdb", duckdb.__version__)
print("the weekend, written for another engine, transpiled to DuckDB and run: expected Saturday and Sunday from each")
for condition, found in seen.items():
    print(f"seen, {condition}: {found}")
shifted, counted_from_sunday = ["Monday"], ["Friday", "Saturday"]
raise SystemExit(
    list(seen.values())
    != [["Saturday", "Sunday"], shifted, shifted, shifted, counted_from_sunday, counted_from_sunday]
)
PY
