"""What differs from the schema, added up."""

from __future__ import annotations

import pytest

from connector.core.state.drift import Drift, DriftFinding


def finding(name: str, count: int = 1, example: str = "txn_1", kind="unknown_field") -> DriftFinding:
    return DriftFinding(kind, name, count, example)


def test_findings_of_one_kind_and_name_add_up_and_keep_their_first_example():
    found = Drift.of(
        [finding("b", 2, "txn_b"), finding("a"), finding("b", 3, "txn_c"), finding("b", 1, kind="missing_field")]
    )
    assert found.findings == (finding("b", 1, kind="missing_field"), finding("a"), finding("b", 5, "txn_b"))
    assert found
    assert not Drift()


def test_what_was_seen_later_is_added_to_what_was_seen_before():
    earlier, later = Drift.of([finding("a", 2, "txn_a")]), Drift.of([finding("a", 3, "txn_z"), finding("b")])
    assert earlier.merge(later).findings == (finding("a", 5, "txn_a"), finding("b"))
    assert (earlier.merge(Drift()), Drift().merge(later)) == (earlier, later)


def test_a_hundred_kinds_are_kept_the_first_ones_met_and_counted_on():
    met = [finding(f"x_{number:03d}") for number in range(150)]
    found = Drift.of([*met, *met])
    assert [one.name for one in found.findings] == [f"x_{number:03d}" for number in range(100)]
    assert {one.count for one in found.findings} == {2}


@pytest.mark.parametrize(
    ("one", "words", "column"),
    [
        (finding("a.b"), "unknown field a.b", "a.b"),
        (finding("type=x=y", kind="unknown_value"), "unknown value type=x=y", "type"),
    ],
)
def test_a_finding_is_told_in_words_with_its_column(one, words, column):
    assert (one.described, one.column) == (words, column)
