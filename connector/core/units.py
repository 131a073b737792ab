"""Names for the plain numbers and strings that must not be mixed up."""

from __future__ import annotations

from typing import NewType

Seconds = NewType("Seconds", float)
"""A duration in seconds."""

AccountId = NewType("AccountId", str)
"""`acct_…`, or `default` where the key may not read its own account."""

DAY = 86_400
"""Seconds of a UTC day."""

WEEK = 7 * DAY
"""Seconds of seven."""


def is_number(value: object) -> bool:
    """Say whether what a caller gave is a number, which a flag is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


PAYMENTS = "payments"
"""The balance of rows without `balance_type`: API versions before 2025-05-28 have no other."""
