"""Laws of sums: any rows agree with the balance they make, and no single change goes unnoticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.accounting import (
    PUBLIC,
    WHOLE,
    BalanceKey,
    Total,
    Unshown,
    add_totals,
    add_up,
    cancelling,
    compared,
    disagreements,
    nets_of,
    unexplained,
    unshown,
)

TYPES = st.sampled_from([*PUBLIC, "risk_reserved"])
CURRENCIES = st.sampled_from(["usd", "eur", "jpy"])
ROWS = st.lists(
    st.tuples(TYPES, CURRENCIES, st.sampled_from(["available", "pending"]), st.integers(-(2**70), 2**70)), max_size=30
)


def sums(rows):
    return add_up({BalanceKey(*row[:3]): row[3]} for row in rows)


def balance_of(rows):
    """What a balance object shows of rows: only its own buckets, and none that are zero."""
    return {
        bucket: net
        for bucket, net in sums(rows).items()
        if net and bucket.status in PUBLIC.get(bucket.balance_type, ())
    }


@given(ROWS)
def test_rows_agree_with_the_balance_they_make(rows):
    assert disagreements(sums(rows), balance_of(rows)) == []


@given(ROWS, st.data(), st.integers(-1000, 1000).filter(bool))
def test_a_change_of_one_row_is_found_in_its_bucket_with_its_amount(rows, data, change):
    shown = [at for at, row in enumerate(rows) if row[2] in PUBLIC.get(row[0], ())]
    if not shown:
        return
    at = data.draw(st.sampled_from(shown))
    altered = [*rows[:at], (*rows[at][:3], rows[at][3] + change), *rows[at + 1 :]]
    (found,) = disagreements(sums(altered), balance_of(rows))
    assert found.bucket == BalanceKey(*rows[at][:3])
    assert found.rows - found.held == change


@given(ROWS, st.data())
def test_where_a_status_is_unknown_the_whole_is_compared(rows, data):
    """Rows of a status nobody knows are somewhere in the balance: the sum over all statuses still has to agree."""
    placed = [at for at, row in enumerate(rows) if row[0] == "payments"]
    if not placed:
        return
    at = data.draw(st.sampled_from(placed))
    strange = [*rows[:at], (*rows[at][:2], "entangled", rows[at][3]), *rows[at + 1 :]]
    assert disagreements(sums(strange), balance_of(rows)) == []
    wrong = [*rows[:at], (*rows[at][:2], "entangled", rows[at][3] + 1), *rows[at + 1 :]]
    (found,) = disagreements(sums(wrong), balance_of(rows))
    assert found.rows - found.held == 1
    assert found.bucket.status == "available + pending"


@given(ROWS, ROWS, st.integers(-9, 9))
def test_rows_since_a_moment_explain_the_change_of_the_balance_whatever_flips(earlier, later, off):
    """Rows pending at the moment are available now: the whole of each balance still changes by the rows since."""
    settled = [(*row[:2], "available", row[3]) for row in earlier]
    held = balance_of([*settled, *later])
    assert unexplained(sums(later), balance_of(earlier), held) == []
    more = BalanceKey("payments", "usd", "pending")
    found = unexplained(sums(later), balance_of(earlier), held | {more: held.get(more, 0) + off})
    assert [one.held - one.rows for one in found] == ([off] if off else [])


def test_a_bucket_that_either_side_lacks_is_zero():
    held = {BalanceKey("payments", "usd", "available"): 5}
    rows = {BalanceKey("payments", "eur", "pending"): 7}
    found = {one.bucket: (one.held, one.rows) for one in disagreements(rows, held)}
    assert found == {
        BalanceKey("payments", "usd", "available"): (5, 0),
        BalanceKey("payments", "eur", "pending"): (0, 7),
    }
    assert compared(rows, held) == 4


def totals(rows):
    return add_totals({BalanceKey(*row[:3]): Total(row[3], 1)} for row in rows)


def test_balances_that_are_not_shown_are_not_compared_and_their_rows_and_money_named():
    rows = totals(
        [
            ("risk_reserved", "usd", "available", 9),
            ("risk_reserved", "usd", "pending", -2),
            ("new_kind", "eur", "available", 1),
            ("issuing", "usd", "pending", 5),
            ("issuing", "usd", "available", 0),
        ]
    )
    assert disagreements(nets_of(rows), {}) == []
    assert unshown(rows) == [
        Unshown("issuing", "usd", 1, 5),
        Unshown("new_kind", "eur", 1, 1),
        Unshown("risk_reserved", "usd", 2, 7),
    ]


@given(ROWS, st.data())
def test_every_row_is_compared_or_counted_as_not_compared(rows, data):
    """Whatever a row's figure is changed to, either a disagreement shows or the row's money is named."""
    if not rows:
        return
    at = data.draw(st.integers(0, len(rows) - 1))
    altered = [*rows[:at], (*rows[at][:3], rows[at][3] + 1), *rows[at + 1 :]]
    found = disagreements(sums(altered), balance_of(rows))
    named = unshown(totals(rows)) != unshown(totals(altered))
    assert bool(found) != named
    assert sum(one.rows for one in unshown(totals(rows))) <= len(rows)


@given(ROWS)
def test_since_a_moment_only_balances_shown_as_a_whole_are_compared(rows):
    left_out = unshown(totals(rows), since=True)
    assert sum(one.rows for one in left_out) == sum(row[0] not in WHOLE for row in rows)


@given(ROWS, CURRENCIES, st.integers(1, 999), st.integers(0, 5))
def test_money_that_only_stands_elsewhere_in_a_balance_leaves_its_total(rows, currency, moved, lost):
    """The list has as pending what the balance has as available: the total agrees, unless something is lost besides."""
    held = balance_of(rows)
    for status, change in (("available", moved), ("pending", -moved - lost)):
        bucket = BalanceKey("payments", currency, status)
        held[bucket] = held.get(bucket, 0) + change
    splits, others = cancelling(disagreements(sums(rows), held))
    assert [(one.bucket.currency, one.held - one.rows) for one in splits] == ([] if lost else [(currency, moved)])
    assert len(others) == (2 if lost else 0)


def test_what_is_missing_of_one_status_and_too_much_of_the_other_cancels():
    available, pending = (BalanceKey("payments", "usd", status) for status in ("available", "pending"))
    splits, others = cancelling(disagreements({available: 100, pending: 50}, {available: 70, pending: 80}))
    assert [one.bucket for one in splits] == [available]
    assert others == []
    splits, others = cancelling(disagreements({available: 100, pending: 50}, {available: 70, pending: 81}))
    assert splits == []
    assert {one.bucket for one in others} == {available, pending}
