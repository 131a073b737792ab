"""The lists of many accounts as one stream: a few workers take one account after the other."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from connector.errors import AccountsError, ApiError, AuthenticationError
from connector.stripe.pages import pages
from connector.tasks import tasks_with_one_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from connector.core.intervals import Intervals
    from connector.core.page import Row
    from connector.stripe.client import Client
    from connector.stripe.pages import Query

WORKERS = 20
"""Accounts read at once: more than the 12 requests that fill 20/s at 600 ms each, where every account has one page."""

OUTAGE = 5
"""Accounts in a row that fail by what may pass by itself, after which the others are not tried any more."""


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
        failed: what ended the reading of an account, by account; filled in as it happens.
    """

    client: Client
    query: Query
    accounts: Sequence[str | None]
    within: Intervals
    ordered: bool = False
    fail_fast: bool = False
    failed: dict[str, ApiError] = field(init=False, default_factory=dict[str, ApiError])
    _in_a_row: int = field(init=False, default=0)

    async def read(self, send: MemoryObjectSendStream[AccountPage]) -> None:
        """Read every account.

        Raises:
            AccountsError: some accounts failed; the others were read to their end.
            ApiError: what ended everything.
        """
        todo = iter(self.accounts)

        async def work() -> None:
            for account in todo:  # the workers share it: each takes the next
                await self._account(account, send)

        async with send, tasks_with_one_error() as tasks:
            for _ in range(min(WORKERS, len(self.accounts))):
                tasks.start_soon(work)
        if self.failed:
            raise AccountsError(self.failed, of=len(self.accounts))

    async def _account(self, account: str | None, send: MemoryObjectSendStream[AccountPage]) -> None:
        query = replace(self.query, account=account)
        try:
            async with pages(self.client, query, within=self.within, ordered=self.ordered) as stream:
                async for rows in stream:
                    await send.send(AccountPage(account, rows))
        except ApiError as error:
            name = account or "the key's own account"
            error.account = error.account or name
            self._in_a_row = self._in_a_row + 1 if error.retryable else 0
            if self.fail_fast or isinstance(error, AuthenticationError) or self._in_a_row >= OUTAGE:
                raise
            self.failed[name] = error
        else:
            self._in_a_row = 0


@dataclass(slots=True)
class AccountPages:
    """Pages of many accounts as they arrive: iterate once, inside the block that gave it."""

    _pages: MemoryObjectReceiveStream[AccountPage]
    _producer: asyncio.Task[None]

    def __aiter__(self) -> AsyncIterator[AccountPage]:
        """Iterate over pages."""
        return self

    async def __anext__(self) -> AccountPage:
        """Return the next page.

        Raises:
            AccountsError: after the last page, when some accounts failed.
            ConnectorError: what ended everything.
        """
        try:
            return await self._pages.receive()
        except anyio.EndOfStream:
            await asyncio.wait([self._producer])
            if (failure := self._producer.exception()) is not None:
                raise failure from None
            raise StopAsyncIteration from None


@asynccontextmanager
async def pages_of_accounts(many: ManyAccounts) -> AsyncGenerator[AccountPages, None]:
    """Read the lists of many accounts at once, all within one pace.

    Yields:
        A stream of pages. Leaving the block, however, ends every request and task it began.
    """
    send, receive = anyio.create_memory_object_stream[AccountPage](8)
    producer = asyncio.create_task(many.read(send))
    try:
        with receive:
            yield AccountPages(receive, producer)
    finally:
        producer.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([producer])
        if not producer.cancelled():
            producer.exception()  # seen: it was raised by the stream, or nobody asked any more
