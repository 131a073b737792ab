#!/usr/bin/env bash
# DuckDB and DataFusion answer x < 5 differently when the Parquet file has statistics, if there is a NaN.
#
# One would expect: statistics make a query faster and never change its answer.
# What is true: minimum and maximum leave NaN out, by the format. Both engines take NaN for the greatest number, and
#   still believe the maximum: x > 5 and x = 'nan' skip the file, x < 5 is "always true", so that DuckDB counts the
#   NaN in. max(x) is 2 or NaN. Polars gives the same with and without statistics.
# Version: duckdb 2.0.1, datafusion 55.0.0, polars 2.1.0; files by pyarrow 26.0.1. read_parquet(…, can_have_nan=true)
#   is right in DuckDB.
# Source: duckdb/duckdb#25521, apache/datafusion#24804, both open; parquet.thrift, ColumnOrder, on NaN.
# What is lost: a rate or a share that became NaN (0/0) is hidden from the very filter that looks for bad rows, or
#   comes into a sum that should be bounded.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 datafusion==55.0.0 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'PY'
import datafusion
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

rows = pa.table({"x": [1.0, 2.0, float("nan")]})
pq.write_table(rows, "with.parquet")
pq.write_table(rows, "without.parquet", write_statistics=False)
questions = {"x > 5": 1, "x < 5": 2, "x = 'nan'::double": 1}


def by_duckdb(name, where, option=""):
    return duckdb.sql(f"select count(*) from read_parquet('{name}'{option}) where {where}").fetchall()[0][0]


def by_datafusion(name, where):
    context = datafusion.SessionContext()
    context.register_parquet("t", name)
    return context.sql(f"select count(*) as n from t where {where}").to_pydict()["n"][0]


def by_polars(name, where):
    x = pl.col("x")
    test = {"x > 5": x > 5, "x < 5": x < 5, "x = 'nan'::double": x.is_nan()}[where]
    return pl.scan_parquet(name).filter(test).collect().height


print(
    "duckdb",
    duckdb.__version__,
    "datafusion",
    datafusion.__version__,
    "polars",
    pl.__version__,
    "pyarrow",
    pa.__version__,
)
print("rows: 1, 2, NaN")
seen = {}
for engine, ask in (("DuckDB", by_duckdb), ("DataFusion", by_datafusion), ("Polars", by_polars)):
    for where, right in questions.items():
        seen[engine, where] = (ask("with.parquet", where), ask("without.parquet", where))
        print(f"{engine}, {where}: expected {right}; seen (with statistics, without): {seen[engine, where]}")
option = [by_duckdb("with.parquet", where, ", can_have_nan=true") for where in questions]
print("DuckDB with can_have_nan=true:", option)
wrong = {"DuckDB": [(0, 1), (3, 2), (0, 1)], "DataFusion": [(0, 1), (2, 2), (0, 1)], "Polars": [(1, 1), (2, 2), (1, 1)]}
raise SystemExit(
    not (option == [1, 2, 1] and all([seen[e, w] for w in questions] == answers for e, answers in wrong.items()))
)
PY
