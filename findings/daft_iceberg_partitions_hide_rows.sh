#!/usr/bin/env bash
# Daft does not find a text in an Iceberg table partitioned by its first letters, if one of them is not ASCII.
#
# One would expect: `where payee = 'Ünal'` finds the row that a scan of the whole table gives; partitions only say what need
#   not be read.
# What is true: to pass over partitions Daft cuts the text of the filter to so many bytes; Iceberg's truncate counts letters.
#   The cut texts are not equal and the partition that holds the row is passed over, without a word (where the cut falls
#   within a letter, as in Müller, it is an error); so for the hour of a time before 1970 that is not a whole one. Other
#   transforms (day, month, year, truncate of numbers, bucket) are right.
# Version: daft 0.7.26; table written by pyiceberg 0.12.0 with pyiceberg-core 0.11.0, which finds both, as Polars 2.1.0 does.
# Source: Iceberg table spec, "Truncate Transform Details": strings are cut to a length in Unicode code points.
# What is lost: every row of customers and payees whose name begins so, from each query that asks for one of them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check daft==0.7.26 polars==2.1.0 pyarrow==25.0.1 \
    'pyiceberg[sql-sqlite]==0.12.0' pyiceberg-core==0.11.0
venv/bin/python - 2>errors <<'PY' || { tail -20 errors >&2; exit 1; }
import datetime as dt
from importlib.metadata import version
from pathlib import Path

import daft
import polars as pl
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo
from pyiceberg.transforms import DayTransform, HourTransform, TruncateTransform

payees = ["Özgür", "Meier", "Ünal"]
times = [dt.datetime(1969, 12, 31, 23, 30), dt.datetime(1970, 1, 1, 0, 30), dt.datetime(2026, 1, 31, 12, 30)]
rows = pa.table({"id": ["a", "b", "c"], "payee": payees, "created": pa.array(times, pa.timestamp("us"))})
place = Path("warehouse").resolve()
place.mkdir()
catalog = SqlCatalog("lake", uri=f"sqlite:///{place}/catalog.db", warehouse=place.as_uri())
catalog.create_namespace("ledger")
print("daft", daft.__version__, "pyiceberg", version("pyiceberg"), "polars", pl.__version__)
same = True
for column, transform, known in (
    ("payee", TruncateTransform(2), ["b"]),
    ("created", HourTransform(), ["b", "c"]),
    ("created", DayTransform(), ["a", "b", "c"]),
):
    name = f"ledger.by_{transform.__class__.__name__.lower()}"
    with catalog.create_table(name, rows.schema).update_spec() as spec:
        spec.add_field(column, transform, "part")
    table = catalog.load_table(name)
    table.append(rows)
    found = {"pyiceberg": [], "polars": [], "daft": []}
    for key, value in zip(rows["id"].to_pylist(), rows[column].to_pylist(), strict=True):
        text = value if column == "payee" else value.isoformat()
        if table.scan(EqualTo(column, text)).to_arrow()["id"].to_pylist() == [key]:
            found["pyiceberg"].append(key)
        if pl.scan_iceberg(table).filter(pl.col(column) == value).collect()["id"].to_list() == [key]:
            found["polars"].append(key)
        if daft.read_iceberg(table).where(daft.col(column) == value).to_pydict()["id"] == [key]:
            found["daft"].append(key)
    whole = sorted(daft.read_iceberg(table).to_pydict()["id"])
    print(f"{transform}: rows {whole}; each asked for by its {column}: expected all, found {found}")
    same &= whole == ["a", "b", "c"] and found == {"pyiceberg": whole, "polars": whole, "daft": known}
raise SystemExit(not same)
PY
