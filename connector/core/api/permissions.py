"""What a restricted key needs, what Stripe's refusals say, and what to tell the owner of a key that lacks something.

Stripe reworded its refusals in 2026; both wordings are on the wire:

- `The provided key '…' does not have the required permissions for this endpoint on account 'acct_…'. Having the
  'rak_payout_read' permission would allow this request to continue.`
- `Permission denied. The provided key '…' does not have the required permissions for this endpoint on account 'acct_…'.
  Enabling "Payouts Read" ('payout_read') permissions on this key would allow this request to continue. You can edit
  permissions at https://dashboard.stripe.com/…`, the shown name with or without its quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.errors import ApiError, PermissionDeniedError

ROWS = "rak_balance_transaction_source_read"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing a restricted key may be allowed to read.

    Attributes:
        name: as Stripe's older refusals name it, and the link that creates a key; elsewhere it has no `rak_`.
        shown: as the dashboard names it, roughly: its wording changes.
        needed_for: what cannot be done without.
    """

    name: str
    shown: str
    needed_for: str


_ACCOUNT = "rak_accounts_kyc_basic_read"
_BY_RESOURCE = {
    "account": Permission(_ACCOUNT, "Basic Business Contact Information", "naming the account (or use `account_id`)"),
    "accounts": Permission(_ACCOUNT, "Basic Business Contact Information", "`all_accounts`"),
    "balance": Permission("rak_balance_read", "Balance", "`balance`, and whatever compares rows with it"),
    "balance_transactions": Permission(ROWS, "Balance transaction sources", "`sync`, `stream`, `get` and `verify`"),
    "charges": Permission("rak_charge_read", "Charges", "`fees ch_…` and `fees re_…`"),
    "disputes": Permission("rak_dispute_read", "Disputes", "`fees dp_…`"),
    "payment_intents": Permission("rak_payment_intent_read", "PaymentIntents", "`fees pi_…`"),
    "payouts": Permission("rak_payout_read", "Payouts", "`payouts`, `fees po_…`, and whatever checks payouts"),
    "refunds": Permission("rak_charge_read", "Charges", "`fees ch_…` and `fees re_…`"),
}
"""By what an operation reads: the first part of its name."""

NOT_STRIPES = "not in Stripe's words, but of something on the way, such as a proxy or a firewall"
"""What the message of a 403 ends with that Stripe did not answer."""

_OLDER_NAME = re.compile(r"\brak_[a-z_]+\b")
_NAME = re.compile(r"\('([a-z][a-z0-9_]*)'\) permissions?\b")
_ON_ACCOUNT = re.compile(r"required permissions for this endpoint on account '(acct_[A-Za-z0-9_]{1,200})'")
_DASHBOARD = "https://dashboard.stripe.com/apikeys"
OF_ANOTHER_ACCOUNT = "account_invalid"
"""Code of a refusal that is about the account asked for, not about what the key may read."""

_REVOKED = re.compile(
    r"may have been revoked|does not have access to account|\bthe account '?acct_\w+'? has been deleted", re.IGNORECASE
)
_ADDRESS = re.compile(r"\bIP address|\bfrom your IP\b", re.IGNORECASE)
_APPLICATION = re.compile(r"\bthis application\b|\boauth\b|\bscopes?\b|\bconnect platforms\b", re.IGNORECASE)


def is_of_address(error: ApiError) -> bool:
    """Say whether a refusal is about where the request came from (a key may be bound to addresses)."""
    return _ADDRESS.search(error.message) is not None


def is_of_application(error: ApiError) -> bool:
    """Say whether a refusal is about what an account allowed an application or a platform to do."""
    return _APPLICATION.search(error.message) is not None


def is_of_account(error: ApiError) -> bool:
    """Say whether a refusal is about the account asked for: not connected, not there, or its access revoked."""
    return is_about_account(error.message, error.code)


def is_about_account(message: str, code: str | None) -> bool:
    """Say the same of what a refusal says."""
    return code == OF_ANOTHER_ACCOUNT or _REVOKED.search(message) is not None


def is_of_the_way(error: ApiError) -> bool:
    """Say whether something on the way to Stripe refused: that says nothing of what the key may read."""
    return error.message.endswith(NOT_STRIPES)


def account_named(error: ApiError) -> str | None:
    """Return the account that a missing permission was missed on, where the refusal names it.

    It is the account that the request was for: the key's own, or the one acted as.
    """
    match = _ON_ACCOUNT.search(error.message)
    return None if match is None else match[1]


def explain(error: PermissionDeniedError, endpoint: str, *, restricted: bool) -> None:
    """Add to a refusal which permission is missing, and what to do about it, where that is the reason.

    What Stripe has said already is not said again.

    Args:
        error: as received; changed in place.
        endpoint: name of the operation, such as `balance_transactions.list`.
        restricted: whether the key is a restricted one.
    """
    if any(is_of_it(error) for is_of_it in (is_of_account, is_of_address, is_of_application, is_of_the_way)):
        return
    if (named := _NAME.search(error.message)) is not None:
        error.permission = named[1]
        if "https://" not in error.message:
            error.message = f"{error.message.rstrip('.')}: edit the key at {_DASHBOARD}"
        return
    missing = _missing(error.message, endpoint, restricted=restricted)
    if missing is not None:
        error.permission = missing.name
        error.message = (
            f"{error.message.rstrip('.')}; enable read access to {missing.shown} ({missing.name}) for this key at"
            f" {_DASHBOARD}: it is needed for {missing.needed_for}"
        )


def _missing(message: str, endpoint: str, *, restricted: bool) -> Permission | None:
    """Say which permission is missing: the one Stripe names, else, of a restricted key, the operation's."""
    likely = _BY_RESOURCE.get(endpoint.partition(".")[0])
    named = _OLDER_NAME.search(message)
    if named is None:
        return likely if restricted else None
    if likely is not None and likely.name == named[0]:
        return likely
    known = {permission.name: permission for permission in _BY_RESOURCE.values()}
    return known.get(named[0]) or Permission(named[0], named[0], f"{endpoint} as it was asked for")
