"""Counts in words."""

from __future__ import annotations

import pytest

from connector.core.counting import counted, of_kinds


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"missing_file": 1}, "1 missing file"),
        ({"missing_file": 1, "changed_file": 1_200}, "1 missing file, 1,200 changed files"),
        ({"missing_transaction": 50}, "50 missing transactions"),
        ({"row_differs_from_stripe": 2}, "2 rows differ from Stripe"),
        ({"row_differs_from_stripe": 1}, "1 row differs from Stripe"),
        ({"id_not_unique": 3}, "3 ids not unique"),
        ({"in_two_accounts": 3}, "3 in two accounts"),
        ({}, ""),
    ],
)
def test_findings_are_counted_by_their_kind(counts, words):
    assert of_kinds(counts) == words


def test_one_thing_is_one():
    assert (counted(1, "day"), counted(0, "day"), counted(2_000, "entry", "entries")) == (
        "1 day",
        "0 days",
        "2,000 entries",
    )
