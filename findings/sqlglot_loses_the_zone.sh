#!/usr/bin/env bash
# sqlglot loses the time zone of a function, or turns it round: the local month becomes that of UTC.
#
# One would expect: transpile() to DuckDB keeps the zone that a function is given, as it does for BigQuery's
#   timestamp_trunc(created, MONTH, zone) and datetime(created, zone); or says that it cannot.
# What is true: BigQuery's format_timestamp and ClickHouse's formatDateTime and dateTrunc are written without their zone; Spark's
#   from_utc_timestamp takes the UTC time for one of the zone, so that it moves the other way. All silently, also with
#   unsupported_level=RAISE.
# Version: sqlglot 30.30.0, duckdb 2.0.1.
# Source: BigQuery's reference, FORMAT_TIMESTAMP; ClickHouse's, formatDateTime and dateTrunc; Spark's, from_utc_timestamp (seen
#   in Spark 4.3.0). None known of sqlglot's.
# What is lost: who closes the books by local months has the rows of the last evening in the next month.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb
import sqlglot

duckdb.sql("set timezone = 'UTC'")
duckdb.sql("create table rows as select timestamptz '2026-11-01 03:30:00+00' as created")
zone = "'America/New_York'"
right = {
    f"select datetime_trunc(datetime(created, {zone}), MONTH) from rows": "bigquery",
    f"select string(created, {zone}) from rows": "bigquery",
}
wrong = {
    f"select format_timestamp('%Y-%m', created, {zone}) from rows": "bigquery",
    f"select formatDateTime(created, '%Y-%m', {zone}) from rows": "clickhouse",
    f"select dateTrunc('month', created, {zone}) from rows": "clickhouse",
    f"select date_format(from_utc_timestamp(created, {zone}), 'yyyy-MM') from rows": "spark",
}


def month(query, read):
    written = sqlglot.transpile(query, read=read, write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    return str(duckdb.sql(written).fetchall()[0][0])[:7], written


print("sqlglot", sqlglot.__version__, "duckdb", duckdb.__version__)
print("the month in New York of 2026-11-01 03:30 UTC: expected 2026-10")
good = [month(*one) for one in right.items()]
bad = [month(*one) for one in wrong.items()]
for (seen, written), (query, read) in zip(good + bad, (right | wrong).items()):
    print(f"seen {seen}, {read}: {query}\n    {written}")
raise SystemExit(not ({seen for seen, _ in good} == {"2026-10"} and {seen for seen, _ in bad} == {"2026-11"}))
PY
