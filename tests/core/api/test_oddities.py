"""What is legal JSON and yet odd: members that come twice, whole numbers with a fraction."""

from __future__ import annotations

import pytest

from connector.core.api.json_text import REPEATED, loads, read
from connector.core.api.oddities import RepeatedError, gather_repeats, settle_numbers


def gathered(text: str) -> dict:
    document = read(text.encode()).value
    gather_repeats(document)
    return document


def test_what_came_twice_in_a_row_is_kept_with_its_path():
    document = gathered('{"data": [{"id": "a", "description": "x", "description": "y", "deep": [{"n": 1, "n": 2}]}]}')
    assert document["data"][0] == {
        "id": "a",
        "description": "y",
        "deep": [{"n": 2}],
        REPEATED: {"description": ["x"], "deep.0.n": [1]},
    }


def test_of_an_object_that_is_no_list_it_is_kept_in_the_object():
    document = gathered('{"id": "a", "note": 1, "note": 2}')
    assert document == {"id": "a", "note": 2, REPEATED: {"note": [1]}}
    assert gathered('{"id": "a", "data": {"note": 1, "note": 2}}')[REPEATED] == {"data.note": [1]}


def test_beside_the_rows_of_a_list_nothing_is_kept():
    document = gathered('{"url": 1, "url": 2, "data": [{"id": "a"}, 5]}')
    assert document == {"url": 2, "data": [{"id": "a"}, 5]}
    with pytest.raises(RepeatedError, match="has_more"):
        gathered('{"has_more": true, "has_more": false, "data": []}')


@pytest.mark.parametrize(
    "member", ["amount", "net", "id", "currency", "status", "created", "amount_refunded", "tax_amount", "source"]
)
def test_a_member_that_a_ledger_rests_on_may_not_come_twice(member):
    with pytest.raises(RepeatedError, match=member):
        gathered(f'{{"data": [{{"x": {{"{member}": 1, "{member}": 2}}}}]}}')
    assert gathered(f'{{"data": [{{"metadata": {{"{member}": 1, "{member}": 2}}}}]}}')["data"][0]["metadata"]
    with pytest.raises(RepeatedError, match=r"source_types\.card"):
        gathered('{"data": [{"source_types": {"card": 1, "card": 2}}]}')


def settled(text: str):
    value = loads(text)
    settle_numbers(value)
    return value


def test_amounts_with_a_fraction_of_nothing_are_integers_and_others_stay():
    found = settled('{"amount": 100.0, "fee": 1e2, "net": 1.5, "rate": 2.0, "a": [{"amount_due": 3.0}]}')
    assert found == {"amount": 100, "fee": 100, "net": 1.5, "rate": 2.0, "a": [{"amount_due": 3}]}
    assert [type(found[name]) for name in ("amount", "fee", "net", "rate")] == [int, int, float, float]
    assert type(found["a"][0]["amount_due"]) is int


def test_shares_are_amounts_whatever_their_names_and_what_customers_name_is_left_alone():
    found = settled('{"source_types": {"card": 5.0, "deep": {"x": 5.0}}, "metadata": {"amount": 5.0}}')
    assert type(found["source_types"]["card"]) is int
    assert type(found["source_types"]["deep"]["x"]) is float
    assert type(found["metadata"]["amount"]) is float


def test_a_number_too_large_for_a_double_to_tell_stays_as_it_is():
    assert type(settled('{"amount": 9007199254740991.0}')["amount"]) is int
    assert type(settled('{"amount": 9007199254740992.0}')["amount"]) is not int
    assert type(settled('{"amount": -9007199254740992.0}')["amount"]) is not int
