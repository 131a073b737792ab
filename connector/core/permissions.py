"""What a restricted key needs, and what to tell the owner of one that lacks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.errors import PermissionError_

ROWS = "rak_balance_transaction_source_read"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing a restricted key may be allowed to read.

    Attributes:
        name: as Stripe's errors name it.
        shown: as the dashboard names it, roughly: its wording changes.
        needed_for: what cannot be done without.
    """

    name: str
    shown: str
    needed_for: str


_BY_RESOURCE = {
    "account": Permission("rak_accounts_kyc_basic_read", "Accounts", "naming the account (or use --account-id)"),
    "accounts": Permission("rak_accounts_kyc_basic_read", "Accounts", "--all-accounts"),
    "balance": Permission("rak_balance_read", "Balance", "`balance`, and whatever compares rows with it"),
    "balance_transactions": Permission(ROWS, "Balance transaction sources", "`sync`, `stream`, `get` and `verify`"),
    "charges": Permission("rak_charge_read", "Charges", "`fees ch_…`"),
    "payment_intents": Permission("rak_payment_intent_read", "PaymentIntents", "`fees pi_…`"),
    "payouts": Permission("rak_payout_read", "Payouts", "`payouts`, `fees po_…`, and whatever checks payouts"),
}
"""By what an operation reads: the first part of its name."""

_NAMED = re.compile(r"\brak_[a-z_]+\b")
_DASHBOARD = "https://dashboard.stripe.com/apikeys"
OF_ANOTHER_ACCOUNT = "account_invalid"
"""Code of a refusal that is about the account asked for, not about what the key may read."""


def explain(error: PermissionError_, endpoint: str, *, restricted: bool) -> None:
    """Add to a refusal which permission is missing, and what to do about it, where that is the reason.

    Args:
        error: as received; changed in place.
        endpoint: name of the operation, such as `balance_transactions.list`.
        restricted: whether the key is a restricted one.
    """
    missing = None if error.code == OF_ANOTHER_ACCOUNT else _missing(error.message, endpoint, restricted=restricted)
    if missing is not None:
        error.permission = missing.name
        error.message = (
            f"{error.message.rstrip('.')}; enable read access to {missing.shown} ({missing.name}) for this key at"
            f" {_DASHBOARD}: it is needed for {missing.needed_for}"
        )


def _missing(message: str, endpoint: str, *, restricted: bool) -> Permission | None:
    """Say which permission is missing: the one Stripe names, else, of a restricted key, the operation's."""
    likely = _BY_RESOURCE.get(endpoint.partition(".")[0])
    named = _NAMED.search(message)
    if named is None:
        return likely if restricted else None
    if likely is not None and likely.name == named[0]:
        return likely
    known = {one.name: one for one in _BY_RESOURCE.values()}
    return known.get(named[0]) or Permission(named[0], named[0], f"{endpoint} as it was asked for")
