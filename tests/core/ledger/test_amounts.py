"""The figures of a balance transaction add up, or are an error."""

from __future__ import annotations

import pytest

from connector.core.ledger.amounts import FeePart, fee_row, figures_of, parts_of
from connector.errors import ProtocolError
from tests.support.rows import OFFICIAL_ROW

PARTS = [
    {"type": "stripe_fee", "amount": 30, "currency": "usd", "application": None, "description": "processing"},
    {"type": "application_fee", "amount": 20, "currency": "usd", "application": "ca_1"},
]
ROW = {**OFFICIAL_ROW, "amount": 1_000, "fee": 50, "net": 950, "currency": "usd", "fee_details": PARTS}


def test_a_row_is_read_with_its_fee_by_kind():
    found = fee_row(ROW)
    assert (found.gross, found.fee, found.net, found.currency, found.unexplained) == (1_000, 50, 950, "usd", 0)
    assert found.parts == (
        FeePart("stripe_fee", 30, "usd", None, "processing"),
        FeePart("application_fee", 20, "usd", "ca_1", None),
    )
    assert (found.balance_transaction, found.type, found.status) == (ROW["id"], ROW["type"], ROW["status"])
    assert (found.reporting_category, found.available_on) == (ROW["reporting_category"], ROW["available_on"])


@pytest.mark.parametrize(
    ("parts", "unexplained"),
    [
        ([], 50),
        (None, 50),
        (PARTS[:1], 20),
        ([*PARTS, {**PARTS[0], "amount": -5}], 5),
        ([{**PARTS[0], "currency": "eur"}, PARTS[1]], None),
        ([PARTS[0], {**PARTS[1], "currency": "eur"}], None),
    ],
)
def test_what_no_part_explains_is_told_where_all_are_of_one_currency(parts, unexplained):
    assert fee_row({**ROW, "fee_details": parts}).unexplained == unexplained


def test_a_fee_that_was_given_back_is_negative():
    row = {**ROW, "amount": -1_000, "fee": -50, "net": -950, "fee_details": [{**PARTS[0], "amount": -50}]}
    assert figures_of(row) == (-1_000, -50, -950)
    assert fee_row(row).unexplained == 0


@pytest.mark.parametrize("harm", [{"net": 949}, {"net": 1_050}, {"fee": "50"}, {"amount": 10.0}, {"net": None}])
def test_figures_that_are_none_or_do_not_add_up_are_an_error(harm):
    with pytest.raises(ProtocolError):
        figures_of({**ROW, **harm})
    with pytest.raises(ProtocolError):
        fee_row({**ROW, **harm})


@pytest.mark.parametrize("details", ["x", {"type": "stripe_fee"}, [7], [PARTS[0], None], [{"type": "stripe_fee"}]])
def test_fee_details_of_another_form_are_an_error(details):
    with pytest.raises(ProtocolError):
        parts_of({**ROW, "fee_details": details})
