"""Balance transactions and payouts as Stripe sends them, ordinary and odd."""

from __future__ import annotations

import orjson
from hypothesis import strategies as st

OFFICIAL_ROW = {
    "amount": 100,
    "available_on": 1234567890,
    "created": 1234567890,
    "currency": "usd",
    "description": "My First Test Charge (created for API docs)",
    "exchange_rate": None,
    "fee": 0,
    "fee_details": [],
    "id": "txn_1PgaxNB7WZ01zgkWEV3TLf40",
    "net": 100,
    "object": "balance_transaction",
    "reporting_category": "charge",
    "source": "ch_1PgafuB7WZ01zgkWXYmPNZs8",
    "status": "available",
    "type": "charge",
    "balance_type": "payments",
}
"""From Stripe's published fixtures (github.com/stripe/openapi, openapi/fixtures3.json, 2026-07-29.dahlia)."""

OFFICIAL_PAYOUT = {
    "amount": 1100,
    "application_fee": None,
    "application_fee_amount": None,
    "arrival_date": 1234567890,
    "automatic": True,
    "balance_transaction": "txn_1PgaxNB7WZ01zgkWEV3TLf40",
    "created": 1234567890,
    "currency": "usd",
    "description": "STRIPE PAYOUT",
    "destination": "ba_1Pgc79B7WZ01zgkWoU5vBiXt",
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "id": "po_1Pgc79B7WZ01zgkWu1KToYf4",
    "livemode": False,
    "metadata": {},
    "method": "standard",
    "object": "payout",
    "original_payout": None,
    "reconciliation_status": "completed",
    "reversed_by": None,
    "source_type": "card",
    "statement_descriptor": None,
    "status": "in_transit",
    "type": "bank_account",
    "trace_id": {"status": "status", "value": None},
    "payout_method": None,
}
"""From the same fixtures."""

VITAL = ("id", "created", "amount", "fee", "net", "currency", "type")

whole = st.integers(-(2**63), 2**63 - 1)
seconds = st.integers(0, 253_402_300_799)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
currencies = st.sampled_from(["eur", "usd", "jpy"])
names = st.one_of(
    text,
    st.sampled_from(["$absent", "$", "$$x", "id", "extra", "source_object", "account", "created_date", "livemode"]),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)

fee_parts = st.fixed_dictionaries(
    {
        "amount": whole,
        "application": st.none() | text,
        "currency": currencies,
        "description": st.none() | text,
        "type": st.sampled_from(["stripe_fee", "tax", "new_fee"]),
    }
)
ordinary_rows = st.fixed_dictionaries(
    {
        "id": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
        "object": st.just("balance_transaction"),
        "amount": whole,
        "available_on": seconds,
        "balance_type": st.sampled_from(["payments", "issuing", "new_balance"]),
        "created": seconds,
        "currency": currencies,
        "description": st.none() | text,
        "exchange_rate": st.none() | st.floats(0, 1e6),
        "fee": whole,
        "fee_details": st.lists(fee_parts, max_size=2),
        "net": whole,
        "reporting_category": st.sampled_from(["charge", "new_category"]),
        "source": st.none() | text,
        "status": st.sampled_from(["pending", "available"]),
        "type": st.sampled_from(["charge", "payout", "new_type"]),
    }
)


@st.composite
def changed(draw, objects, kept):
    """Draw an object with some fields unknown, missing or of another type, but for those kept."""
    row = dict(draw(objects))
    free = sorted(row.keys() - set(kept))
    for name in draw(st.lists(st.sampled_from(free), max_size=2)):
        row.pop(name, None)
    for name in draw(st.lists(st.sampled_from(free), max_size=2)):
        row[name] = draw(json_values)
    unknown = draw(st.dictionaries(names, json_values, max_size=2))
    return {**unknown, **row}


odd_parts = changed(fee_parts, ())
expanded_rows = st.builds(
    lambda row, source: {**row, "source": source}, ordinary_rows, st.dictionaries(names | st.just("id"), json_values)
)
odd_rows = changed(
    st.one_of(
        ordinary_rows,
        expanded_rows,
        st.builds(
            lambda row, parts: {**row, "fee_details": parts},
            ordinary_rows,
            st.lists(odd_parts | json_values, max_size=3),
        ),
    ),
    VITAL,
)
pages = st.lists(ordinary_rows, max_size=4) | st.lists(st.one_of(ordinary_rows, expanded_rows, odd_rows), max_size=5)


def received(value):
    """Pass a value through JSON, as if it had come from Stripe."""
    return orjson.loads(orjson.dumps(value))


def exactly(value):
    """Write a value so that only equal values of equal types are equal, in whatever order their fields are."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
