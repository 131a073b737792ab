from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.errors import ConfigError, StateError, StorageError
from connector.lake.formats.formats import format_named
from connector.lake.formats.names import FORMAT_NAMES
from connector.lake.reading.dataset import read
from connector.lake.state.record_files import record_path
from connector.lake.state.table_states import commit, states
from connector.lake.stores.local import LocalStore
from connector.lake.writing.rewrite import PartitionRewrite, stage
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.tables.balance_transactions import to_batch, to_lines, to_objects
from tests.readers.awkward import write_balances, write_payouts
from tests.support.parting import by_partition
from tests.support.samples import publish
from tests.support.states import with_files

START = 1_700_006_400
each_format = pytest.mark.parametrize("name", FORMAT_NAMES)


def row(index: int, **changes) -> dict:
    return {
        "id": f"txn_{index:04}",
        "object": "balance_transaction",
        "amount": 1_000 + index,
        "available_on": START + 172_800,
        "balance_type": "payments",
        "created": START + index * 7_200,
        "currency": "eur" if index % 2 else "usd",
        "description": None,
        "exchange_rate": None,
        "fee": 30,
        "fee_details": [
            {"amount": 30, "application": None, "currency": "usd", "description": "fees", "type": "stripe_fee"}
        ],
        "net": 970 + index,
        "reporting_category": "charge",
        "source": f"ch_{index}",
        "status": "pending" if index > 20 else "available",
        "type": "charge",
        **changes,
    }


ROWS = [row(index) for index in range(29)] + [
    row(29, a_new_field={"deep": [1, 2]}, description="naïve \u2028 text"),
    row(30, source={"id": "ch_30", "object": "charge", "amount": 5}),
]


def make_lake(root, name: str, *, accounts=("acct_1",), granularity=Granularity.DAY, budget=1 << 20) -> LocalStore:
    store, form = LocalStore(root), format_named(name)
    make = to_lines if name.startswith("jsonl") else to_batch
    for account in map(AccountId, accounts):
        state = TableState(account, name, granularity)
        with RowBuffer(store.scratch, memory=Memory(budget)) as buffer:
            for start in (20, 10, 0):
                for key, part in by_partition(make(ROWS[start : start + 10 + start // 20][::-1]), granularity):
                    buffer.put(key, part)
            for key in buffer.partitions():
                whole = Intervals((key.bounds,))
                with buffer.take(key, whole) as runs:
                    folder = partition_folder("balance_transactions", account, key)
                    staged = stage(store, form, PartitionRewrite(folder, None, whole), runs)
                    publish(store, staged)
                state = with_files(state, [staged.file], whole)
        commit(store, state)
    return store


@each_format
def test_what_went_in_comes_out_in_order_with_its_account_and_date(tmp_path, name):
    make_lake(tmp_path, name)
    table = pa.table(read(tmp_path))
    assert table.schema.names[-2:] == ["account", "created_date"]
    assert [table.schema.field(column).type for column in ("account", "created_date")] == [pa.string(), pa.date32()]
    stored = table.drop_columns(["account", "created_date"])
    assert [received for batch in stored.to_batches() for received in to_objects(batch)] == ROWS
    assert table["account"].unique().to_pylist() == ["acct_1"]
    assert table["created_date"].to_pylist() == [
        dt.datetime.fromtimestamp(one["created"], dt.UTC).date() for one in ROWS
    ]


def test_every_format_gives_the_same_table(tmp_path):
    tables = []
    for name in FORMAT_NAMES:
        make_lake(tmp_path / name, name, budget=0)
        tables.append(pa.table(read(tmp_path / name)))
    assert all(table.equals(tables[0]) for table in tables)


@each_format
def test_duckdb_polars_and_pandas_take_the_rows_as_they_are_and_again(tmp_path, name):
    make_lake(tmp_path, name)
    rows = read(tmp_path)
    expected = sum(one["net"] for one in ROWS)
    for _ in range(2):
        assert duckdb.sql("select sum(net), count(distinct created_date) from rows").fetchall() == [(expected, 3)]
        assert pl.DataFrame(rows)["net"].sum() == expected
        assert pl.from_arrow(rows.reader())["net"].sum() == expected
        assert pd.DataFrame.from_arrow(rows)["net"].sum() == expected
        assert rows.reader().read_pandas()["net"].sum() == expected


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_a_dataset_takes_filters(tmp_path, name):
    make_lake(tmp_path, name)
    dataset = read(tmp_path).dataset()
    day = dt.date(2023, 11, 16)
    count = sum(dt.datetime.fromtimestamp(one["created"], dt.UTC).date() == day for one in ROWS)
    assert duckdb.sql("select count(*) from dataset where created_date = date '2023-11-16'").fetchall() == [(count,)]
    assert pl.scan_pyarrow_dataset(dataset).filter(pl.col("created_date") == day).collect().height == count


def test_lines_are_a_stream_only(tmp_path):
    make_lake(tmp_path, "jsonl.zst")
    with pytest.raises(ConfigError, match="as a stream"):
        read(tmp_path).dataset()


@each_format
def test_columns_come_in_the_order_asked_for(tmp_path, name):
    make_lake(tmp_path, name)
    table = pa.table(read(tmp_path, columns=["created_date", "net", "id"]))
    assert table.column_names == ["created_date", "net", "id"]
    assert table.num_rows == len(ROWS)
    assert pa.table(read(tmp_path, columns=["net"])).column_names == ["net"]
    assert pa.table(read(tmp_path, columns="net")).column_names == ["net"]


def test_accounts_are_read_together_or_alone(tmp_path):
    make_lake(tmp_path, "parquet", accounts=("acct_1", "acct_2"))
    assert pa.table(read(tmp_path)).num_rows == 2 * len(ROWS)
    assert pa.table(read(tmp_path, "acct_2"))["account"].unique().to_pylist() == ["acct_2"]
    with pytest.raises(ConfigError, match="accounts here: acct_1, acct_2"):
        read(tmp_path, "acct_3")


@pytest.mark.parametrize("version", [None, 1])
def test_one_account_is_read_without_a_look_at_the_records_of_others(tmp_path, version):
    store = make_lake(tmp_path, "parquet", accounts=("acct_1", "acct_2"))
    store.write(record_path("balance_transactions", AccountId("acct_1"), 1), b"not a record")
    rows = read(tmp_path, "acct_2", version=version)
    assert pa.table(rows).num_rows == len(ROWS)
    assert rows.reader().read_all().num_rows == len(ROWS)
    with pytest.raises(StateError):
        read(tmp_path)


@each_format
@pytest.mark.parametrize(
    ("granularity", "type_", "value"),
    [(Granularity.MONTH, pa.string(), "2023-11"), (Granularity.YEAR, pa.int32(), 2023)],
)
def test_months_and_years_are_columns_too(tmp_path, name, granularity, type_, value):
    make_lake(tmp_path, name, granularity=granularity)
    column = pa.table(read(tmp_path))[granularity.column]
    assert (column.type, column.unique().to_pylist()) == (type_, [value])


@each_format
def test_only_files_of_the_state_are_read_and_one_missing_is_said(tmp_path, name):
    store = make_lake(tmp_path, name)
    rows = read(tmp_path)
    folder = partition_folder("balance_transactions", AccountId("acct_1"), partition_of(0, Granularity.DAY))
    store.write(f"{folder}/{format_named(name).file_name}", b"not ours")
    assert pa.table(rows).num_rows == len(ROWS)
    (only,) = states(store)
    store.delete(min(only.files))
    with pytest.raises(StorageError, match=r"part-.* is gone or not as it was written"):
        rows.reader().read_all()


def test_a_place_without_a_lake_and_a_column_unknown_are_said(tmp_path):
    with pytest.raises(ConfigError, match="no lake"):
        read(tmp_path / "none")
    make_lake(tmp_path / "lake", "parquet")
    with pytest.raises(ConfigError, match="no column 'nett'; columns: id, object"):
        read(tmp_path / "lake", columns=["nett"])


def test_readers_that_glob_find_each_row_once(tmp_path):
    store = make_lake(tmp_path, "parquet")
    store.staging("balance_transactions/x/part-0.parquet").write_bytes(b"half")
    found = (
        duckdb.read_parquet(f"{tmp_path}/**/*.parquet", hive_partitioning=True)
        .aggregate("count(*), min(created_date)")
        .fetchall()
    )
    assert found == [(len(ROWS), dt.date(2023, 11, 15))]
    assert pl.scan_parquet(f"{tmp_path}/balance_transactions/**/*.parquet").collect().height == len(ROWS)


@each_format
def test_a_time_zone_adds_the_day_there_last(tmp_path, name):
    make_lake(tmp_path, name)
    rows = read(tmp_path, timezone="Pacific/Auckland")
    table = pa.table(rows)
    assert table.schema == rows.schema
    assert table.schema.names[-3:] == ["account", "created_date", "local_date"]
    there = [dt.datetime.fromtimestamp(one["created"], ZoneInfo("Pacific/Auckland")).date() for one in ROWS]
    assert (table.schema.field("local_date").type, table["local_date"].to_pylist()) == (pa.date32(), there)
    assert there != table["created_date"].to_pylist()
    assert table.drop_columns("local_date").equals(pa.table(read(tmp_path)))


@each_format
def test_the_day_there_stands_where_it_is_asked_for_with_or_without_its_moment(tmp_path, name):
    make_lake(tmp_path, name)
    for asked, had in (
        (["local_date", "net"], ["local_date", "net"]),
        (["net"], ["net", "local_date"]),
        (["created_date", "local_date", "created"], ["created_date", "local_date", "created"]),
        ([], ["local_date"]),
    ):
        table = pa.table(read(tmp_path, columns=asked, timezone="Asia/Tokyo"))
        assert table.column_names == had
        assert table["local_date"].equals(pa.table(read(tmp_path, timezone="Asia/Tokyo"))["local_date"])


@each_format
def test_with_a_time_zone_rows_are_still_a_stream_that_can_be_had_again(tmp_path, name):
    make_lake(tmp_path, name)
    rows = read(tmp_path, timezone="Europe/Paris")
    for _ in range(2):
        days = duckdb.sql("select count(distinct local_date), sum(net) from rows").fetchall()
        assert days == [(len(set(pa.table(rows)["local_date"].to_pylist())), sum(one["net"] for one in ROWS))]
        assert rows.reader().read_next_batch().num_rows <= len(ROWS)
        assert pl.DataFrame(rows)["local_date"].dtype == pl.Date


def test_a_day_there_needs_a_zone_and_a_moment_and_is_in_no_dataset(tmp_path):
    make_lake(tmp_path, "parquet")
    with pytest.raises(ConfigError, match="name it, as timezone='Europe/Paris'"):
        read(tmp_path, columns=["net", "local_date"])
    with pytest.raises(ConfigError, match="in no file"):
        read(tmp_path, timezone="Europe/Paris").dataset()
    with pytest.raises(ConfigError, match="pip install tzdata"):
        read(tmp_path, timezone="Europe/Pari")
    write_payouts(tmp_path, "parquet")
    write_balances(tmp_path, "parquet")
    with pytest.raises(ConfigError, match="balances has no `created`"):
        read(tmp_path, table="balances", timezone="Europe/Paris")


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
@pytest.mark.parametrize("table", ["payouts", "payout_transactions"])
def test_tables_with_moments_of_their_own_have_days_there(tmp_path, form, table):
    write_payouts(tmp_path, form)
    found = pa.table(read(tmp_path, table=table, columns=["created"], timezone="Pacific/Kiritimati"))
    there = [one.astimezone(ZoneInfo("Pacific/Kiritimati")).date() for one in found["created"].to_pylist()]
    assert found["local_date"].to_pylist() == there
