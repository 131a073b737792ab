"""Laws of sums: any rows agree with the balance they make, and no single change goes unnoticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.accounting import PUBLIC, Bucket, add_up, compared, disagreements, not_shown, unexplained

TYPES = st.sampled_from([*PUBLIC, "risk_reserved"])
CURRENCIES = st.sampled_from(["usd", "eur", "jpy"])
ROWS = st.lists(
    st.tuples(TYPES, CURRENCIES, st.sampled_from(["available", "pending"]), st.integers(-(2**70), 2**70)), max_size=30
)


def sums(rows):
    return add_up({Bucket(*row[:3]): row[3]} for row in rows)


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
    assert found.bucket == Bucket(*rows[at][:3])
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
    more = Bucket("payments", "usd", "pending")
    found = unexplained(sums(later), balance_of(earlier), held | {more: held.get(more, 0) + off})
    assert [one.held - one.rows for one in found] == ([off] if off else [])


def test_a_bucket_that_either_side_lacks_is_zero():
    held = {Bucket("payments", "usd", "available"): 5}
    rows = {Bucket("payments", "eur", "pending"): 7}
    found = {one.bucket: (one.held, one.rows) for one in disagreements(rows, held)}
    assert found == {
        Bucket("payments", "usd", "available"): (5, 0),
        Bucket("payments", "eur", "pending"): (0, 7),
    }
    assert compared(rows, held) == 4


def test_balances_that_are_not_shown_are_named_and_not_compared():
    rows = {Bucket("risk_reserved", "usd", "available"): 9, Bucket("new_kind", "usd", "available"): 1}
    assert disagreements(rows, {}) == []
    assert not_shown(rows) == ["new_kind", "risk_reserved"]
