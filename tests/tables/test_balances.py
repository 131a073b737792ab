from __future__ import annotations

import pyarrow as pa
import pytest

from connector.errors import SchemaError
from connector.tables.arrow import arrow_schema
from connector.tables.balances import to_batch, to_snapshots

BALANCE = {
    "object": "balance",
    "livemode": False,
    "available": [
        {"amount": 100, "currency": "usd", "source_types": {"card": 70, "bank_account": 30}},
        {"amount": -5, "currency": "eur"},
    ],
    "pending": [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}],
    "connect_reserved": [{"amount": 0, "currency": "usd"}],
    "instant_available": [
        {
            "amount": 90,
            "currency": "usd",
            "source_types": {"card": 90},
            "net_available": [{"amount": 89, "destination": "ba_1", "source_types": {"card": 89}}],
        }
    ],
    "issuing": {"available": [{"amount": 7, "currency": "usd"}]},
    "refund_and_dispute_prefunding": {
        "available": [{"amount": 1, "currency": "usd"}],
        "pending": [{"amount": 2, "currency": "usd"}],
    },
}
AT = 1_700_000_000


def rows(batch):
    return [
        (row["kind"], row["currency"], row["source_type"], row["destination"], row["amount"])
        for row in batch.to_pylist()
    ]


def test_every_amount_becomes_a_row_of_its_kind():
    batch = to_batch(BALANCE, AT)
    batch.validate(full=True)
    assert batch.schema == arrow_schema("balances")
    assert rows(batch) == [
        ("available", "usd", None, None, 100),
        ("available", "usd", "card", None, 70),
        ("available", "usd", "bank_account", None, 30),
        ("available", "eur", None, None, -5),
        ("pending", "usd", None, None, 0),
        ("pending", "usd", "card", None, 0),
        ("connect_reserved", "usd", None, None, 0),
        ("instant_available", "usd", None, None, 90),
        ("instant_available", "usd", "card", None, 90),
        ("instant_available.net_available", "usd", None, "ba_1", 89),
        ("instant_available.net_available", "usd", "card", "ba_1", 89),
        ("issuing.available", "usd", None, None, 7),
        ("refund_and_dispute_prefunding.available", "usd", None, None, 1),
        ("refund_and_dispute_prefunding.pending", "usd", None, None, 2),
    ]
    assert {row["snapshot_at"].timestamp() for row in batch.to_pylist()} == {AT}


def test_snapshots_come_back_as_received_with_what_stripe_added():
    later = {**BALANCE, "vault": {"gold": [{"amount": 1, "currency": "usd", "purity": 24}]}, "note": "x"}
    batches = [to_batch(BALANCE, AT), to_batch(BALANCE, AT + 60), to_batch(later, AT + 120)]
    assert rows(batches[2])[-1] == ("vault.gold", "usd", None, None, 1)
    together = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
    assert [one["snapshot"] for one in to_snapshots(together)] == [BALANCE, BALANCE, later]


@pytest.mark.parametrize(
    "added",
    [
        {"holds": ["a", "b"]},
        {"holds": [{"amount": 1.5, "currency": "usd"}]},
        {"issuing": {**BALANCE["issuing"], "cards": [1]}},
        {"connect_reserved": [{"amount": 0, "currency": "usd", "source_types": {"card": None}, "net_available": 3}]},
    ],
)
def test_what_stripe_adds_and_is_no_money_has_no_row_but_stays_in_the_snapshot(added):
    batch = to_batch({**BALANCE, **added}, AT)
    assert rows(batch) == rows(to_batch(BALANCE, AT))
    assert to_snapshots(batch) == [{"snapshot_at": AT, "snapshot": {**BALANCE, **added}}]


def test_a_balance_without_amounts_gives_no_rows():
    assert to_batch({"object": "balance", "livemode": True, "available": [], "pending": []}, AT).num_rows == 0


@pytest.mark.parametrize(
    "entry",
    [
        {"amount": 1},
        {"currency": "usd"},
        {"amount": 1.0, "currency": "usd"},
        {"amount": True, "currency": "usd"},
        {"amount": 2**63, "currency": "usd"},
        {"amount": 1, "currency": "usd", "net_available": [{"destination": "ba_1"}]},
        {"amount": 1, "currency": "usd", "net_available": [3]},
        7,
        None,
    ],
)
def test_an_entry_that_is_no_money_is_refused_with_its_kind(entry):
    with pytest.raises(SchemaError, match="pending"):
        to_batch({**BALANCE, "pending": [entry]}, AT)


def test_a_snapshot_outside_the_calendar_is_refused():
    with pytest.raises(SchemaError, match="moment"):
        to_batch(BALANCE, 10**15)
