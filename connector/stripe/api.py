"""Stripe as a library: the balance, one transaction, and all of them as a stream."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from anyio import CancelScope

from connector.config.config import Config, FromEnvironment
from connector.config.moments import interval_given
from connector.core.account_ids import given_account, given_accounts
from connector.core.api.page import Row, decode_asked
from connector.core.time.intervals import Intervals
from connector.errors import UsageError
from connector.events import listener_of
from connector.running.clock import SystemClock
from connector.running.stopping import require_asyncio
from connector.stripe.balance import balance_in
from connector.stripe.client import BALANCE, GET_PAYOUT, GET_TRANSACTION, Client
from connector.stripe.fees import Fees, fees
from connector.stripe.follow.following import Follower
from connector.stripe.follow.options import FollowOptions, Listener, Unheard
from connector.stripe.gate import Gate
from connector.stripe.identity import Identity, as_account, identify
from connector.stripe.listing.events import ListEvents
from connector.stripe.listing.many import AccountPages, ManyAccounts, pages_of_accounts
from connector.stripe.listing.query import PageStream, Query, chosen_filters, in_each_row, pages, paths_of
from connector.stripe.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from connector.core.api.meter import Meter
    from connector.core.api.protocol import Parameters
    from connector.core.ledger.balance import Balance
    from connector.core.time.times import Time
    from connector.events import OnEvent
    from connector.running.clock import Clock
    from connector.stripe.transport import Transport


class Filters(TypedDict, total=False):
    """Filters of the list of balance transactions: `payout` is about automatic ones only."""

    currency: str | None
    payout: str | None
    source: str | None
    type: str | None


class Stripe:
    """A connection to Stripe's balance API; use it as a block.

    ```python
    async with Stripe.from_env() as stripe:
        async with stripe.balance_transactions(created_gte="2026-01-01") as pages:
            async for page in pages: ...
    ```
    """

    def __init__(
        self,
        config: Config,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            config: whom to ask, as whom, how fast.
            transport: how bytes get there; over HTTP by default. The block closes it.
            clock: time and chance; the machine's by default.
            on_event: is told of requests, pages and windows; what it raises ends the call that is under way.

        Raises:
            UsageError: `on_event` cannot be told.
        """
        self.config = config
        self._transport, self._clock, self._on_event = transport, clock or SystemClock(), listener_of(on_event)
        self._client: Client | None = None

    @classmethod
    def from_env(cls, **settings: Unpack[FromEnvironment]) -> Self:
        """Take the key and the base from the environment; see `Config.from_env`."""
        return cls(Config.from_env(**settings))

    async def __aenter__(self) -> Self:
        """Open connections as they are needed.

        Raises:
            UsageError: no event loop of asyncio runs.
        """
        require_asyncio()
        transport = self._transport or HttpTransport.configured(self.config)
        gate = Gate.of(self.config, self._clock)
        self._client = Client(self.config, transport, gate, clock=self._clock, on_event=self._on_event)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.end()
            with CancelScope(shield=True):
                await self._client.transport.close()
            self._client = None

    @property
    def meter(self) -> Meter:
        """What has been asked so far, since the block began.

        Raises:
            UsageError: outside the block.
        """
        return client_of(self).meter

    async def account(self, *, account: str | None = None) -> Identity:
        """Return whose key this is, and what time it is there.

        Args:
            account: connected account to ask as.

        Returns:
            The account: where the key may not ask, the one that the refusal names, else `default`.

        Raises:
            ApiError: see `connector.errors`.
        """
        return await identify(client_of(self), account=account)

    async def balance(self, *, account: str | None = None) -> Balance:
        """Return the balance as it is now.

        Args:
            account: connected account to ask as.

        Raises:
            ApiError: see `connector.errors`.

        Source: docs.stripe.com/api/balance.
        """
        response = await as_account(client_of(self), account, lambda: client_of(self).get(BALANCE, account=account))
        return balance_in(client_of(self), response)

    async def balance_transaction(
        self, transaction_id: str, *, expand: Sequence[str] = (), account: str | None = None
    ) -> Row:
        """Return one balance transaction as received: amounts in minor units, times in UTC seconds.

        Args:
            transaction_id: `txn_…`.
            expand: paths to expand, for example `source`; at most four deep.
            account: connected account it belongs to.

        Raises:
            UsageError: the id cannot be one of a balance transaction.
            NotFoundError: there is none of this id in this account.
            ProtocolError: the answer is something else.
        """
        client, checked = client_of(self), checked_transaction_id(transaction_id)
        parameters: Parameters = {"expand": paths_of(expand)}
        response = await as_account(
            client, account, lambda: client.get(GET_TRANSACTION, checked, parameters=parameters, account=account)
        )
        with client.judging(response):
            row = decode_asked(response.body, checked, kind="balance_transaction", request_id=response.request_id)
        ListEvents(client.on_event, GET_TRANSACTION.name, account).one_received(row, response)
        return row

    async def payout(self, payout_id: str, *, account: str | None = None) -> Row:
        """Return one payout as received: its amount in minor units, times in UTC seconds.

        Args:
            payout_id: `po_…`.
            account: connected account it belongs to.

        Raises:
            UsageError: the id cannot be one of a payout.
            NotFoundError: there is none of this id in this account.
            ProtocolError: the answer is something else.

        Source: docs.stripe.com/api/payouts/retrieve.
        """
        client, checked = client_of(self), checked_payout_id(payout_id)
        response = await as_account(client, account, lambda: client.get(GET_PAYOUT, checked, account=account))
        with client.judging(response):
            row = decode_asked(response.body, checked, kind="payout", request_id=response.request_id)
        ListEvents(client.on_event, GET_PAYOUT.name, account).one_received(row, response)
        return row

    async def fees(self, object_id: str, *, wait: float = 0.0, account: str | None = None) -> Fees:
        """Return what a payment or payout cost, or the rows of a refund or dispute: known, not yet, or why not.

        Args:
            object_id: `pi_…`, `ch_…`, `py_…`, `po_…`, `re_…` (`pyr_…`), `dp_…` (`du_…`) or `txn_…`.
            wait: seconds to ask again for, ever more seldom, while the answer is *not yet*.
            account: connected account it belongs to.

        Raises:
            UsageError: the id cannot be one of these, or `wait` is no number of seconds.
            NotFoundError: there is none of this id in this account.
        """
        client = client_of(self)
        return await as_account(client, account, lambda: fees(client, object_id, wait=wait, account=account))

    @asynccontextmanager
    async def balance_transactions(
        self,
        *,
        created_gte: Time | None = None,
        created_lt: Time | None = None,
        expand: Sequence[str] = (),
        account: str | None = None,
        ordered: bool = False,
        **filters: Unpack[Filters],
    ) -> AsyncGenerator[PageStream, None]:
        """Read the list, several windows of time at once.

        Args:
            created_gte: first moment of `created`; everything by default.
            created_lt: moment after the last; everything there is by default.
            expand: paths to expand in each row, for example `source`; `data.` is put before them.
            account: connected account to read.
            ordered: newest first over everything, with a bounded look-ahead; else pages come as they arrive, and order
                holds within a page only.
            filters: `currency`, `payout` (automatic ones only), `source`, `type`.

        Yields:
            A stream of pages, each a list of 1 to 100 objects as received.

        Raises:
            UsageError: an unknown filter, an empty interval, or what cannot be an account.
            ApiError: from the stream; pages before it are sound, the list is then not complete.
        """
        within, query = (
            _within(created_gte, created_lt),
            replace(_query(expand, filters), account=given_account(account)),
        )
        async with pages(client_of(self), query, within=within, ordered=ordered) as stream:
            yield stream

    @asynccontextmanager
    async def balance_transactions_of(
        self,
        accounts: Sequence[str | None],
        *,
        created_gte: Time | None = None,
        created_lt: Time | None = None,
        expand: Sequence[str] = (),
        fail_fast: bool = False,
        ordered: bool = False,
        **filters: Unpack[Filters],
    ) -> AsyncGenerator[AccountPages, None]:
        """Read the lists of many accounts, several at once, all within one pace.

        Args:
            accounts: connected accounts, None standing for the key's own.
            created_gte: as for `balance_transactions`.
            created_lt: as for `balance_transactions`.
            expand: as for `balance_transactions`.
            fail_fast: end with the first account that fails, instead of reading the others all the same.
            ordered: newest first within each account.
            filters: as for `balance_transactions`.

        Yields:
            A stream of pages, each with its `account` and its `rows`.

        Raises:
            UsageError: an unknown filter, an empty interval, or what cannot be an account.
            AccountsError: from the stream, after the last page: some accounts failed, the others are complete.
        """
        many = ManyAccounts(
            client_of(self),
            _query(expand, filters),
            given_accounts(accounts),
            _within(created_gte, created_lt),
            ordered=ordered,
            fail_fast=fail_fast,
        )
        async with pages_of_accounts(many) as stream:
            yield stream

    def follow(
        self,
        options: FollowOptions | None = None,
        *,
        bookmark: Mapping[str, Any] | None = None,
        listener: Listener | None = None,
    ) -> Follower:
        """Follow the list: `async for batch in stripe.follow(): …` gives new rows as they come, each once.

        Args:
            options: what to follow and how closely; by default whatever is not listed yet, of the key's own account.
            bookmark: `Follower.bookmark()` of an earlier call, to go on from there.
            listener: told of what does not end the following: lost and regained connections, refused accounts.

        Raises:
            ConfigError: the bookmark is about other rows, or none.
        """
        return Follower(client_of(self), options or FollowOptions(), bookmark, listener or Unheard())


def client_of(stripe: Stripe) -> Client:
    """Return the paced client underneath.

    Raises:
        UsageError: outside the block.
    """
    client = stripe._client  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - its own module
    if client is None:
        raise UsageError("use `async with Stripe(…) as stripe`: there is no connection outside the block")
    return client


def _within(created_gte: Time | None, created_lt: Time | None) -> Intervals:
    """Return the seconds asked for."""
    return Intervals((interval_given(created_gte, created_lt, names=("created_gte", "created_lt")),))


def _query(expand: Sequence[str], filters: Filters) -> Query:
    """Return what is asked for."""
    return Query(chosen_filters(cast("dict[str, str | None]", filters)), in_each_row(expand))


def checked_transaction_id(text: str) -> str:
    """Return the id if it can be one of a balance transaction.

    Raises:
        UsageError: says what it looks like instead.
    """
    text = str(text).strip()  # None, say, where a charge has no balance transaction yet
    if _can_be_id(text, "txn_"):
        return text
    prefix = text.split("_", maxsplit=1)[0]
    what = _PREFIXES.get(prefix)
    how = "`stripe-balance fees" if prefix == "pi" else "`stripe-balance stream --source"
    hint = f" ({prefix}_… is {what}; for its rows: {how} {prefix}_…`)" if what else ""
    raise UsageError(f"{text[:60]!r} is not the id of a balance transaction, which begins with txn_{hint}")


def checked_payout_id(text: str) -> str:
    """Return the id if it can be one of a payout.

    Raises:
        UsageError: it cannot.
    """
    text = str(text).strip()
    if _can_be_id(text, "po_"):
        return text
    raise UsageError(f"{text[:60]!r} is not the id of a payout, which begins with po_")


def _can_be_id(text: str, prefix: str) -> bool:
    return text.startswith(prefix) and text.isascii() and text.replace("_", "").isalnum()


_PREFIXES = {
    "ch": "a charge",
    "fee": "an application fee",
    "pi": "a payment intent",
    "po": "a payout",
    "py": "a payment",
    "re": "a refund",
    "tr": "a transfer",
    "tu": "a top-up",
}
