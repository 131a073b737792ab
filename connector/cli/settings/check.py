"""Whether settings will do: the key, what it may read, and where the lake is to be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.config.destination import bucket_address
from connector.core.counting import counted
from connector.core.mode import mode_of
from connector.errors import ConnectorError, PermissionDeniedError, StorageError
from connector.lake.state.lake_identity import facts_of, is_new
from connector.lake.stores.base import open_store
from connector.stripe.api import Stripe, client_of
from connector.stripe.client import BALANCE, LIST_ACCOUNTS, LIST_PAYOUTS, LIST_TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.config.config import Config
    from connector.stripe.client import Client, Endpoint

MOST_ACCOUNTS = 20
"""Accounts named in the settings that are asked about; the first run asks about all."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one thing.

    Attributes:
        name: of the thing.
        says: what was found, in words.
        error: what is wrong; None where all is well.
        needed: whether nothing works without it.
        fresh: whether it is a lake that is still to be made.
    """

    name: str
    says: str
    error: ConnectorError | None = None
    needed: bool = True
    fresh: bool = False

    @property
    def fails(self) -> bool:
        """Whether this has to be put right first."""
        return self.needed and self.error is not None

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {"name": self.name, "well": self.error is None, "needed": self.needed, "says": self.says}


_READS: tuple[tuple[str, Endpoint, str], ...] = (
    ("rows", LIST_TRANSACTIONS, "balance transactions, as a sync does"),
    ("balance", BALANCE, "the balance, for a check of the sum and snapshots"),
    ("payouts", LIST_PAYOUTS, "payouts, for a check of each and their table"),
)


async def check_key(config: Config, source: str, *, accounts: Sequence[str | None], all_accounts: bool) -> list[Check]:
    """Ask Stripe whose the key is, and for one object of each kind that commands read.

    Args:
        config: whom to ask, as whom.
        source: where the key was found.
        accounts: connected accounts that are to be read.
        all_accounts: whether all of them are.
    """
    mode = mode_of(config.api_key.livemode, unknown="of a form that does not say its mode")
    async with Stripe(config) as stripe:
        try:
            own = await stripe.account()
        except ConnectorError as error:
            return [Check("key", f"{config.api_key!r}, from {source}, is not taken", error)]
        checks = [Check("key", f"{config.api_key!r}, from {source}: {mode}, of {own.account}")]
        client = client_of(stripe)
        acting = next((account for account in accounts if account is not None), None)
        checks += [await _may(client, name, endpoint, what, acting) for name, endpoint, what in _READS]
        if all_accounts:
            checks.append(await _may(client, "accounts", LIST_ACCOUNTS, "the list of connected accounts", None))
        checks += [await _is_there(stripe, account) for account in accounts[:MOST_ACCOUNTS] if account is not None]
    return checks


async def _may(client: Client, name: str, endpoint: Endpoint, what: str, account: str | None) -> Check:
    """Ask for one object; what only some commands read may be missing."""
    needed = name in {"rows", "accounts"}
    try:
        await client.get(endpoint, parameters={} if endpoint is BALANCE else {"limit": 1}, account=account)
    except PermissionDeniedError as error:
        return Check(name, f"may not read {what}", error, needed)
    except ConnectorError as error:
        return Check(name, f"cannot read {what}", error)
    return Check(name, f"may read {what}", None, needed)


async def _is_there(stripe: Stripe, account: str) -> Check:
    try:
        await stripe.account(account=account)
    except ConnectorError as error:
        return Check(account, "may not be read", error)
    return Check(account, "is connected")


def check_destination(destination: str | os.PathLike[str]) -> Check:
    """Look at where the lake is, or is to be. Nothing is written there. Blocks."""
    try:
        store = open_store(destination)
        if not is_new(store):
            return Check("lake", f"{destination} holds {counted(len(facts_of(store).accounts), 'account')} already")
        if bucket_address(str(destination)) is not None:
            return Check(
                "lake", f"{destination} can be read, and holds no lake yet: the first run makes it", fresh=True
            )
        _refuse_unwritable(Path(destination).expanduser().absolute())
    except ConnectorError as error:
        return Check("lake", f"{destination} will not do", error)
    return Check("lake", f"{destination} is not there yet: the first run makes it", fresh=True)


def _refuse_unwritable(folder: Path) -> None:
    """See that a folder is there and can be written, or can be made.

    Raises:
        StorageError: it cannot.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise StorageError(f"{there} cannot be written by this user, so that there can be no lake in {folder}")
