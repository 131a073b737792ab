"""What a call returns goes to another process and comes back the same, read-only as it was."""

from __future__ import annotations

import copy
import pickle

import pytest

from connector.core.ledger.balance import to_balance

AMOUNT = {"amount": 985, "currency": "usd", "source_types": {"card": 985}, "new": {"a": 1}}
BALANCE = {
    "object": "balance",
    "livemode": False,
    "available": [AMOUNT],
    "pending": [],
    "issuing": {"available": [AMOUNT]},
}


def pickled(one):
    return pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("carry", [pickled, copy.deepcopy])
def test_a_balance_goes_to_another_process(carry):
    balance = to_balance(BALANCE)
    found = carry(balance)
    assert found == balance
    for mapping in (found.received, found.issuing, found.available[0].source_types, found.available[0].extra):
        with pytest.raises(TypeError):
            mapping["other"] = 1
