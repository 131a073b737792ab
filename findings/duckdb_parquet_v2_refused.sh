#!/usr/bin/env bash
# Files that DuckDB writes as Parquet v2 are refused by pyarrow and DataFusion.
#
# One would expect: COPY … (FORMAT parquet, PARQUET_VERSION v2) writes what the readers of DELTA_BINARY_PACKED read.
# What is true: where 32-bit integers differ by 2^31 or more, DuckDB writes a difference that does not fit in 32 bits;
#   pyarrow and DataFusion stop with an error, DuckDB and Polars read on. And its blocks of 256 values cannot be
#   skipped by arrow-rs: every filtered read of DataFusion with pushdown_filters (as of Daft) fails, for all integers,
#   decimals and times.
# Version: duckdb 2.0.1, pyarrow 26.0.1, datafusion 55.0.0, polars 2.1.0. Parquet v1, the default, is fine.
# Source: parquet-format, Encodings.md, DELTA_BINARY_PACKED: differences wrap round in two's complement.
# What is lost: nothing in silence; but the files of a month are readable by their writer alone, and by others only
#   without a filter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 datafusion==55.0.0 polars==2.1.0
venv/bin/python - <<'PY'
import datafusion
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

option = "format parquet, parquet_version v2"
wide = "select i as id, ((hash(i) % 4294967296)::bigint - 2147483648)::integer as key from range(3000) as t(i)"
plain = "select i as id, (i / 100.0)::decimal(18, 2) as net from range(3000) as t(i)"
duckdb.sql(f"copy ({wide}) to 'wide.parquet' ({option})")
duckdb.sql(f"copy ({plain}) to 'plain.parquet' ({option})")


def attempt(read):
    try:
        return str(read())
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def by_datafusion(name, where, pushdown):
    config = datafusion.SessionConfig().set("datafusion.execution.parquet.pushdown_filters", pushdown)
    context = datafusion.SessionContext(config)
    context.register_parquet("t", name)
    return context.sql(f"select count(*) as n, max(id) as last from t where {where}").to_pydict()["n"][0]


seen = {
    "wide integers, DuckDB": attempt(lambda: len(duckdb.sql("from 'wide.parquet'").fetchall())),
    "wide integers, Polars": attempt(lambda: pl.read_parquet("wide.parquet").height),
    "wide integers, pyarrow": attempt(lambda: pq.read_table("wide.parquet").num_rows),
    "wide integers, DataFusion": attempt(lambda: by_datafusion("wide.parquet", "key is not null", "false")),
    "decimals, pyarrow": attempt(lambda: pq.read_table("plain.parquet").num_rows),
    "decimals, DataFusion": attempt(lambda: by_datafusion("plain.parquet", "net in (5, 19)", "false")),
    "decimals, DataFusion with pushdown": attempt(lambda: by_datafusion("plain.parquet", "net in (5, 19)", "true")),
}
print(
    "duckdb",
    duckdb.__version__,
    "pyarrow",
    pa.__version__,
    "datafusion",
    datafusion.__version__,
    "polars",
    pl.__version__,
)
print("expected: 3000 rows from each, 2 from the filters")
for way, answer in seen.items():
    print(f"seen, {way}: {answer}")
refused = [
    ":" in seen[way]
    for way in ("wide integers, pyarrow", "wide integers, DataFusion", "decimals, DataFusion with pushdown")
]
fine = [
    seen["wide integers, DuckDB"],
    seen["wide integers, Polars"],
    seen["decimals, pyarrow"],
    seen["decimals, DataFusion"],
]
raise SystemExit(not (all(refused) and fine == ["3000", "3000", "3000", "2"]))
PY
