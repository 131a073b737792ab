"""Whether Stripe has reconciled a payout. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

OVER = frozenset({"failed", "canceled"})
"""Statuses of a payout that paid nothing out."""


def is_reconciled(payout: Mapping[str, Any]) -> bool:
    """Say whether it is known, and final, which rows a payout paid out.

    Args:
        payout: as received.

    Raises:
        UsageError: that will never be: it is manual, so that Stripe assigns no rows to it, or it failed.

    Source: docs.stripe.com/api/payouts/object, `reconciliation_status`.
    """
    if payout.get("reconciliation_status") == "completed":
        return True
    if payout.get("automatic") is False or payout.get("reconciliation_status") == "not_applicable":
        raise UsageError(f"{payout.get('id')} is no automatic payout: Stripe assigns no transactions to it")
    if payout.get("status") in OVER:
        raise UsageError(f"{payout.get('id')} is {payout['status']}: it paid nothing out")
    return False
