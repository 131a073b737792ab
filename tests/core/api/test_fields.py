"""Members of objects: taken with their types, refused with the name of what they are in."""

from __future__ import annotations

import pytest

from connector.core.api.fields import id_of, object_of, text, whole, whole_or
from connector.errors import ProtocolError

ROW = {"id": "txn_1", "type": "charge", "amount": 5, "currency": "usd"}


def test_members_are_what_they_are():
    assert (whole(ROW, "amount"), text(ROW, "currency")) == (5, "usd")
    assert (whole_or(ROW, "amount", 7), whole_or(ROW, "fee", 7), whole_or({"fee": None}, "fee", 7)) == (5, 7, 7)
    assert (object_of(ROW), object_of("txn_1"), object_of(None)) == (ROW, None, None)
    assert (id_of(ROW), id_of("txn_1"), id_of(None), id_of({"id": 3})) == ("txn_1", "txn_1", None, None)


@pytest.mark.parametrize("value", [None, True, 1.0, "5", []])
def test_what_is_no_whole_number_is_refused_with_its_object(value):
    with pytest.raises(ProtocolError, match=r"^txn_1: amount is .*, not an integer"):
        whole(ROW | {"amount": value}, "amount")


@pytest.mark.parametrize("value", [None, True, 1, []])
def test_what_is_no_text_is_refused_with_its_object(value):
    with pytest.raises(ProtocolError, match=r"^an object of type 'charge': currency is .*, not text"):
        text({"type": "charge", "currency": value}, "currency")


def test_no_more_than_forty_characters_of_a_wrong_value_are_shown():
    with pytest.raises(ProtocolError) as caught:
        whole({"id": "x", "amount": "1" * 50}, "amount")
    assert "1" * 40 in str(caught.value)
    assert "1" * 41 not in str(caught.value)
