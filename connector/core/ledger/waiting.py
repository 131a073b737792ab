"""How long a balance transaction may be awaited: *not yet* has an age.

Some payments never get one: a payment of a cent, an amount of 0, or a charge that Stripe forgot. A scheduler that asks
again for as long as the answer is *not yet* would ask for ever.

Stripe gives no bounds, so these are ours. Source of what they leave room for: docs.stripe.com/payments/payment-intents/
asynchronous-capture (null right after the confirmation, `charge.updated` tells when no more); docs.stripe.com/payments/
sepa-debit (a delayed notification, after five business days as a rule; older copies of the page say at most fourteen).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.fields import object_of
from connector.core.units import DAY

if TYPE_CHECKING:
    from connector.core.api.page import Row

LONGEST = DAY
"""Seconds after which a balance transaction that is not there is not waited for."""

LONGEST_OF_BANKS = 14 * DAY
"""The same for bank debits, and for what is still being processed: only such payments are, for longer than moments."""

OVERDUE = "overdue"
"""The reason of an answer that was *not yet* for too long."""

_BANK_DEBITS = frozenset(
    {
        "ach_debit",
        "acss_debit",
        "au_becs_debit",
        "bacs_debit",
        "nz_bank_account",
        "payto",
        "sepa_debit",
        "us_bank_account",
    }
)
"""Types of payment method that take money from a bank account, days after they were asked to."""


def overdue_days(made: object, now: int, *, by_bank: bool) -> int | None:
    """Return how many whole days something has been awaited, if that is too long; None while it may still come.

    Args:
        made: when the wait began, UTC seconds; anything else never lasts too long.
        now: UTC seconds.
        by_bank: whether a bank takes part, which may take days.
    """
    if type(made) is not int or now - made <= (LONGEST_OF_BANKS if by_bank else LONGEST):
        return None
    return (now - made) // DAY


def is_bank_debit(charge: Row) -> bool:
    """Say whether a charge was made by bank debit."""
    details = object_of(charge.get("payment_method_details"))
    return details is not None and details.get("type") in _BANK_DEBITS


def captured_by(charge: Row) -> object:
    """Return the second by which a charge was made, or captured where that came later, as far as it says.

    A payment that was authorised first may have been captured until `capture_before`, and Stripe does not say when.
    """
    details = object_of(charge.get("payment_method_details")) or {}
    card = object_of(details.get("card")) or object_of(details.get("card_present")) or {}
    made, before = charge.get("created"), card.get("capture_before")
    return max(made, before) if type(made) is int and type(before) is int else made


def late_words(days: int, *, by_bank: bool) -> str:
    """Say that it was awaited for too long, and what to do."""
    counted = "a day" if days == 1 else f"{days:,} days"
    rule = "for fourteen days" if by_bank else "for a day"
    return (
        f"Stripe has made no balance transaction for it in {counted}, and one is awaited {rule}: look it up in the"
        " Dashboard, or ask Stripe's support"
    )
