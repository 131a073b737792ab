from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from connector import schemas
from connector.core.state.partition import Granularity
from connector.core.state.tables import TABLES
from connector.lake.formats.formats import format_named
from connector.lake.reading.table_files import file_schema
from connector.lake.writing.small_tables import small_table
from connector.tables.balance_transactions import to_batch
from connector.tables.field_ids import field_ids, numbered
from tests.support.rows import OFFICIAL_ROW

ROWS = "balance_transactions"


@pytest.mark.parametrize("table", TABLES)
def test_no_two_columns_have_the_same_number_and_none_is_left_out(table):
    columns = {name: ids for name, ids in field_ids(table).items() if name not in {"created_month", "created_year"}}
    numbers = sorted(number for ids in columns.values() for number in ids)
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_partition_has_one_number_however_long_it_is():
    assert field_ids(ROWS)["created_date"] == field_ids(ROWS)["created_month"] == field_ids(ROWS)["created_year"]


@pytest.mark.parametrize("partition", list(Granularity))
def test_every_column_of_a_lake_has_a_number(partition):
    schema = file_schema(ROWS, partition, source_columns=True)
    again = numbered(schema, ROWS)
    assert again.names == schema.names
    assert all(field.metadata for field in again)


def test_numbers_that_files_have_stay(tmp_path):
    form = format_named("parquet")
    writer = form.open_writer(tmp_path / "a.parquet")
    writer.write(to_batch([OFFICIAL_ROW]))
    writer.close()
    schema = pq.read_schema(tmp_path / "a.parquet")
    ids = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in schema}
    assert ids["id"] == 1
    assert ids["extra"] == 18
    members = schema.field("fee_details").type.value_field.type
    assert [int(one.metadata[b"PARQUET:field_id"]) for one in members] == [22, 23, 24, 25, 26]
    assert ids == {name: found[0] for name, found in field_ids(ROWS).items() if name in ids}


@pytest.mark.parametrize("table", TABLES[1:])
def test_files_of_the_small_tables_have_numbers_too(table, tmp_path):
    form = small_table(table, "parquet").form
    form.open_writer(tmp_path / "a.parquet").close()
    stored = pq.read_schema(tmp_path / "a.parquet")
    properties = schemas.load(f"tables/{table}")["properties"]
    assert {one.name: int(one.metadata[b"PARQUET:field_id"]) for one in stored} == {
        one.name: properties[one.name]["x-field-id"] for one in stored
    }
