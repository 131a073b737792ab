"""How long a balance transaction is awaited, and from when."""

from __future__ import annotations

import pytest

from connector.core.ledger.waiting import (
    LONGEST,
    LONGEST_OF_BANKS,
    captured_by,
    is_bank_debit,
    late_words,
    overdue_days,
)
from connector.core.units import DAY

NOW = 1_767_225_600


@pytest.mark.parametrize(("by_bank", "longest"), [(False, LONGEST), (True, LONGEST_OF_BANKS)])
def test_it_is_awaited_for_so_long_and_then_said_for_how_many_days(by_bank, longest):
    assert overdue_days(NOW - longest, NOW, by_bank=by_bank) is None
    assert overdue_days(NOW + 5, NOW, by_bank=by_bank) is None
    assert overdue_days(NOW - longest - 1, NOW, by_bank=by_bank) == longest // DAY
    assert overdue_days(NOW - longest - DAY, NOW, by_bank=by_bank) == longest // DAY + 1
    assert overdue_days(NOW - longest - 2 * DAY + 1, NOW, by_bank=by_bank) == longest // DAY + 1


@pytest.mark.parametrize("made", [None, "0", 0.0, True])
def test_what_does_not_say_when_it_was_made_is_never_awaited_for_too_long(made):
    assert overdue_days(made, NOW, by_bank=False) is None


@pytest.mark.parametrize(
    ("details", "by_bank"),
    [
        ({"type": "sepa_debit"}, True),
        ({"type": "us_bank_account"}, True),
        ({"type": "card"}, False),
        ({"type": None}, False),
        ({}, False),
        (None, False),
        ("sepa_debit", False),
    ],
)
def test_a_bank_debit_is_told_by_the_type_of_its_payment_method(details, by_bank):
    assert is_bank_debit({"payment_method_details": details}) is by_bank
    assert is_bank_debit({}) is False


@pytest.mark.parametrize("kind", ["card", "card_present"])
def test_a_charge_was_captured_by_the_later_of_both_moments(kind):
    def charge(made, before):
        return {"created": made, "payment_method_details": {"type": kind, kind: {"capture_before": before}}}

    assert captured_by(charge(5, 9)) == 9
    assert captured_by(charge(9, 5)) == 9
    assert captured_by(charge(9, None)) == 9
    assert captured_by(charge("soon", 5)) == "soon"
    assert captured_by({"created": 7}) == 7
    assert captured_by({"created": 7, "payment_method_details": None}) == 7


@pytest.mark.parametrize(
    ("days", "by_bank", "words"),
    [
        (1, False, "in a day, and one is awaited for a day"),
        (2, False, "in 2 days,"),
        (1_500, True, "1,500 days, and one is awaited for fourteen days"),
    ],
)
def test_what_was_awaited_for_too_long_is_said_with_what_to_do(days, by_bank, words):
    said = late_words(days, by_bank=by_bank)
    assert words in said
    assert "look it up in the Dashboard" in said
