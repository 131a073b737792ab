"""Ids of accounts: what can be one, whoever gives it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.core.units import AccountId
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

UNNAMED = AccountId("default")
"""Stands for an account that may not be asked for its id."""

_ID = re.compile(r"acct_[A-Za-z0-9_]{1,200}")


def is_account_id(given: object) -> bool:
    """Say whether this can be the id of an account: `acct_…` of letters, digits and underscores."""
    return isinstance(given, str) and _ID.fullmatch(given) is not None


def given_account(account: str | None) -> str | None:
    """Return the account a caller names; None is the key's own.

    Raises:
        UsageError: it cannot be one. An empty id is a mistake, not the key's own account.
    """
    if account is None or is_account_id(account):
        return account
    raise UsageError(
        f"`account` {str(account)[:60]!r} is not an account id: it begins with acct_; leave it out for the key's own"
    )


def given_accounts(accounts: str | Iterable[str | None]) -> tuple[str | None, ...]:
    """Return the accounts a caller names, each once; one id alone counts as a list of it.

    Raises:
        UsageError: one cannot be an account.
    """
    listed = (accounts,) if isinstance(accounts, str) else accounts
    return tuple(dict.fromkeys(given_account(account) for account in listed))


def given_name(account_id: str | None) -> str | None:
    """Return what a caller names the key's own account, where it may not ask for it: an id, or `default`.

    Raises:
        UsageError: it is neither.
    """
    if account_id in {None, UNNAMED} or is_account_id(account_id):
        return account_id
    raise UsageError(f"`account_id` {str(account_id)[:60]!r} is not an account id: it begins with acct_")
