"""Laws of rows on whole batches, held against the same laws said row by row; and the index of ids against a set."""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.ledger.accounting import BalanceKey
from connector.errors import StorageError
from connector.tables.balance_transactions import to_batch
from connector.verification.ids import IdIndex
from connector.verification.row_laws import Order, check_amounts
from connector.verification.sums import Ledger, overdue_of, sums_of
from connector.verification.verdict import Findings, weakest
from tests.support.examples import examples
from tests.support.rows import OFFICIAL_ROW as SOLD

CURRENCIES = st.sampled_from(["usd", "eur"])
SMALL = st.integers(-5, 5)
PARTS = st.lists(st.tuples(SMALL, CURRENCIES), max_size=3)
FIGURES = st.lists(st.tuples(SMALL, SMALL, SMALL, CURRENCIES, PARTS, st.booleans()), min_size=1, max_size=20)


def rows_of(figures):
    return [
        SOLD
        | {
            "id": f"txn_{number:04}",
            "amount": amount,
            "fee": fee,
            "net": net,
            "currency": currency,
            "status": "pending" if pending else "available",
            "fee_details": [
                {"amount": part, "application": None, "currency": of, "description": None, "type": "stripe_fee"}
                for part, of in parts
            ],
        }
        for number, (amount, fee, net, currency, parts, pending) in enumerate(figures)
    ]


@given(FIGURES, st.integers(0, 5))
def test_amounts_are_judged_as_row_by_row(figures, skip):
    rows = rows_of(figures)
    findings = Findings()
    compared = check_amounts(to_batch(rows).slice(skip), "f", findings)
    rows = rows[skip:]
    alike = [row for row in rows if all(part["currency"] == row["currency"] for part in row["fee_details"])]
    expected = {
        "wrong_net": sum(row["amount"] - row["fee"] != row["net"] for row in rows),
        "wrong_fee": sum(sum(part["amount"] for part in row["fee_details"]) != row["fee"] for row in alike),
    }
    found = findings.layer("rows", "", checked={}).counts
    assert {name: found.get(name, 0) for name in expected} == expected
    assert compared == len(alike)


@given(FIGURES)
def test_sums_are_those_of_the_rows_and_follow_their_statuses(figures):
    rows = rows_of(figures)
    ledger = Ledger(due_by=2**40)
    ledger.add(to_batch(rows[: len(rows) // 2]))
    ledger.add(to_batch(rows[len(rows) // 2 :]))
    assert ledger.sums == sums_of(rows)
    later = [row | {"status": "available"} for row in rows]
    moved = ledger.as_of({row["id"]: "available" for row in rows})
    assert {bucket: total for bucket, total in moved.items() if total.rows} == sums_of(later)


@given(FIGURES)
def test_sums_are_the_same_where_nobody_asks_for_single_rows_and_none_is_remembered(figures):
    rows = rows_of(figures)
    ledger = Ledger(due_by=None)
    ledger.add(to_batch(rows))
    assert ledger.sums == sums_of(rows)
    assert not ledger.due


@given(FIGURES, st.integers(0, 3))
def test_what_is_pending_beyond_its_time_is_counted_where_the_list_still_has_it_so(figures, by):
    rows = [row | {"available_on": 1_000 + at % 3} for at, row in enumerate(rows_of(figures))]
    ledger = Ledger(due_by=2**40)
    ledger.add(to_batch(rows))
    late = overdue_of(rows, 1_000 + by)
    assert ledger.overdue({row["id"]: row["status"] for row in rows}, 1_000 + by) == late
    assert ledger.overdue({row["id"]: "available" for row in rows}, 1_000 + by) == {}
    waiting = [row for row in rows if row["status"] == "pending" and row["available_on"] <= 1_000 + by]
    assert sum(total.rows for total in late.values()) == len(waiting)
    assert sum(total.net for total in late.values()) == sum(row["net"] for row in waiting)


def test_sums_are_exact_beyond_64_bits():
    rows = [SOLD | {"id": f"txn_{at}", "amount": 2**62, "fee": 0, "net": 2**62} for at in range(8)]
    ledger = Ledger(due_by=0)
    ledger.add(to_batch(rows))
    (total,) = ledger.sums.values()
    assert total == (2**65, 8)


def test_details_that_are_not_amounts_are_not_compared():
    part = {"amount": "1", "application": None, "currency": "usd", "description": None, "type": "stripe_fee"}
    findings = Findings()
    row = SOLD | {"amount": 10, "fee": 3, "net": 7, "currency": "usd", "fee_details": [part]}
    assert check_amounts(to_batch([row]), "f", findings) == 0
    assert not findings


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=40), st.integers(1, 9))
def test_order_is_judged_as_row_by_row_however_rows_are_cut(pairs, size):
    rows = [SOLD | {"id": f"txn_{name}", "created": SOLD["created"] + second} for second, name in pairs]
    findings, order = Findings(), Order()
    for start in range(0, len(rows), size):
        order.check(to_batch(rows[start : start + size]), "f", findings)
    wrong = sum(older >= newer for older, newer in pairwise(pairs))
    assert findings.layer("rows", "", checked={}).counts.get("row_out_of_order", 0) == wrong


@settings(max_examples=examples(40))
@given(st.lists(st.integers(0, 60).map(str), max_size=120), st.lists(st.integers(0, 90).map(str)), st.integers(1, 50))
def test_the_index_of_ids_is_a_set_whether_or_not_it_is_spilt(ids, others, run):
    with IdIndex(run) as index:
        for one in ids:
            index.add([one])
        index.close()
        twins = {one for one, count in Counter(ids).items() if count > 1}
        assert index.count == len(ids)
        assert index.twins == len(ids) - len(set(ids))
        assert index.twin_hashes == {hash(one) for one in twins}
        assert list(index.missing(others)) == [one for one in others if one not in ids]


def test_the_weakest_answer_decides_and_nothing_proves_nothing():
    assert weakest(["proved", "proved"]) == "proved"
    assert weakest(["proved", "not_checkable"]) == "not_checkable"
    assert weakest(["not_checkable", "residual", "proved"]) == "residual"
    assert weakest([]) == "not_checkable"


def test_a_bucket_of_rows_without_a_type_is_payments():
    row = {name: value for name, value in SOLD.items() if name != "balance_type"}
    ledger = Ledger(due_by=0)
    ledger.add(to_batch([row]))
    assert ledger.untyped
    assert next(iter(ledger.sums)) == BalanceKey("payments", row["currency"], row["status"])
    assert isinstance(to_batch([row]), pa.RecordBatch)


def test_ids_that_find_no_room_for_temporary_files_are_an_error_of_storage(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with IdIndex(4) as index, pytest.raises(StorageError, match="TMPDIR"):
        index.add(f"txn_{number}" for number in range(10))
