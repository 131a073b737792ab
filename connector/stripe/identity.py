"""Whose key it is, and what time Stripe has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.account_ids import UNNAMED
from connector.core.page import decode_object
from connector.core.partition import checked_account
from connector.core.permissions import OF_ANOTHER_ACCOUNT
from connector.errors import ConfigError, PermissionError_, ProtocolError
from connector.stripe.client import ACCOUNT

if TYPE_CHECKING:
    from connector.core.units import AccountId
    from connector.stripe.client import Client


@dataclass(frozen=True, slots=True)
class Identity:
    """An account, as it describes itself.

    Attributes:
        account: its id.
        created: when it was made, UTC seconds; 0 when it does not say. No row is expected before.
        now: UTC seconds by Stripe's clock; by the machine's where no answer has a `Date`, which every one of Stripe's
            has.
        sure: the same, where both clocks agree that it has come: what lies ahead of one of them is covered by neither's
            word, or time that is still to come would never be read; 0 where only the machine's is known.
        known: whether Stripe, or the header the account is reached by, says so; else it is what we were told.
    """

    account: AccountId
    created: int
    now: int
    sure: int
    known: bool = True

    def present(self, newest: int) -> int:
        """Return the second up to which time has come: by both clocks, or because a row was `created` then.

        Args:
            newest: the latest `created` known.
        """
        return min(self.now, max(self.sure, newest))


async def identify(client: Client, *, account: str | None = None, account_id: str | None = None) -> Identity:
    """Ask `GET /v1/account`.

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the key's own.
        account_id: its id where the key may not ask for it.

    Raises:
        ApiError: as `Client.get`; a key that may not read its own account is no error, the account is then
            `account_id`, or `default`.
        ConfigError: the account is another than `account_id`; only `default` stands for any.
        ProtocolError: when the id cannot become the name of a folder, or is not the one that was asked as.
    """
    acting = account or client.config.account
    named = checked_account(account_id) if account_id else None
    try:
        response = await client.get(ACCOUNT, account=account)
    except PermissionError_ as error:
        if error.code == OF_ANOTHER_ACCOUNT:  # not a matter of what the key may read
            raise
        return Identity(named or checked_account(acting or UNNAMED), 0, *clocks(client), known=acting is not None)
    described = decode_object(response.body, request_id=response.request_id)
    found = described.get("id")
    if not isinstance(found, str):
        raise ProtocolError("the account has no id", request_id=response.request_id)
    if named not in {None, UNNAMED, found}:
        raise ConfigError(f"this key is of {found[:60]}, not of {named}: leave --account-id out, or use the right key")
    if acting not in {None, found}:
        raise ProtocolError(
            f"asked as {acting}, the server answered for {found[:60]}: its rows would be taken for another's",
            request_id=response.request_id,
        )
    created = described.get("created")
    return Identity(
        named or checked_account(found), created if type(created) is int and created > 0 else 0, *clocks(client)
    )


def clocks(client: Client) -> tuple[int, int]:
    """Return `Identity.now` and `Identity.sure`, by the latest answer."""
    machine, server = client.clock.utc(), client.server_now
    return (machine, 0) if server is None else (server, min(server, machine))
