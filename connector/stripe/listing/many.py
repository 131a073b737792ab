"""The lists of many accounts as one stream: a few workers take one account after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from connector.core.account_failures import OWN, AccountFailures
from connector.core.api.page import ids_of
from connector.core.state.claims import Claims
from connector.errors import ApiError
from connector.events import AccountEnded, AccountFailed, AccountsFound, AccountStarted
from connector.running.concurrency import in_turn
from connector.stripe.listing.query import pages
from connector.stripe.listing.stream import Stream, produced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from anyio.streams.memory import MemoryObjectSendStream

    from connector.core.api.page import Row
    from connector.core.time.intervals import Intervals
    from connector.stripe.client import Client
    from connector.stripe.listing.query import Query

WORKERS = 20
"""Accounts read at once: more than the 12 requests that fill 20/s at 600 ms each, where every account has one page."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of one account.

    Attributes:
        account: connected account, None for the key's own.
        rows: 1 to 100 objects as received, newest first.
    """

    account: str | None
    rows: list[Row]


@dataclass(slots=True)
class ManyAccounts:
    """What is read, and of whom.

    Attributes:
        client: whom to ask.
        query: what is asked for, apart from the account.
        accounts: connected accounts, None standing for the key's own.
        within: seconds of `created` to read.
        ordered: newest first within each account.
        fail_fast: end with the first account that fails, instead of reading the others all the same.
        claims: whose each row is, to refuse what comes for two accounts, each of which has to say who it is.
    """

    client: Client
    query: Query
    accounts: Sequence[str | None]
    within: Intervals
    ordered: bool
    fail_fast: bool = False
    claims: Claims = field(init=False, default_factory=Claims)
    _failed: AccountFailures = field(init=False)

    def __post_init__(self) -> None:
        self._failed = AccountFailures(len(self.accounts), fail_fast=self.fail_fast)

    async def read(self, send: MemoryObjectSendStream[AccountPage]) -> None:
        """Read every account.

        Raises:
            AccountsError: some accounts failed; the others were read to their end.
            ApiError: what ended everything.
        """
        self.client.on_event(AccountsFound(len(self.accounts)))
        async with send:
            await in_turn(self.accounts, partial(self._account, send), at_once=WORKERS)
        if self._failed.errors:
            raise self._failed.summed_up()

    async def _account(self, send: MemoryObjectSendStream[AccountPage], account: str | None) -> None:
        query, tell = replace(self.query, account=account), self.client.on_event
        before = self.client.meter.pages
        tell(AccountStarted(account))
        try:
            async with pages(self.client, query, within=self.within, ordered=self.ordered) as stream:
                async for rows in stream:
                    self.claims.take(account or OWN, ids_of(rows))
                    await send.send(AccountPage(account, rows))
        except ApiError as error:
            tell(AccountFailed(account, error))
            if not self._failed.tolerate(account or OWN, error, quiet=self.client.meter.pages == before):
                raise
        else:
            tell(AccountEnded(account))
            self._failed.succeeded()


AccountPages = Stream[AccountPage]
"""Pages of many accounts as they arrive; after the last, `AccountsError` is raised when some accounts failed."""


def pages_of_accounts(many: ManyAccounts) -> AbstractAsyncContextManager[AccountPages]:
    """Read the lists of many accounts at once, all within one pace: a block with a stream of pages."""
    return produced(many.read)
