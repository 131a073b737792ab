"""One GET of Stripe's API: paced, retried, deciphered."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio

from connector.core.api.content import ENCODINGS
from connector.core.api.foreign import foreign
from connector.core.api.meter import Meter
from connector.core.api.permissions import explain
from connector.core.api.protocol import LOCK_TIMEOUT, Response, decipher, encode_query, seconds_of
from connector.core.api.retry import wait_before
from connector.core.api.versions import Versions
from connector.errors import (
    ApiError,
    ConnectorError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    TransportError,
)
from connector.events import OnEvent, RequestAnswered, Retried, Throttled, unheard
from connector.running.clock import Clock, SystemClock
from connector.stripe.acting import Acting, target_of
from connector.stripe.reach import Reach
from connector.stripe.transport import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from connector.config.config import Config
    from connector.core.api.protocol import Parameters
    from connector.stripe.gate import Gate
    from connector.stripe.transport import Transport


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A named operation: all its ids share one budget at Stripe.

    Attributes:
        name: as Stripe's reference names it.
        path: below the API's base, `{}` standing for the id.
        kind: what `object` names what is answered with, or the rows of a list.
    """

    name: str
    path: str
    kind: str


BALANCE = Endpoint("balance.retrieve", "/v1/balance", "balance")
LIST_TRANSACTIONS = Endpoint("balance_transactions.list", "/v1/balance_transactions", "balance_transaction")
GET_TRANSACTION = Endpoint("balance_transactions.retrieve", "/v1/balance_transactions/{}", "balance_transaction")
ACCOUNT = Endpoint("account.retrieve", "/v1/account", "account")
LIST_ACCOUNTS = Endpoint("accounts.list", "/v1/accounts", "account")
LIST_PAYOUTS = Endpoint("payouts.list", "/v1/payouts", "payout")
GET_PAYMENT_INTENT = Endpoint("payment_intents.retrieve", "/v1/payment_intents/{}", "payment_intent")
GET_CHARGE = Endpoint("charges.retrieve", "/v1/charges/{}", "charge")
GET_PAYOUT = Endpoint("payouts.retrieve", "/v1/payouts/{}", "payout")
GET_REFUND = Endpoint("refunds.retrieve", "/v1/refunds/{}", "refund")
GET_DISPUTE = Endpoint("disputes.retrieve", "/v1/disputes/{}", "dispute")

OF_ROWS = frozenset({LIST_TRANSACTIONS, LIST_PAYOUTS})
"""Lists of the rows that accounts are read for."""


def _no_hurry() -> float:
    return 0.0


def _never(_attempts: int, _error: ApiError) -> bool:
    return False


@dataclass(slots=True)
class Client:
    """Asks Stripe, within the pace, until there is an answer or an error nobody can retry.

    Attributes:
        config: whom to ask, as whom, how fast.
        transport: how bytes get there.
        gate: where requests wait.
        meter: what has been asked so far.
        clock: time and chance.
        on_event: is told of every answer, refusal and retry.
        acting: the accounts it asks as.
        versions: versions that rows came under.
    """

    config: Config
    transport: Transport
    gate: Gate
    meter: Meter = field(default_factory=Meter)
    clock: Clock = field(default_factory=SystemClock)
    on_event: OnEvent = unheard
    acting: Acting = field(init=False)
    versions: Versions = field(init=False)
    _reach: Reach = field(init=False)
    _headers: dict[str, str] = field(init=False, repr=False)
    _dates: list[str] = field(init=False, default_factory=list[str])
    _heard: bool = field(init=False, default=False)
    _begun: dict[tuple[str, str | None], asyncio.Task[Response]] = field(
        init=False, default_factory=dict[tuple[str, str | None], "asyncio.Task[Response]"]
    )

    def __post_init__(self) -> None:
        self.acting = Acting(self.config)
        self.versions = Versions(self.config.api_version)
        self._reach = Reach(self.acting)
        self._headers = {
            "Authorization": f"Bearer {self.config.api_key.reveal()}",
            "Stripe-Version": self.config.api_version,
            "User-Agent": self.config.user_agent,
            "Accept": "application/json",
            "Accept-Encoding": ENCODINGS,
        }

    def begin(
        self,
        endpoint: Endpoint,
        *,
        parameters: Parameters | None = None,
        account: str | None = None,
        give_up: Callable[[int, ApiError], bool] = _never,
    ) -> None:
        """Send a request whose answer the same `get` will take a little later; meanwhile something else can be done."""
        request = self._request(endpoint, "", parameters or {}, account)
        self._begun[request.url, account] = asyncio.create_task(self._fetch(endpoint, request, _no_hurry, give_up))

    async def get(  # noqa: PLR0913 - one keyword for each thing a request may differ in
        self,
        endpoint: Endpoint,
        resource_id: str = "",
        *,
        parameters: Parameters | None = None,
        account: str | None = None,
        urgency: Callable[[], float] = _no_hurry,
        give_up: Callable[[int, ApiError], bool] = _never,
        fresh: bool = False,
    ) -> Response:
        """Return the first successful response.

        Args:
            endpoint: the operation.
            resource_id: what stands for `{}` in its path; percent-encoded here.
            parameters: the query.
            account: connected account to ask as (`Stripe-Account`); None for the configured one.
            urgency: who goes first when several wait; the highest.
            give_up: given the attempts made and the last one's error, whether to stop earlier than the schedule says.
            fresh: whether to ask on a connection of its own, as who wants a second witness does.

        Raises:
            ApiError: the class whose remedy fits, with Stripe's message, after the retries that make sense.
            UsageError: the account cannot be one.
        """
        request = self._request(endpoint, resource_id, parameters or {}, account)
        if fresh:
            request = replace(request, fresh=True)
        begun = None if fresh else self._begun.pop((request.url, account), None)
        answer = begun if begun is not None else self._fetch(endpoint, request, urgency, give_up)
        if endpoint is ACCOUNT:  # it says itself whose it is
            return await answer

        def ask(again: Request) -> Awaitable[Response]:
            return self._fetch(endpoint, again, _no_hurry, _never)

        return await self._reach.held_to(endpoint.name, request, answer, ask)

    @contextmanager
    def judging(self, response: Response) -> Generator[None]:
        """Look at an answer: what breaks the API's contract discredits the connection it came on."""
        try:
            yield
        except ProtocolError as error:
            error.connection = response.connection
            self.distrust(error)
            raise

    def distrust(self, error: ConnectorError) -> None:
        """Close the connection that an answer against the contract came on; another request's may have come on it."""
        if isinstance(error, ProtocolError) and error.connection is not None:
            self.transport.distrust(error.connection)

    async def _fetch(
        self,
        endpoint: Endpoint,
        request: Request,
        urgency: Callable[[], float],
        give_up: Callable[[int, ApiError], bool],
    ) -> Response:
        attempt, account = 0, target_of(request.headers)
        group = self._group(account)
        while True:
            attempt += 1
            response: Response | None = None
            async with self.gate.slot(endpoint.name, urgency, group=group) as slot:
                self.meter.sent(endpoint.name, retry=attempt > 1)
                started = self.clock.now()
                try:
                    response = await self.transport.send(request)
                except (ProtocolError, TransportError) as failure:
                    error: ApiError | None = failure
                else:
                    if date := response.headers.get("date"):
                        self._dates = [*self._dates[:1], date]
                    key = self.config.api_key.reveal()
                    # of a list of many pages each body is decoded once, by who asks again himself
                    ends = endpoint is LIST_TRANSACTIONS
                    now = self.clock.utc()
                    error = decipher(response, key=key, now=now) or foreign(response, key=key, ends_only=ends)
                seconds = self.clock.now() - started
                if error is None:
                    slot.seconds = seconds
            status, size = (response.status, len(response.body)) if response else (0, 0)
            self.meter.answered(status, size)
            self.on_event(RequestAnswered(endpoint.name, account, status, size, seconds))
            if error is None and response is not None:
                self._hear(endpoint, request, response)
                return Response(response.status, response.headers, response.body, response.connection, seconds)
            failure = error or TransportError("no answer")
            self._heed(failure, endpoint, group)
            given_up = give_up(attempt, failure)
            delay = None if given_up else self._delay(attempt, failure, response)
            self._tell(endpoint, failure, attempt, delay)
            if delay is None:
                if not given_up:
                    self.distrust(failure)
                raise failure
            if isinstance(failure, ProtocolError):  # whatever gave that answer may well be at that connection's end
                request = replace(request, fresh=True)
            await self.clock.sleep(delay)

    def _hear(self, endpoint: Endpoint, request: Request, response: Response) -> None:
        """Take note of what an answer says of itself: of which version it is, and whose."""
        self._heard = True
        if endpoint in OF_ROWS:
            self.meter.pages += 1
            self.versions.heard(response)
        with self.judging(response):
            self.acting.heard(request.headers, response)

    async def before_asking_again(self, endpoint: Endpoint, attempt: int, error: ProtocolError) -> None:
        """Wait before something is asked for again whose answer was damaged within, as whoever decoded it found.

        Args:
            endpoint: the operation.
            attempt: answers that came so, from 1.
            error: what is wrong with the last one; raised where it will not pass, or did not often enough.
        """
        delay = self._delay(attempt, error, None) if error.may_pass else None
        self._tell(endpoint, error, attempt, delay)
        if delay is None:
            self.distrust(error)
            raise error
        await self.clock.sleep(delay)

    def width(self, endpoint: Endpoint, account: str | None = None) -> float:
        """Return the requests in flight that fill the rate of an endpoint, at least 1; see `Pace.width`."""
        return self.gate.pace.width(endpoint.name, self._group(account or self.config.account))

    def _group(self, acting: str | None) -> str:
        """Return whose rate a request counts against: everybody's, unless each account has its own."""
        return (acting or "") if self.config.rate_per_account else ""

    @property
    def server_began(self) -> int | None:
        """UTC seconds by the server's clock (`Date`) at its first answer; None when it has not said."""
        return seconds_of(self._dates[0]) if self._dates else None

    @property
    def server_now(self) -> int | None:
        """The same at its last answer."""
        return seconds_of(self._dates[-1]) if self._dates else None

    async def end(self) -> None:
        """Drop what was begun and not taken; also where everything is being cancelled. The transport stays open."""
        begun = list(self._begun.values())
        self._begun.clear()
        for task in begun:
            task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*begun, return_exceptions=True)

    def _heed(self, error: ApiError, endpoint: Endpoint, group: str) -> None:
        """Slow down where Stripe says so, and explain what the key may not."""
        if isinstance(error, RateLimitError):
            locked = error.reason is None and error.code == LOCK_TIMEOUT
            self.meter.refused(LOCK_TIMEOUT if locked else error.reason)
            if not locked:
                self.gate.limited(error.reason, endpoint.name, group=group)
        if isinstance(error, PermissionDeniedError):
            explain(error, endpoint.name, restricted=self.config.api_key.restricted)

    def _tell(self, endpoint: Endpoint, error: ApiError, attempt: int, wait: float | None) -> None:
        """Tell that an attempt failed, and what comes of it."""
        if isinstance(error, RateLimitError):
            self.on_event(Throttled(endpoint.name, error.reason, wait))
        if wait is not None:
            self.on_event(Retried(endpoint.name, type(error).__name__, error.status, attempt, wait))

    def _delay(self, attempt: int, error: ApiError, response: Response | None) -> float | None:
        """Return how many seconds to wait, as the schedule says; None to give up."""
        return wait_before(
            attempt,
            error,
            self.config.retry,
            jitter=self.clock.jitter(),
            should_retry=response.should_retry if response else None,
            retry_after=None if response is None else response.retry_after(self.clock.utc()),
            heard=self._heard,
        )

    def _request(self, endpoint: Endpoint, resource_id: str, parameters: Parameters, account: str | None) -> Request:
        path = endpoint.path.format(quote(resource_id, safe=""))
        query = encode_query(parameters)
        headers = {**self._headers, **self.acting.headers(account)}
        return Request(f"{self.config.api_base}{path}{'?' if query else ''}{query}", headers)
