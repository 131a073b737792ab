from __future__ import annotations

import io

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import SchemaError
from connector.tables.arrow import arrow_schema, dictionary_columns
from connector.tables.balance_transactions import LINES_SCHEMA, to_batch, to_lines, to_objects
from connector.tables.columnize import BALANCE_TRANSACTION, FEE_PART, columnize
from connector.tables.some_columns import to_some_columns
from tests.support.rows import OFFICIAL_ROW, VITAL, exactly, json_values, odd_rows, ordinary_rows, pages, received

PART = {"amount": 59, "application": None, "currency": "usd", "description": "Stripe fees", "type": "stripe_fee"}


def line_of(row):
    """A row's line, where all its fields are documented."""
    parts = [{name: part[name] for name in FEE_PART.tests} for part in row["fee_details"]]
    row = {**row, "fee_details": parts}
    return orjson.dumps({name: row[name] for name in BALANCE_TRANSACTION.tests if name in row}) + b"\n"


@given(pages)
def test_what_was_received_comes_back_whatever_it_was(page):
    rows = received(page)
    batch = to_batch(rows)
    batch.validate(full=True)
    assert batch.schema == arrow_schema("balance_transactions")
    back = to_objects(batch)
    assert back == rows
    for row in (*rows, *back):
        if type(row.get("exchange_rate")) in {int, float}:  # 1 and 1.0 are the same rate
            row["exchange_rate"] = float(row["exchange_rate"])
    assert list(map(exactly, back)) == list(map(exactly, rows))


@given(st.lists(ordinary_rows, min_size=1, max_size=4), st.data())
def test_rows_of_an_old_version_come_back_whether_all_of_a_page_are_old_or_some(page, data):
    rows = received(page)
    for row in data.draw(st.lists(st.sampled_from(rows), max_size=8)):
        row.pop("balance_type", None)
    batch = to_batch(rows)
    assert to_objects(batch) == rows
    assert batch.column("extra").null_count == len(rows)
    assert batch.column("balance_type").to_pylist() == [row.get("balance_type") for row in rows]
    assert to_lines(rows).column("line").to_pylist() == [line_of(row) for row in rows]


@given(pages)
def test_columns_that_can_never_be_null_are_not(page):
    batch = to_batch(received(page))
    assert not [field.name for field in batch.schema if not field.nullable and batch.column(field.name).null_count]


@given(pages)
def test_lines_are_the_objects_as_received_beside_their_account(page):
    rows = received(page)
    batch, lines = to_batch(rows), to_lines(rows)
    lines.validate(full=True)
    assert lines.schema == LINES_SCHEMA
    assert [exactly(orjson.loads(line)) for line in lines.column("line").to_pylist()] == list(map(exactly, rows))
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for line in lines.column("line").to_pylist())
    for name in ("id", "created", "net", "currency", "status", "available_on"):
        assert lines.column(name).equals(batch.column(name))


@given(st.lists(ordinary_rows, min_size=1, max_size=3))
def test_rows_as_documented_need_no_extra(rows):
    batch = to_batch(received(rows))
    assert batch.column("extra").null_count == batch.column("source_object").null_count == len(rows)


@given(odd_rows, st.sampled_from(VITAL), json_values | st.sampled_from([2**63, -(2**63) - 1, True, 1.0, None]))
def test_both_conversions_refuse_the_same_rows(row, name, value):
    row[name] = value
    refusals = []
    for convert in (to_batch, to_lines):
        try:
            convert([OFFICIAL_ROW, row])
        except SchemaError as error:
            refusals.append(str(error))
    fits = (
        type(value) is str if name in {"id", "currency", "type"} else type(value) is int and -(2**63) <= value < 2**63
    )
    if name == "id":
        fits = fits and value != ""
    if fits and name == "created":
        fits = -62_135_596_800 <= value <= 253_402_300_799
    assert len(refusals) == (0 if fits else 2)
    assert len(set(refusals)) <= 1


@pytest.mark.parametrize("name", VITAL)
def test_a_row_without_a_field_a_ledger_needs_is_refused_by_name(name):
    row = {key: value for key, value in OFFICIAL_ROW.items() if key != name}
    with pytest.raises(SchemaError, match=rf"without {name}\b"):
        to_batch([OFFICIAL_ROW, row])


@pytest.mark.parametrize("beside", [{}, {"livemode": True}])
def test_a_row_whose_id_is_empty_is_refused_as_one_without_an_id_is(beside):
    for convert in (to_batch, to_lines):
        with pytest.raises(SchemaError, match="received without id"):
            convert([OFFICIAL_ROW, {**OFFICIAL_ROW, **beside, "id": ""}])


@pytest.mark.parametrize("value", [None, True, 1.0, "1", 2**63, -(2**63) - 1, [], {}])
def test_an_amount_that_is_no_whole_number_of_64_bits_is_refused_with_its_row_and_value(value):
    with pytest.raises(SchemaError) as caught:
        to_batch([{**OFFICIAL_ROW, "amount": value}])
    assert OFFICIAL_ROW["id"] in str(caught.value)
    assert f"amount {value!r}" in str(caught.value)


def test_a_refused_value_is_shown_in_part_however_large_or_deep():
    deep: dict[str, object] = {}
    for _ in range(900):
        deep = {"a": deep}
    for value in ("x" * 1_000_000, ["y"] * 1_000_000, deep):
        with pytest.raises(SchemaError) as caught:
            to_lines([{**OFFICIAL_ROW, "net": value}])
        assert len(str(caught.value)) < 300


def test_an_object_nested_deeper_than_json_can_be_written_is_refused():
    deep: list[object] = []
    for _ in range(400):
        deep = [deep]
    for convert in (to_batch, to_lines):
        with pytest.raises(SchemaError, match="cannot be written"):
            convert([{**OFFICIAL_ROW, "new": deep}])


def test_extra_keeps_unknown_fields_changed_types_and_absences_in_documented_places():
    row = received(
        {
            **OFFICIAL_ROW,
            "livemode": True,
            "$absent": 7,
            "description": 12,
            "status": None,
            "fee_details": [PART, {**PART, "rate": 0.029, "type": None}],
        }
    )
    del row["source"]
    batch = to_batch([row])
    assert orjson.loads(batch.column("extra")[0].as_py()) == {
        "livemode": True,
        "$$absent": 7,
        "description": 12,
        "status": None,
        "fee_details": [None, {"rate": 0.029, "type": None}],
        "$absent": ["source"],
    }
    assert batch.column("description").null_count == batch.column("status").null_count == 1
    assert batch.column("fee_details")[0].as_py() == [PART, {**PART, "type": None}]
    assert to_objects(batch) == [row]


def test_fee_details_that_are_no_list_of_objects_move_as_a_whole():
    for value in ({"amount": 1}, [PART, None], "none", None):
        batch = to_batch([{**OFFICIAL_ROW, "fee_details": value}])
        assert batch.column("fee_details")[0].as_py() is None
        assert orjson.loads(batch.column("extra")[0].as_py()) == {"fee_details": value}


def test_an_expanded_source_leaves_its_id_in_the_column():
    charge = {"id": "ch_1", "object": "charge", "metadata": {"order": "6735"}}
    batch = to_batch([{**OFFICIAL_ROW, "source": charge}, OFFICIAL_ROW])
    assert batch.column("source").to_pylist() == ["ch_1", OFFICIAL_ROW["source"]]
    assert [text and orjson.loads(text) for text in batch.column("source_object").to_pylist()] == [charge, None]
    assert batch.column("extra").null_count == 2


def test_rows_of_api_versions_without_balance_type_need_no_extra():
    old = {name: value for name, value in OFFICIAL_ROW.items() if name != "balance_type"}
    batch = to_batch([old, OFFICIAL_ROW])
    assert batch.column("balance_type").to_pylist() == [None, "payments"]
    assert batch.column("extra").null_count == 2
    assert to_objects(batch) == [old, OFFICIAL_ROW]


def test_a_time_no_engine_can_show_is_kept_aside_unless_it_is_created():
    batch = to_batch([{**OFFICIAL_ROW, "available_on": 10**15}])
    assert batch.column("available_on").null_count == 1
    assert to_objects(batch)[0]["available_on"] == 10**15
    with pytest.raises(SchemaError, match="created"):
        to_batch([{**OFFICIAL_ROW, "created": 10**15}])


def test_no_rows_give_an_empty_batch():
    assert to_batch([]).num_rows == to_lines([]).num_rows == 0
    assert to_objects(to_batch([])) == []


def test_looking_once_serves_both_conversions():
    columnized = columnize([OFFICIAL_ROW])
    assert to_batch(columnized).equals(to_batch([OFFICIAL_ROW]))
    assert to_lines(columnized).equals(to_lines([OFFICIAL_ROW]))


@given(pages)
def test_rows_survive_a_parquet_file_with_dictionaries(page):
    rows = received(page)
    file = io.BytesIO()
    pq.write_table(
        pa.Table.from_batches([to_batch(rows)]),
        file,
        use_dictionary=list(dictionary_columns("balance_transactions")),
        compression="zstd",
    )
    table = pq.read_table(pa.BufferReader(file.getvalue()), read_dictionary=["type", "currency"])
    assert to_objects(table.combine_chunks().to_batches()[0]) == rows if rows else table.num_rows == 0


@given(pages, st.sets(st.sampled_from([*BALANCE_TRANSACTION.tests, "extra", "source_object"]), min_size=1))
def test_some_columns_are_those_of_all(page, names):
    rows, chosen = received(page), sorted(names)
    whole = to_batch(rows).select(chosen)
    some = to_some_columns(rows, chosen)
    assert some.schema == whole.schema
    assert some.equals(whole)


@pytest.mark.parametrize("name", BALANCE_TRANSACTION.vital)
def test_some_columns_of_a_row_that_lacks_what_it_is_kept_for_are_refused_as_all_are(name):
    row = {key: value for key, value in OFFICIAL_ROW.items() if key != name}
    with pytest.raises(SchemaError, match=name):
        to_some_columns([OFFICIAL_ROW, row], [name])
