"""The balance as a value that keeps what it does not know."""

from __future__ import annotations

import pytest

from connector.core.ledger.balance import BalanceAmount, to_balance
from connector.errors import ProtocolError

RECEIVED = {
    "object": "balance",
    "livemode": False,
    "available": [{"amount": 5, "currency": "usd", "source_types": {"card": 5}, "later": 1}],
    "pending": [{"amount": -3, "currency": "usd"}],
    "instant_available": [{"amount": 4, "currency": "usd", "net_available": [{"amount": 3, "destination": "ba_1"}]}],
    "issuing": {"available": [{"amount": 7, "currency": "eur"}], "note": "x"},
    "refund_and_dispute_prefunding": {"pending": [], "available": [{"amount": 1, "currency": "usd"}]},
    "risk_reserved": [{"amount": 9, "currency": "usd"}],
    "vault": {"inner": [{"amount": 8, "currency": "gbp"}], "words": ["x"], "name": "y"},
    "tags": ["a", "b"],
    "nothing": [],
}


def test_buckets_that_have_entries_are_named_in_the_order_of_the_documentation():
    balance = to_balance(RECEIVED)
    assert [(name, [one.amount for one in amounts]) for name, amounts in balance.buckets()] == [
        ("available", [5]),
        ("pending", [-3]),
        ("instant_available", [4]),
        ("issuing.available", [7]),
        ("refund_and_dispute_prefunding.available", [1]),
    ]
    assert balance.livemode is False
    assert to_balance({**RECEIVED, "livemode": True}).livemode is True
    assert balance.available[0] == BalanceAmount(5, "usd", {"card": 5}, (), {"later": 1})
    assert balance.instant_available[0].net_available == ({"amount": 3, "destination": "ba_1"},)
    assert balance.connect_reserved == ()


def test_buckets_that_nobody_knows_are_kept_where_they_are_of_money():
    assert [(name, [one.amount for one in amounts]) for name, amounts in to_balance(RECEIVED).others()] == [
        ("risk_reserved", [9]),
        ("vault.inner", [8]),
    ]


@pytest.mark.parametrize(
    "harm",
    [
        {"object": "charge"},
        {"object": None},
        {"available": None},
        {"available": [{"amount": "5", "currency": "usd"}]},
        {"available": [{"amount": True, "currency": "usd"}]},
        {"available": [{"amount": 5, "currency": None}]},
        {"available": [{"currency": "usd"}]},
        {"pending": ["x"]},
        {"issuing": [1]},
    ],
)
def test_what_is_no_balance_is_refused(harm):
    with pytest.raises(ProtocolError, match="balance"):
        to_balance({**RECEIVED, **harm})


@pytest.mark.parametrize("name", ["livemode", "available", "pending"])
def test_a_balance_lacks_nothing_that_all_have(name):
    with pytest.raises(ProtocolError, match="documented form"):
        to_balance({key: value for key, value in RECEIVED.items() if key != name})


def test_absent_buckets_are_empty():
    few = {name: RECEIVED[name] for name in ("object", "livemode", "available", "pending")}
    balance = to_balance({**few, "issuing": None, "connect_reserved": None})
    assert (balance.connect_reserved, balance.instant_available, dict(balance.issuing)) == ((), (), {})
    assert balance.received["issuing"] is None
