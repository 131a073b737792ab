"""Which accounts a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.page import decode_page
from connector.core.partition import checked_account
from connector.errors import ProtocolError
from connector.stripe.client import LIST_ACCOUNTS
from connector.stripe.resources import Stripe

if TYPE_CHECKING:
    import argparse

    from connector.cli.console import Console
    from connector.config import Config
    from connector.errors import AccountsError

OWN = None
"""Stands for the key's own account among connected ones, as in `connector.run.Run`."""

MOST_PAGES = 10_000
"""A list of accounts longer than this does not end by itself."""


async def accounts_of(args: argparse.Namespace, config: Config) -> tuple[str | None, ...]:
    """Return the accounts that `--account` and `--all-accounts` ask for; none for the key's own alone."""
    if not args.all_accounts:
        return tuple(dict.fromkeys(args.account))
    return (OWN, *await connected_accounts(config))


async def connected_accounts(config: Config) -> list[str]:
    """List the platform's connected accounts, newest first.

    Raises:
        ApiError: see `connector.errors`.
        ProtocolError: it is no list of accounts, or does not end.

    Source: docs.stripe.com/api/accounts/list.
    """
    found: list[str] = []
    async with Stripe(config) as stripe:
        for _ in range(MOST_PAGES):
            after = found[-1] if found else None
            response = await stripe.client.get(LIST_ACCOUNTS, parameters={"limit": 100, "starting_after": after})
            page = decode_page(response.body, request_id=response.request_id)
            found += [checked_account(str(row.get("id"))) for row in page.rows]
            if not page.has_more or not page.rows:
                return list(dict.fromkeys(found))
    raise ProtocolError(f"the list of connected accounts does not end after {MOST_PAGES:,} pages")


def complain_of(failure: AccountsError, console: Console) -> int:
    """Say what each account failed with, and return the exit status."""
    for error in failure.errors.values():
        console.complain(error)
    return failure.exit_code
