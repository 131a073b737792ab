#!/usr/bin/env bash
# Polars' sum of 32-bit integers wraps around, though that of 8 and 16 bits is widened.
#
# One would expect: sum() of an Int32 column is wide enough, as in DuckDB, pandas and pyarrow; Polars itself makes 64 bits of
#   the sums of Int8 and Int16.
# What is true: Int32 stays Int32, UInt32 stays UInt32: 21,474,836.47 and 0.01 in cents are -21,474,836.48. So in an
#   expression, by group, in the streaming engine and in SQL; a mean is right. No error, no warning.
# Version: polars 2.1.0, duckdb 2.0.1, pyarrow 26.0.1.
# Source: pola-rs/polars#13782 and #17340, open; the docs of sum say which types are cast, and leave out those of 32 bits.
# What is lost: Parquet files of other writers keep amounts in the smallest unit as INT32, each of them well within it; a
#   total above 21 million of the main unit is negative or small.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
venv/bin/python - <<'PY'
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

cents = [2_147_483_647, 1]
pq.write_table(pa.table({"currency": ["eur", "eur"], "net": pa.array(cents, pa.int32())}), "rows.parquet")

rows = pl.scan_parquet("rows.parquet")
context = pl.SQLContext(rows=rows)
seen = {
    "expression": rows.select(pl.sum("net")).collect().item(),
    "streaming": rows.select(pl.sum("net")).collect(engine="streaming").item(),
    "by group": rows.group_by("currency").agg(pl.sum("net")).collect()["net"].item(),
    "SQL": context.execute("select sum(net) from rows", eager=True).item(),
}
narrow = pl.Series([32_767, 1], dtype=pl.Int16).sum()
others = [
    int(duckdb.sql("select sum(net) from 'rows.parquet'").fetchall()[0][0]),
    pc.sum(pq.read_table("rows.parquet")["net"]).as_py(),
]

print("polars", pl.__version__, "duckdb", duckdb.__version__, "pyarrow", pa.__version__)
print("DuckDB and pyarrow:", others, "Polars, Int16:", narrow)
print(f"Polars, Int32: expected {sum(cents)}; seen {seen}")
raise SystemExit(
    not (others == [sum(cents)] * 2 and narrow == 32_768 and set(seen.values()) == {-2_147_483_648})
)
PY
