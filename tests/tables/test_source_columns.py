from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import schemas
from connector.tables.balance_transactions import to_batch, to_objects
from connector.tables.source_columns import row_dictionaries, row_schema
from tests.support.rows import OFFICIAL_PAYOUT, OFFICIAL_ROW, json_values, names, pages, received

COLUMNS = schemas.load("tables/source_columns")["properties"]
FIRST = {column["x-path"].split(".")[0] for column in COLUMNS.values()}

sources = st.builds(
    lambda kind, fields: {"object": kind, **fields},
    st.sampled_from(["charge", "refund", "dispute", "payout", "topup", None]),
    st.dictionaries(st.sampled_from(sorted(FIRST)) | names, json_values | st.just({"card": {"brand": 1}, "type": "x"})),
)
pages_of_sources = st.lists(
    st.builds(lambda source: {**OFFICIAL_ROW, "source": source}, sources | st.none() | st.just("ch_1")), max_size=4
)


def columns_of(*found):
    batch = to_batch([{**OFFICIAL_ROW, "source": source} for source in found], source_columns=True)
    return batch.select(list(COLUMNS)).to_pylist()


@given(pages | pages_of_sources)
def test_columns_change_nothing_else_and_what_was_received_comes_back(page):
    rows = received(page)
    batch = to_batch(rows, source_columns=True)
    batch.validate(full=True)
    assert batch.schema == row_schema(source_columns=True)
    assert batch.select(row_schema(source_columns=False).names).equals(to_batch(rows))
    assert to_objects(batch) == rows


def test_a_dispute_has_its_charge_reason_state_and_the_time_by_which_evidence_is_due():
    due = {"due_by": 1_767_225_599, "has_evidence": False}
    dispute = {"object": "dispute", "amount": 7, "currency": "eur", "charge": "ch_1", "reason": "fraudulent"}
    (found,) = columns_of({**dispute, "status": "needs_response", "evidence_details": due})
    assert found["dispute_evidence_due_by"].timestamp() == due["due_by"]
    names = ("amount", "currency", "charge", "reason", "status")
    assert [found[f"dispute_{name}"] for name in names] == [7, "eur", "ch_1", "fraudulent", "needs_response"]
    assert found["charge_amount"] is found["refund_amount"] is None


def test_each_kind_of_source_fills_its_own_columns():
    payout, refund, topup = columns_of(
        OFFICIAL_PAYOUT,
        {"object": "refund", "amount": 5, "currency": "eur", "charge": {"id": "ch_1", "object": "charge"}},
        {"object": "topup", "amount": 5, "status": "succeeded"},
    )
    assert {name for name, value in payout.items() if value is not None} == {
        "source_object_type", *(name for name in COLUMNS if name.startswith("payout_"))
    }  # fmt: skip
    assert payout["payout_arrival_date"].timestamp() == OFFICIAL_PAYOUT["arrival_date"]
    assert (refund["refund_amount"], refund["refund_charge"]) == (5, "ch_1")
    assert {name: value for name, value in topup.items() if value is not None} == {"source_object_type": "topup"}


@pytest.mark.parametrize("value", ["12", 1.0, True, 2**63, None, [1], {"id": "x"}])
def test_a_value_of_another_type_is_null_in_its_column(value):
    (found,) = columns_of({"object": "charge", "amount": value, "payment_method_details": value})
    assert found["charge_amount"] is found["charge_card_brand"] is None


def test_rows_without_expanded_sources_have_null_columns():
    assert set(columns_of("ch_1", None)[0].values()) == {None}


def test_dictionary_columns_hold_text():
    columns = row_dictionaries(source_columns=True)
    assert set(row_dictionaries(source_columns=False)) < set(columns)
    assert {row_schema(source_columns=True).field(name).type for name in columns} == {pa.string()}
