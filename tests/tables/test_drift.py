from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from connector.tables.balance_transactions import to_batch
from connector.tables.columnize import columnize
from connector.tables.drift import Drift, DriftFinding, drift
from tests.support.rows import OFFICIAL_ROW, pages, received

PART = {"amount": 59, "application": None, "currency": "usd", "description": "Stripe fees", "type": "stripe_fee"}


def findings(*rows):
    return {(one.kind, one.name): (one.count, one.example) for one in drift(list(rows)).findings}


def test_rows_as_documented_do_not_drift():
    assert drift([]) == Drift()
    assert not drift([OFFICIAL_ROW, {**OFFICIAL_ROW, "fee_details": [PART]}])


def test_an_expanded_source_and_a_missing_balance_type_are_no_drift():
    old = {name: value for name, value in OFFICIAL_ROW.items() if name != "balance_type"}
    assert not drift([old, {**OFFICIAL_ROW, "source": {"id": "ch_1", "anything": 1}}])


def test_each_difference_is_counted_with_its_first_row():
    odd = {
        **OFFICIAL_ROW,
        "livemode": True,
        "$new": 1,
        "status": None,
        "type": "teleport",
        "fee_details": [{**PART, "rate": 1, "type": "toll"}, {**PART, "type": "toll"}],
    }
    del odd["description"]
    assert findings(OFFICIAL_ROW, {**odd, "id": "txn_1"}, {**odd, "id": "txn_2"}) == {
        ("unknown_field", "livemode"): (2, "txn_1"),
        ("unknown_field", "$new"): (2, "txn_1"),
        ("unknown_field", "fee_details.rate"): (2, "txn_1"),
        ("missing_field", "description"): (2, "txn_1"),
        ("changed_type", "status"): (2, "txn_1"),
        ("unknown_value", "type=teleport"): (2, "txn_1"),
        ("unknown_value", "fee_details.type=toll"): (4, "txn_1"),
    }


def test_fee_details_of_another_type_are_one_difference():
    assert findings({**OFFICIAL_ROW, "fee_details": "none"}) == {
        ("changed_type", "fee_details"): (1, OFFICIAL_ROW["id"])
    }


@given(pages)
def test_rows_in_extra_and_only_they_differ_in_fields(page):
    rows = received(page)
    in_extra = to_batch(rows).column("extra").null_count < len(rows)
    assert in_extra == any(finding.kind != "unknown_value" for finding in drift(rows).findings)


@given(pages, st.integers(0, 5))
def test_drift_of_parts_merged_is_the_drift_of_the_whole(page, cut):
    rows = received(page)
    assert drift(rows[:cut]).merge(drift(rows[cut:])) == drift(rows) == drift(columnize(rows))


def test_a_server_that_invents_names_fills_neither_memory_nor_report():
    fresh = count()
    total = Drift()
    for _ in range(30):
        total = total.merge(drift([{**OFFICIAL_ROW, f"{next(fresh)}{'x' * 10_000}": 1} for _ in range(10)]))
    assert len(total.findings) == 100
    assert max(len(finding.name) for finding in total.findings) <= 101


def test_merging_keeps_the_earlier_example():
    earlier, later = (Drift((DriftFinding("unknown_field", "a", 2, example),)) for example in ("txn_1", "txn_2"))
    assert earlier.merge(later) == Drift((DriftFinding("unknown_field", "a", 4, "txn_1"),))
