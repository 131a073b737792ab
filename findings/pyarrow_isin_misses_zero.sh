#!/usr/bin/env bash
# pyarrow's isin does not find zero in a Parquet file that holds nothing else.
#
# One would expect: isin([0.0, 7.0]) finds the rows of 0.0, as == 0.0 does.
# What is true: the format has 0.0 written as the bounds -0.0 and 0.0. The dataset sees equal bounds, takes the column
#   for the constant -0.0, and isin compares bits: no row. With another value in the row group they are found, and in
#   a table in memory too. pyiceberg's In goes the same way.
# Version: pyarrow 26.0.1 and pyiceberg 0.12.0.
# Source: parquet.thrift, ColumnOrder, on zeros in statistics; none known on isin.
# What is lost: the days on which all fees (or all tax) were zero, from a filter by a list of values.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1 'pyiceberg[pyarrow,sql-sqlite]==0.12.0'
venv/bin/python - <<'PY'
import os
import warnings

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyiceberg
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import In

warnings.simplefilter("ignore")
here = os.getcwd()
catalog = SqlCatalog("lake", uri=f"sqlite:///{here}/catalog.db", warehouse=f"file://{here}")
catalog.create_namespace("money")
rows = pa.table({"fee": [0.0, 0.0]})
pq.write_table(rows, "zero.parquet")
pq.write_table(pa.table({"fee": [0.0, 0.0, 3.0]}), "mixed.parquet")
table = catalog.create_table("money.rows", schema=rows.schema)
table.append(rows)

values = [0.0, 7.0]
seen = {
    "dataset, fee == 0.0": ds.dataset("zero.parquet").count_rows(filter=ds.field("fee") == 0.0),
    "table in memory, isin": rows.filter(pc.field("fee").isin(values)).num_rows,
    "dataset with a 3.0 besides, isin": ds.dataset("mixed.parquet").count_rows(filter=ds.field("fee").isin(values)),
    "dataset, isin": ds.dataset("zero.parquet").count_rows(filter=ds.field("fee").isin(values)),
    "pyiceberg, In": table.scan(In("fee", values)).to_arrow().num_rows,
}
print("pyarrow", pa.__version__, "pyiceberg", pyiceberg.__version__)
print("two rows of 0.0, asked for 0.0 or 7.0: expected 2 from each")
for way, found in seen.items():
    print(f"seen, {way}: {found}")
raise SystemExit(list(seen.values()) != [2, 2, 2, 0, 0])
PY
