"""The balance object as a value that loses nothing."""

from __future__ import annotations

import pytest

from connector.core.ledger.balance import to_balance
from connector.errors import ProtocolError

FULL = {
    "object": "balance",
    "livemode": True,
    "available": [{"amount": -5, "currency": "usd", "source_types": {"card": -5}, "new_part": 1}],
    "pending": [{"amount": 2**53 + 1, "currency": "jpy"}],
    "connect_reserved": [{"amount": 1, "currency": "usd"}],
    "instant_available": [{"amount": 3, "currency": "usd", "net_available": [{"amount": 2, "destination": "ba_1"}]}],
    "issuing": {"available": [{"amount": 4, "currency": "eur"}]},
    "refund_and_dispute_prefunding": {
        "available": [{"amount": 0, "currency": "usd"}],
        "pending": [{"amount": 0, "currency": "usd"}],
    },
    "risk_reserved": [{"amount": 9, "currency": "usd"}],
}


def test_every_bucket_is_read_and_the_whole_is_kept():
    balance = to_balance(FULL)
    assert balance.livemode
    assert balance.available[0].amount == -5
    assert balance.available[0].source_types == {"card": -5}
    assert balance.available[0].extra == {"new_part": 1}
    assert balance.pending[0].amount == 2**53 + 1
    assert balance.instant_available[0].net_available == ({"amount": 2, "destination": "ba_1"},)
    assert [name for name, _ in balance.buckets()] == [
        "available",
        "pending",
        "connect_reserved",
        "instant_available",
        "issuing.available",
        "refund_and_dispute_prefunding.available",
        "refund_and_dispute_prefunding.pending",
    ]
    assert balance.received == FULL


def test_buckets_nobody_knows_are_told_apart_as_far_as_they_are_of_money():
    amounts = [{"amount": 7, "currency": "usd"}]
    new = {"vault": {"cold": amounts, "keys": ["a"], "note": "x"}, "tags": ["a"], "counts": [{"amount": 1}], "none": []}
    found = dict(to_balance(FULL | new).others())
    assert {name: [one.amount for one in amounts] for name, amounts in found.items()} == {
        "risk_reserved": [9],
        "vault.cold": [7],
    }


def test_absent_buckets_are_empty():
    balance = to_balance({"object": "balance", "livemode": False, "available": [], "pending": []})
    assert balance.buckets() == []
    assert (balance.connect_reserved, balance.instant_available, dict(balance.issuing)) == ((), (), {})


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"object": "list"},
        {name: value for name, value in FULL.items() if name != "pending"},
        {name: value for name, value in FULL.items() if name != "livemode"},
        FULL | {"livemode": "false"},
        FULL | {"available": None},
        FULL | {"available": [None]},
        FULL | {"available": [{"amount": 1}]},
        FULL | {"available": [{"amount": "1", "currency": "usd"}]},
        FULL | {"available": [{"amount": 1.0, "currency": "usd"}]},
        FULL | {"available": [{"amount": True, "currency": "usd"}]},
        FULL | {"available": [{"amount": 1, "currency": None}]},
        FULL | {"available": "none"},
        FULL | {"issuing": [1]},
        FULL | {"available": {}},
        FULL | {"pending": ""},
        FULL | {"connect_reserved": {"amount": 5, "currency": "usd"}},
        FULL | {"issuing": {"available": {"amount": 5, "currency": "usd"}}},
    ],
)
def test_what_is_no_balance_is_refused_rather_than_guessed(broken):
    with pytest.raises(ProtocolError):
        to_balance(broken)
