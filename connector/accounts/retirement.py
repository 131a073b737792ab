"""Accounts that nobody expects anything of any more: `retire`. Their rows stay; Stripe is not asked about them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from connector.config.destination import placed
from connector.core.account_ids import given_name
from connector.core.state.account_record import AccountRecord, Retired
from connector.core.suggestions import among_accounts
from connector.core.units import AccountId
from connector.errors import ConfigError, UsageError
from connector.lake.state.lake_identity import change_account, facts_of
from connector.lake.state.no_lake import no_lake
from connector.lake.stores.base import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

LONGEST_REASON = 500
"""Characters of a reason: it goes into every verdict."""


def retire(
    destination: str | PathLike[str],
    account: str,
    *,
    reason: str | None = None,
    undo: bool = False,
    storage_options: Mapping[str, str] | None = None,
) -> AccountRecord:
    """Retire an account of a lake, or take that back. Asks nothing of Stripe. Blocks.

    A retired account keeps its rows. Runs leave it out, `verify` checks its files only, shows when and why it was
    retired, and does not count what could not be checked of it.

    Args:
        destination: the lake.
        account: its name in the lake.
        reason: why, for whoever reads a verdict; retiring it again gives it another.
        undo: take it back.
        storage_options: settings of a bucket's store.

    Returns:
        What the lake knows of the account now.

    Raises:
        UsageError: there is no reason, or one too long; or there is one for taking it back.
        ConfigError: there is no such account in the lake; or it was not retired.
        CommitConflictError: others change what is known of the account again and again.
        StorageError: the lake cannot be read or written.
    """
    name, why = AccountId(given_name(account) or ""), " ".join((reason or "").split())
    if undo and why:
        raise UsageError("`undo` takes no `reason`")
    if not undo and not 0 < len(why) <= LONGEST_REASON:
        raise UsageError(f"`reason`: say why, in at most {LONGEST_REASON} characters; every verdict shows it")
    store = open_store(placed(destination, storage_options))
    accounts = facts_of(store).accounts
    if not accounts:
        raise no_lake(store, destination)
    _present(accounts, name)

    def change(record: AccountRecord) -> AccountRecord:
        if undo and record.retired is None:
            raise ConfigError(f"{name} is not retired")
        return replace(record, retired=None if undo else Retired(int(time.time()), why))

    return change_account(store, name, change)


def _present(accounts: frozenset[AccountId], name: AccountId) -> None:
    if name not in accounts:
        raise ConfigError(f"there are no rows of {among_accounts(name, sorted(accounts))}")
