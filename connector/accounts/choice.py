"""Whose rows a run is about: which accounts were asked for, who they are, and whether they belong into a lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.core.account_ids import UNNAMED, given_accounts, given_name
from connector.core.mode import mode_of
from connector.core.state.partition import checked_account
from connector.core.units import AccountId
from connector.errors import ConfigError, InvalidRequestError, NotFoundError, PermissionDeniedError, UsageError
from connector.lake.reading.known_id import known_ids
from connector.lake.state.lake_identity import save_account
from connector.stripe.client import GET_PAYOUT, GET_TRANSACTION
from connector.stripe.identity import Identity, clocks, identify

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.core.state.account_record import AccountRecord
    from connector.lake.state.lake_identity import LakeFacts
    from connector.lake.stores.base import Store
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
        raise UsageError("`account_id` names the key's own account: it does not go with `account`")
    return chosen or (None,)


async def introduced(
    client: Client, account: str | None, *, account_id: str | None, known: bool = False, created: int = 0
) -> Identity:
    """Learn whose rows these are.

    A connected account that is known of is its header's, once the time is known: Stripe repeats the header in every
    answer, and where an answer lacks it the account is asked who it is (`as_account`).

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the key's own.
        account_id: its id where the key may not ask for it.
        known: whether it has said in an earlier run who it is, or Stripe lists it.
        created: when it was made, as far as that is known; UTC seconds.

    Raises:
        ApiError, ConfigError: see `identify`.
    """
    if account is not None and known and client.server_now is not None and not client.acting.by_context:
        return Identity(checked_account(account), created, *clocks(client), owner=checked_account(account))
    return await identify(client, account=account, account_id=account_id)


@dataclass(frozen=True, slots=True)
class Guest:
    """An account that rows would come from, and what it was asked for as.

    Attributes:
        identity: who it is.
        account: connected account it was reached as; None for the key's own.
        told: what the user names the key's own account, or None.
        looks: whether nothing of it is to be written.
    """

    identity: Identity
    account: str | None = None
    told: str | None = None
    looks: bool = False


async def at_home(client: Client, store: Store, facts: LakeFacts, guest: Guest) -> tuple[Identity, AccountRecord]:
    """Find the name that a lake has for an account, and refuse one that does not belong there.

    Where Stripe's word and the name in the lake are not the same, it is made sure that what is there under that name is
    this account's: by whose it is known to be; else by an id that is there, which another account would not know; else
    by the key.

    Args:
        client: whom to ask.
        store: the destination.
        facts: what it holds.
        guest: whose rows would come to it.

    Returns:
        The account under its name in the lake, and what to keep of it besides its rows (`keep_account`).

    Raises:
        ConfigError: it would double rows under another name, mix accounts under one, or put live rows beside test ones.
        ApiError: see `Client.get`.
    """
    identity, key = guest.identity, client.config.api_key
    _refuse_another_mode(facts, key.livemode)
    own = guest.account is None and client.acting.as_whom() is None
    if own and guest.told is None and identity.refused and _only_unnamed(facts, identity):
        identity = replace(identity, account=UNNAMED)
    _refuse_second_name(facts, identity, own=own)
    record = facts.record_of(identity.account)
    if not guest.looks:
        refuse_retired(facts, [identity.account])
    if client.acting.by_context:
        path = client.acting.path(identity.account)
        record = replace(record, context=path if "/" in path else None)
    if identity.owner == identity.account:
        return identity, record
    there = identity.account in facts.accounts
    if there and not await _is_of(client, store, record, guest):
        raise ConfigError(
            f"what this lake holds as {identity.account} is "
            + (f"of {record.owner}" if record.owner else "another account's, or of another mode")
            + f", and this key is {f'of {identity.owner}' if identity.owner else 'not of it'}:"
            " use another destination, or the right key"
        )
    if identity.owner is not None:
        return identity, replace(record, owner=identity.owner, key=None)
    known = record.key if record.key is not None and key.is_of(record.key) else None
    return identity, replace(record, key=(known or key.print_of()) if own else record.key)


def refuse_retired(facts: LakeFacts, accounts: Iterable[str | None]) -> None:
    """Refuse to read what the lake has retired.

    Raises:
        ConfigError: one of the accounts is.
    """
    for account in accounts:
        record = facts.records.get(AccountId(account)) if account is not None else None
        if record is not None and record.retired is not None:
            raise ConfigError(
                f"{account} is retired ({record.retired.reason}): `stripe-balance retire DEST --account {account}"
                " --undo` takes that back"
            )


def remember_paths(client: Client, facts: LakeFacts) -> None:
    """Have the client reach the accounts of a lake as they were reached before, where their ids alone do not do."""
    client.acting.led((record.account, record.context) for record in facts.records.values())


def keep_account(store: Store, facts: LakeFacts, record: AccountRecord) -> None:
    """Write what is known of an account, if that is anything new. Blocks; the destination must be held."""
    if record != facts.record_of(record.account):
        save_account(store, record)


def _only_unnamed(facts: LakeFacts, identity: Identity) -> bool:
    """Say whether a lake has no name for an account but `default`."""
    return UNNAMED in facts.accounts and identity.account not in facts.accounts


async def _is_of(client: Client, store: Store, record: AccountRecord, guest: Guest) -> bool:
    """Say whether what a lake holds under a name is this account's, as far as can be told.

    Raises:
        ConfigError: it cannot be told, and the key is another than before.
    """
    owner, key = guest.identity.owner, client.config.api_key
    if record.owner is not None and owner is not None:
        return record.owner == owner
    same_key = record.key is not None and key.is_of(record.key)
    if same_key and guest.account is None:
        return True
    known = await anyio.to_thread.run_sync(known_ids, store, record.account)
    answers = {await _knows(client, account, guest.account) for account in known}
    if answers >= {True, False}:
        raise ConfigError(
            f"what this lake holds as {record.account} is of more than one account: {known[0]} or {known[-1]} is not of"
            " this key's; sync each account to a destination of its own"
        )
    first_answer = next((answer for answer in answers if answer is not None), None)
    if first_answer is None and owner is None and guest.told is None and not same_key and (record.key or record.owner):
        raise ConfigError(
            f"this key is another than the one that this lake's {record.account} was read with, and neither it nor"
            f" Stripe says whose it is: if it is of the same account, say `account_id={record.account}`; else use"
            " another destination"
        )
    return first_answer is not False


async def _knows(client: Client, known: str, account: str | None) -> bool | None:
    """Ask for something that is known to be an account's; None where there is no telling."""
    try:
        await client.get(GET_PAYOUT if known.startswith("po_") else GET_TRANSACTION, known, account=account)
    except PermissionDeniedError:
        return None
    except NotFoundError:
        return False
    except InvalidRequestError:
        return None
    return True


def _refuse_another_mode(facts: LakeFacts, livemode: bool | None) -> None:  # noqa: FBT001 - as the key's form says
    if None not in {facts.livemode, livemode} and facts.livemode != livemode:
        raise ConfigError(
            f"this lake holds {mode_of(facts.livemode)}, and the key is of {mode_of(livemode)}: use another destination"
        )


def _refuse_second_name(facts: LakeFacts, identity: Identity, *, own: bool) -> None:
    """Refuse what would double an account's rows under another name.

    Raises:
        ConfigError: the key may not say whose it is, and the lake has names; or it says so only now.
    """
    names = facts.accounts
    if not identity.known and names and identity.account not in names:
        held = ", ".join(sorted(names)[:3])
        raise ConfigError(
            f"this key may not read its account, and the lake holds {held}:"
            " say with `account_id` which of them it is, or use another destination"
            if identity.account == UNNAMED
            else f"{identity.account} is not in this lake, which holds {held}, and the key may not read its account:"
            f" if it is the same, say `account_id={min(names)}`; else use another destination"
        )
    if identity.account == UNNAMED and UNNAMED not in names and identity.owner in names:
        raise ConfigError(f"this lake holds {identity.owner} by its name: leave `account_id` out")
    if own and identity.known and UNNAMED in names and identity.account not in names:
        raise ConfigError(
            f"this lake was made with a key that could not name its account, and holds its rows as {UNNAMED!r}:"
            f" go on with `account_id={UNNAMED}`, or use another destination for {identity.account}"
        )
    stands_for = facts.record_of(UNNAMED).owner if UNNAMED in names else None
    if identity.account != UNNAMED and identity.owner is not None and stands_for == identity.owner:
        raise ConfigError(
            f"this lake holds the rows of {identity.owner} as {UNNAMED!r}: go on with `account_id={UNNAMED}`, and"
            " without `account`"
        )
