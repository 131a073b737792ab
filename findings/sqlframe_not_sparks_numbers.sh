#!/usr/bin/env bash
# sqlframe, PySpark's DataFrames over DuckDB, counts nulls, rounds casts and ranks nulls last where Spark does not.
#
# One would expect: the same code gives Spark's answers, as sqlframe says, or an error; orderBy("net") puts nulls first here too.
# What is true: collect_list() and collect_set() keep nulls, so size() is one more; cast("long") of 12.7 is 13, and of "12.70"
#   by try_cast 13 where Spark has none; round(1.005, 2) is 1.0, not 1.01; percentile(net, 0.25) is an element, 100, not
#   150. In windows nulls stand last, so rank(), row_number(), lag() and running sums over a column with nulls are
#   others, and the first row of each currency is another row. substring(text, 0, 2) has one character.
# Version: sqlframe 4.10.0 with duckdb 2.0.1 and sqlglot 30.29.0; compared with pyspark 4.3.0.
# Source: none known; Spark's docs of collect_list ("nulls are not included"), of NULLS FIRST in windows, of cast to long.
# What is lost: jobs of a lake that are tried on sqlframe, or moved to it, have other counts, cents and newest rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'sqlframe[duckdb]==4.10.0' duckdb==2.0.1 sqlglot==30.29.0
venv/bin/python - <<'PY'
from importlib.metadata import version

from sqlframe.duckdb import DuckDBSession, Window, functions as F, types as T

SPARK = {
    "size(collect_list(net))": 3,
    "size(collect_set(net))": 3,
    "percentile(net, 0.25)": 150.0,
    "12.7 and 3.5, cast": [12, 3],
    "1.005 and 2.675, rounded to two": [1.01, 2.68],
    "try_cast of 12.70": None,
    "substring(usd, 0, 2)": "us",
    "rank by net": [2, 4, 1, 3],
    "lag(id) by net": [3, 4, None, 1],
    "first row of each currency by net": [1, 3],
    "orderBy(net)": [3, 1, 4, 2],
    "median(net)": 200.0,
}
fields = {"id": T.LongType(), "net": T.LongType(), "currency": T.StringType(), "rate": T.DoubleType(), "text": T.StringType()}
rows = [
    (1, 100, "usd", 12.7, "12.70"),
    (2, 300, "usd", 1.005, "1"),
    (3, None, "eur", 2.675, None),
    (4, 200, "eur", 3.5, "7"),
]
schema = T.StructType([T.StructField(name, kind) for name, kind in fields.items()])
df = DuckDBSession().createDataFrame(rows, schema)
by_net = Window.orderBy("net")


def column(expression):
    found = df.select("id", expression.alias("v")).collect()
    return [row[1] for row in sorted(found, key=lambda row: row[0])]


def whole(expression):
    return df.agg(expression.alias("v")).collect()[0][0]


cast, rounded = column(F.col("rate").cast("long")), column(F.round("rate", 2))
newest = F.row_number().over(Window.partitionBy("currency").orderBy("net"))
seen = {
    "size(collect_list(net))": whole(F.size(F.collect_list("net"))),
    "size(collect_set(net))": whole(F.size(F.collect_set("net"))),
    "percentile(net, 0.25)": whole(F.expr("percentile(net, 0.25)")),
    "12.7 and 3.5, cast": [cast[0], cast[3]],
    "1.005 and 2.675, rounded to two": rounded[1:3],
    "try_cast of 12.70": column(F.expr("try_cast(text as bigint)"))[0],
    "substring(usd, 0, 2)": column(F.substring("currency", 0, 2))[0],
    "rank by net": column(F.rank().over(by_net)),
    "lag(id) by net": column(F.lag("id").over(by_net)),
    "first row of each currency by net": sorted(row[0] for row in df.withColumn("at", newest).where("at = 1").select("id").collect()),
    "orderBy(net)": [row[0] for row in df.orderBy("net").select("id").collect()],
    "median(net)": whole(F.median("net")),
}
print(*(f"{name} {version(name)}" for name in ("sqlframe", "duckdb", "sqlglot")))
for name, answer in seen.items():
    print(f"{name}: Spark {SPARK[name]}; seen {answer}")
known = {
    "size(collect_list(net))": 4,
    "size(collect_set(net))": 4,
    "percentile(net, 0.25)": 100,
    "12.7 and 3.5, cast": [13, 4],
    "1.005 and 2.675, rounded to two": [1.0, 2.67],
    "try_cast of 12.70": 13,
    "substring(usd, 0, 2)": "u",
    "rank by net": [1, 3, 4, 2],
    "lag(id) by net": [None, 4, 2, 1],
    "first row of each currency by net": [1, 4],
}
raise SystemExit(seen != SPARK | known)
PY
