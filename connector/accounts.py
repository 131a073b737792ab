"""Whose rows a run is about: which accounts were asked for, who they are, and whether they belong into a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.account_ids import given_accounts, given_name
from connector.core.partition import checked_account
from connector.errors import ConfigError, UsageError
from connector.stripe.identity import UNNAMED, Identity, clocks, identify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.lake.facts import LakeFacts
    from connector.stripe.client import Client


def chosen_accounts(accounts: str | Sequence[str | None], *, account_id: str | None) -> tuple[str | None, ...]:
    """Return the accounts to read, each once: the key's own, as None, where none is named.

    Args:
        accounts: as a caller gives them; one id alone counts as a list of it.
        account_id: name of the key's own account, where it may not ask for it.

    Raises:
        UsageError: both are given, or what cannot be an id.
    """
    chosen, account_id = given_accounts(accounts), given_name(account_id)
    if account_id and chosen:
        raise UsageError("--account-id names the key's own account: it does not go with --account")
    return chosen or (None,)


async def introduced(client: Client, account: str | None, *, account_id: str | None, several: bool) -> Identity:
    """Learn whose rows these are; a connected account among several is its header's, once the time is known.

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the key's own.
        account_id: its id where the key may not ask for it.
        several: whether it is one of several.

    Raises:
        ApiError, ConfigError: see `identify`.
    """
    if account is not None and several and client.server_now is not None:
        return Identity(checked_account(account), 0, *clocks(client))
    return await identify(client, account=account, account_id=account_id)


def refuse_to_mix(facts: LakeFacts, identity: Identity, *, livemode: bool | None, connected: bool) -> None:
    """Refuse what would double an account's rows under another name, or put test rows beside live ones.

    Args:
        facts: what the destination holds.
        identity: whose rows would come to it.
        livemode: whether they are of live mode; None where the key's form does not say.
        connected: whether the account was reached by its id.

    Raises:
        ConfigError: the key may not say whose it is, and the lake has names; or it says so only now; or it is of
            another mode.
    """
    names = facts.accounts
    if not identity.known and names and identity.account not in names:
        held = ", ".join(sorted(names)[:3])
        raise ConfigError(
            f"this key may not read its account, and the lake holds {held}:"
            " say with --account-id which of them it is, or use another destination"
            if identity.account == UNNAMED
            else f"{identity.account} is not in this lake, which holds {held}, and the key may not read its account:"
            f" if it is the same, say --account-id {min(names)}; else use another destination"
        )
    if None not in {facts.livemode, livemode} and facts.livemode != livemode:
        modes = {True: "live mode", False: "test mode"}
        raise ConfigError(
            f"this lake holds {modes[facts.livemode is True]}, and the key is of {modes[livemode is True]}:"
            " use another destination"
        )
    if identity.known and not connected and UNNAMED in names and identity.account != UNNAMED:
        raise ConfigError(
            f"this lake was made with a key that could not name its account, and holds its rows as {UNNAMED!r}:"
            f" go on with --account-id {UNNAMED}, or use another destination for {identity.account}"
        )
