"""Which accounts a command is about."""

from __future__ import annotations

from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING

from connector.core.counting import counted

if TYPE_CHECKING:
    import argparse
    from os import PathLike

    from connector.cli.display.console import Console
    from connector.config.config import Config
    from connector.errors import AccountsError

MOST_TOLD = 20
"""Accounts whose errors have a line each: an outage of all of thousands is one mail that can be read."""


async def accounts_of(args: argparse.Namespace, config: Config) -> tuple[str | None, ...]:
    """Return the accounts that `--account` and `--all-accounts` ask for; none for the key's own alone.

    Among connected accounts None stands for the key's own. Of all there are, those that the lake has retired are left
    out, where a lake is named.
    """
    if not args.all_accounts:
        return tuple(dict.fromkeys(args.accounts))
    listed = await connected_accounts(config)
    retired = _retired(getattr(args, "destination", None))
    return (None, *(account for account in listed if account not in retired))


def _retired(destination: str | PathLike[str] | None) -> frozenset[str]:
    if destination is None:
        return frozenset()
    from connector.lake.state.lake_identity import facts_of  # noqa: PLC0415 - files need Arrow, and most who ask do not
    from connector.lake.stores.base import open_store  # noqa: PLC0415 - the same

    return facts_of(open_store(destination)).retired


async def connected_accounts(config: Config) -> list[str]:
    """List the platform's connected accounts, newest first.

    Raises:
        ApiError: see `connector.errors`.
        ProtocolError: it is no list of accounts, or does not end.
    """
    from connector.stripe import accounts as stripe_accounts  # noqa: PLC0415 - a run is to send its first request soon
    from connector.stripe.api import Stripe, client_of  # noqa: PLC0415 - the same

    async with Stripe(config) as stripe, aclosing(stripe_accounts.connected_accounts(client_of(stripe))) as pages:
        return [account async for page in pages for account in page]


def complain_of(failure: AccountsError, console: Console) -> int:
    """Say how many accounts failed, what each failed with, up to `MOST_TOLD`, and return the exit status."""
    failed = len(failure.errors)
    if failure.of > 1 and (console.quiet or console.json):  # else the summary has said it
        console.tell(f"{failed:,} of {failure.of:,} accounts failed")
    for error in islice(failure.errors.values(), MOST_TOLD):
        console.complain(error)
    if failed > MOST_TOLD:
        console.tell(f"and {counted(failed - MOST_TOLD, 'more account')}: with --json the report has the error of each")
    return failure.exit_code
