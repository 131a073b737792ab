"""Whose key it is, and what time Stripe has."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.page import decode_object
from connector.core.partition import checked_account
from connector.core.units import AccountId
from connector.errors import InvalidRequestError, PermissionError_
from connector.stripe.client import ACCOUNT

if TYPE_CHECKING:
    from connector.stripe.client import Client

UNNAMED = AccountId("default")
"""Stands for an account that may not be asked for its id."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An account, as it describes itself.

    Attributes:
        account: its id.
        created: when it was made, UTC seconds; 0 when it does not say. No row is expected before.
        now: UTC seconds by Stripe's clock, so that the machine's does not matter.
    """

    account: AccountId
    created: int
    now: int


async def identify(client: Client, *, account: str | None = None, account_id: str | None = None) -> Identity:
    """Ask `GET /v1/account`.

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the key's own.
        account_id: its id where the key may not ask for it.

    Raises:
        ApiError: as `Client.get`; a key that may not read its own account is no error, the account is then
            `account_id`, or `default`.
        ProtocolError: when the id cannot become the name of a folder.
    """
    acting = account or client.config.account
    fallback = checked_account(account_id or acting or UNNAMED)
    created = 0
    try:
        response = await client.get(ACCOUNT, account=account)
    except (PermissionError_, InvalidRequestError):
        if acting is not None:
            raise
    else:
        described = decode_object(response.body, request_id=response.request_id)
        if isinstance(described.get("id"), str):
            fallback = checked_account(account_id or described["id"])
        if type(described.get("created")) is int:
            created = max(0, described["created"])
    return Identity(fallback, created, client.server_now or int(time.time()))
