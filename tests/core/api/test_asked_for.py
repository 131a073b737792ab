"""Rows that cannot be the answer to what was asked for."""

from __future__ import annotations

import orjson
import pytest

from connector.core.api.asked_for import refuse_others
from connector.core.api.page import Page
from connector.errors import ProtocolError
from connector.tables.transaction import decode_transactions
from tests.support.fakes import row
from tests.support.rows import OFFICIAL_ROW

KIND = "balance_transaction"


def of(*rows: object) -> Page:
    return Page([*rows], has_more=False, request_id="req_1")


def test_rows_of_the_kind_and_of_what_was_filtered_by_pass():
    nothing_filtered = {"type": None, "currency": None}
    refuse_others(of(), kind=KIND, filters={"type": "charge"})
    refuse_others(of(row(1, 5), {"id": "txn_2"}, {"object": None}), kind=KIND, filters=nothing_filtered)
    refuse_others(of(OFFICIAL_ROW), kind=KIND, filters={"type": "charge", "currency": "usd"})
    refuse_others(of(OFFICIAL_ROW), kind=KIND)


@pytest.mark.parametrize(
    ("other", "filters", "said"),
    [
        ({"object": "charge"}, {}, "list of balance transactions was asked for, and one of 'charge' came"),
        ({"object": {"a": 1}}, {}, "one of \"{'a': 1}\" came"),
        ({"type": "payout"}, {"type": "charge"}, "whose type is charge were asked for, and one with 'payout' came"),
        ({"currency": "eur"}, {"type": "charge", "currency": "usd"}, "whose currency is usd .* one with 'eur' came"),
        ({"type": ["x"]}, {"type": "charge"}, "does not heed the filter"),
        ({"type": None}, {"type": "charge"}, "one with 'None' came"),
    ],
)
def test_a_row_of_another_kind_or_value_is_refused(other, filters, said):
    page = of(OFFICIAL_ROW, OFFICIAL_ROW | other)
    with pytest.raises(ProtocolError, match=said) as caught:
        refuse_others(page, kind=KIND, filters=filters)
    assert caught.value.request_id == "req_1"


def test_rows_decoded_as_documented_are_looked_at_too():
    body = orjson.dumps({"object": "list", "data": [OFFICIAL_ROW | {"object": "charge"}], "has_more": False})
    with pytest.raises(ProtocolError, match="'charge' came"):
        refuse_others(decode_transactions(body), kind=KIND)
