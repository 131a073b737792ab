#!/usr/bin/env bash
# Dagster's DuckDB I/O manager, with days of New York, deletes rows of one day when the next is made, and doubles others.
#
# One would expect: a partition is replaced as a whole: what is deleted, and what is read, are the rows between its start and
#   its end, as the context gives them to the asset.
# What is true: both are written into the query as they stand on the clock of the partitions' zone, without the zone. A column
#   of times in UTC is compared with them, so that the day is that of UTC (with TIMESTAMPTZ that of DuckDB's session). The
#   evening of 1 October in New York is 2 October there: making the 2nd deletes it, and making the 1st again appends it once
#   more. Downstream assets get a day that lacks it. With timezone="UTC" all is right. No error, no warning.
# Version: dagster 1.13.27, dagster-duckdb and dagster-duckdb-pandas 0.29.27, duckdb 2.0.1.
# Source: none known; dagster-io/community-integrations#286 is of the same lost zone in dagster-iceberg. The docs of
#   `partition_expr` do not speak of zones.
# What is lost: with each daily run the last four or five hours of the day before; with each backfill they may be there twice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check dagster==1.13.27 dagster-duckdb-pandas==0.29.27 duckdb==2.0.1 pandas==2.3.3
export DAGSTER_HOME="$work/home" DAGSTER_DISABLE_TELEMETRY=1
mkdir home
venv/bin/python - 2>errors <<'PY' || { tail -20 errors >&2; exit 1; }
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
from dagster_duckdb_pandas import DuckDBPandasIOManager

times = pd.to_datetime(["2026-10-01T16:00Z", "2026-10-02T01:00Z", "2026-10-02T16:00Z"])
ledger = pd.DataFrame({"id": ["txn_1", "txn_2", "txn_3"], "created": times.tz_localize(None), "net": [100, 20, 3]})
first, second = "2026-10-01", "2026-10-02"


def made(zone, order):
    days = dg.DailyPartitionsDefinition(start_date=first, timezone=zone)
    read = {}

    @dg.asset(partitions_def=days, metadata={"partition_expr": "created"})
    def rows(context) -> pd.DataFrame:
        start, end = context.partition_time_window
        return ledger[(times >= start) & (times < end)]

    @dg.asset(partitions_def=days)
    def report(context, rows: pd.DataFrame) -> None:
        read[context.partition_key] = sorted(rows["id"])

    Path("lake.duckdb").unlink(missing_ok=True)
    manager = DuckDBPandasIOManager(database="lake.duckdb", schema="main")
    for day in order:
        assert dg.materialize([rows, report], partition_key=day, resources={"io_manager": manager}).success
    with duckdb.connect("lake.duckdb") as connection:
        return [key for (key,) in connection.sql("select id from main.rows order by id").fetchall()], read


once = ["txn_1", "txn_2", "txn_3"]
print("dagster", dg.__version__, "duckdb", duckdb.__version__)
same = True
for order, lacking in (
    ([first, second], ["txn_1", "txn_3"]),
    ([second, first, first], ["txn_1", "txn_2", "txn_2", "txn_3"]),
):
    for zone, known in (("UTC", once), ("America/New_York", lacking)):
        found, read = made(zone, order)
        print(f"days of {zone}, {order} made: expected {once} seen {found}; downstream {read}")
        same &= found == known
        if zone != "UTC":
            same &= read[first] == ["txn_1"]
raise SystemExit(not same)
PY
