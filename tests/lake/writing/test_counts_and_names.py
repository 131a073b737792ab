"""Tallies add up; parked files are called by their number, partition and run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.state.partition import Granularity, partition_of
from connector.core.units import AccountId
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.parked_names import next_number, parked_folder, parked_path, run_of

numbers = st.integers(0, 99)
counts = st.builds(MergeCounts, numbers, numbers, numbers, numbers, numbers, st.none() | numbers, st.none() | numbers)


@given(counts, counts, counts)
def test_counts_of_parts_add_up_in_any_order(one, two, three):
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + MergeCounts() == one
    both = one + two
    for name in ("new", "replaced", "unchanged", "disappeared", "late"):
        assert getattr(both, name) == getattr(one, name) + getattr(two, name)
    firsts = [part.late_first for part in (one, two) if part.late_first is not None]
    lasts = [part.late_last for part in (one, two) if part.late_last is not None]
    assert (both.late_first, both.late_last) == (min(firsts, default=None), max(lasts, default=None))


@given(counts)
def test_rows_that_somebody_else_has_brought_are_unchanged_whatever_they_were(one):
    met = one.met
    assert met.unchanged == one.new + one.replaced + one.unchanged
    assert met == MergeCounts(unchanged=met.unchanged, disappeared=one.disappeared)


def test_a_parked_files_name_says_its_number_its_partition_and_its_run():
    folder = parked_folder("balance_transactions", AccountId("acct_1"))
    assert folder == "_stripe_balance/parked/balance_transactions/acct_1"  # as docs/files-on-disk.md has it
    key = partition_of(0, Granularity.DAY)
    path = parked_path(folder, 7, key, "20260101T000000Z-0a")
    assert path == f"{folder}/00000007.created_date=1970-01-01.20260101T000000Z-0a.arrow"
    assert run_of(path.rpartition("/")[2]) == "20260101T000000Z-0a"
    assert run_of("00000007.arrow") == ""
    assert run_of("a.b.c.d.arrow") == ""
    assert next_number([]) == 1
    assert next_number([path, parked_path(folder, 12, key, "r"), parked_path(folder, 3, key, "r")]) == 13
    assert min(parked_path(folder, number, key, "r") for number in (9, 10, 100)).endswith(
        "00000009.created_date=1970-01-01.r.arrow"
    )
