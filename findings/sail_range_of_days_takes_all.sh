#!/usr/bin/env bash
# Sail's window of so many days, over a column of dates, reaches to the first row and to the last.
#
# One would expect: `range between interval 6 days preceding and current row` over dates adds up a week, as in Spark, whose
#   place Sail takes, and in DuckDB.
# What is true: ordered by a date, the interval of days is passed over: the sum runs from the first row of the partition, and with
#   FOLLOWING to the last. Months are heeded, and so are days over a timestamp. No error, no warning.
# Version: pysail 0.7.2 (its SQL by pyspark-client 4.2.0), duckdb 2.0.1. Seen in Spark 4.3.0: 1, 3, 4 for the first three.
# Source: none known; Spark SQL reference, "Window Functions".
# What is lost: moving sums over created_date, volume or reserves of the last days: each is a running total of everything.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pysail==0.7.2 pyspark-client==4.2.0 pandas==2.3.3 duckdb==2.0.1
venv/bin/python - 2>errors <<'PY' || { tail -20 errors >&2; exit 1; }
import duckdb
import pysail
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

query = """
select sum(net) over (order by {of} range between interval '{length}' preceding and current row)
from (values (1, date '2026-01-01'), (2, date '2026-01-02'), (4, date '2026-01-04'), (8, date '2026-02-04')) as t(net, day)
order by day"""
server = SparkConnectServer("127.0.0.1", 0)
server.start()
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").getOrCreate()
print("pysail", pysail.__version__, "duckdb", duckdb.__version__)
right = True
for of, length, wrong in (
    ("day", "1 day", [1, 3, 7, 15]),
    ("day", "1 month", [1, 3, 7, 12]),
    ("cast(day as timestamp)", "1 day", [1, 3, 4, 8]),
):
    asked = query.format(of=of, length=length)
    expected = [total for (total,) in duckdb.sql(asked).fetchall()]
    number, unit = length.split()
    seen = [row[0] for row in spark.sql(asked.replace(f"'{length}'", f"{number} {unit}")).collect()]
    print(f"the last {length} by {of}: expected {expected} seen {seen}")
    right = right and seen == wrong and (seen == expected) != ((of, length) == ("day", "1 day"))
spark.stop()
server.stop()
raise SystemExit(not right)
PY
