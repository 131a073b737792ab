from __future__ import annotations

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import SchemaError
from connector.tables.arrow import arrow_schema
from connector.tables.payouts import to_batch, to_objects, with_trace_parts
from tests.support.rows import OFFICIAL_PAYOUT, changed, exactly, received

VITAL = ("id", "amount", "arrival_date", "automatic", "created", "currency", "status")


@given(st.lists(changed(st.just(OFFICIAL_PAYOUT), VITAL), max_size=4))
def test_payouts_come_back_as_received_whatever_they_were(payouts):
    payouts = received(payouts)
    batch = to_batch(payouts)
    batch.validate(full=True)
    assert batch.schema == arrow_schema("payouts")
    assert list(map(exactly, to_objects(batch))) == list(map(exactly, payouts))


def test_a_payout_as_documented_needs_no_extra():
    batch = to_batch([OFFICIAL_PAYOUT])
    assert batch.column("extra").null_count == 1
    assert batch.column("metadata").to_pylist() == ["{}"]


def test_an_expanded_reference_leaves_its_id_in_the_column():
    bank = {"id": "ba_1", "object": "bank_account", "last4": "6789"}
    payout = {**OFFICIAL_PAYOUT, "destination": bank}
    batch = to_batch([payout])
    assert batch.column("destination").to_pylist() == ["ba_1"]
    assert orjson.loads(batch.column("extra")[0].as_py()) == {"destination": bank}
    assert to_objects(batch) == [payout]


def test_an_object_where_no_reference_belongs_is_kept_in_extra_alone():
    payout = {**OFFICIAL_PAYOUT, "method": {"id": "x"}, "application_fee_amount": {"id": "y"}}
    batch = to_batch([payout])
    assert batch.column("method").null_count == batch.column("application_fee_amount").null_count == 1
    assert to_objects(batch) == [payout]


def test_a_payout_whose_id_is_empty_is_refused_as_one_without_an_id_is():
    with pytest.raises(SchemaError, match="received without id"):
        to_batch([OFFICIAL_PAYOUT | {"id": ""}])


@pytest.mark.parametrize("name", VITAL)
def test_a_payout_without_what_it_is_kept_for_is_refused(name):
    for payout in (
        {key: value for key, value in OFFICIAL_PAYOUT.items() if key != name},
        {**OFFICIAL_PAYOUT, name: None},
    ):
        with pytest.raises(SchemaError, match=rf"payout .*\b{name}\b"):
            to_batch([OFFICIAL_PAYOUT, payout])


@pytest.mark.parametrize(
    ("trace", "parts"),
    [
        ({"status": "supported", "value": "TRN123"}, ("supported", "TRN123")),
        ({"status": "pending", "value": None}, ("pending", None)),
        ({"status": 7}, (None, None)),
        (None, (None, None)),
        ("TRN123", (None, None)),
    ],
)
def test_the_parts_of_the_trace_id_are_columns(trace, parts):
    payout = {**OFFICIAL_PAYOUT, "trace_id": trace}
    batch = to_batch([payout])
    assert (batch.column("trace_id_status")[0].as_py(), batch.column("trace_id_value")[0].as_py()) == parts
    assert to_objects(batch) == [payout]
    bare = batch.set_column(*emptied(batch, "trace_id_status")).set_column(*emptied(batch, "trace_id_value"))
    assert with_trace_parts(bare).equals(batch)


def emptied(batch, name):
    place = batch.schema.get_field_index(name)
    return place, batch.schema.field(place), pa.nulls(batch.num_rows, batch.schema.field(place).type)
