"""Stand-ins for Stripe: pages from memory, and responses from memory."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from connector.config.config import ApiKey, Config
from connector.core.api.pace import Pace
from connector.core.api.page import Page
from connector.core.api.protocol import Response
from connector.core.api.retry import RetryPolicy
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import NotFoundError
from connector.stripe.client import Client
from connector.stripe.gate import Gate
from connector.stripe.listing.events import ListEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from connector.core.api.page import Row
    from connector.errors import ConnectorError
    from connector.stripe.listing.place import Place
    from connector.stripe.transport import Request

KEY = "sk_test_51thisisthesecretofthetests9876"
NOW = 1_790_000_000

ENDLESS_SECONDS = 300
"""What takes longer waits for what never comes, however busy the machine."""


def row(number: int, created: int) -> Row:
    """A balance transaction in short."""
    return {"id": f"txn_{number:05d}", "created": created, "object": "balance_transaction"}


def rows_at(seconds: Iterable[int], *, shuffle: int | None = None) -> list[Row]:
    """Rows at these seconds, newest first; ties in the order given, or shuffled by a seed."""
    rows = [row(number, created) for number, created in enumerate(seconds)]
    if shuffle is not None:
        random.Random(shuffle).shuffle(rows)
    return sorted(rows, key=lambda one: -one["created"])


@dataclass
class FakeStripe:
    """A list in memory: the `PageSource` of a scan.

    Attributes:
        rows: newest first; ties in the server's own order.
        size: rows of a page.
        wide: what `width` says.
        filters: fields that it can filter by.
        seed: of the order in which concurrent requests are answered.
        spoil: given each page with its number, window and cursor; returns the page to answer with, or raises.
    """

    rows: list[Row]
    size: int = 100
    wide: float = 10.0
    seed: int = 0
    spoil: Callable[[Page, int, Interval, str | None], Page] | None = None
    asked: list[tuple[Interval, str | None]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    filters: tuple[str, ...] = ()
    distrusted: set[int] = field(default_factory=set)
    events: ListEvents = field(default_factory=ListEvents)
    flying: int = 0
    most_flying: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def width(self) -> float:
        return self.wide

    def distrust(self, _error: ConnectorError) -> None:
        """Its pages come on no connection."""

    async def page(self, window: Interval, place: Place, *, urgency: Callable[[], float]) -> Page:
        urgency()
        starting_after = place.starting_after
        self.asked.append((window, starting_after))
        self.places.append(place)
        number = len(self.asked)
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        try:
            for _ in range(self._chance.randrange(5)):
                await asyncio.sleep(0)
        finally:
            self.flying -= 1
        only = () if place.only is None else (place.only,)
        page = self.answer(window, starting_after, place.ending_before, *only)
        return self.spoil(page, number, window, starting_after) if self.spoil else page

    def answer(
        self,
        window: Interval,
        starting_after: str | None,
        ending_before: str | None = None,
        only: tuple[str, str] | None = None,
    ) -> Page:
        rows = self.rows
        if starting_after is not None:
            rows = rows[self._place(starting_after) + 1 :]
        if ending_before is not None:
            rows = rows[: self._place(ending_before)]
        inside = [one for one in rows if one["created"] in window]
        if only is not None:
            inside = [one for one in inside if one.get(only[0]) == only[1]]
        shown = inside[: self.size] if ending_before is None else inside[-self.size :]
        return Page(shown, len(inside) > self.size, "req_fake")

    def _place(self, cursor: str) -> int:
        place = next((n for n, one in enumerate(self.rows) if one["id"] == cursor), None)
        if place is None:
            raise NotFoundError(f"No such balance transaction: '{cursor}'", status=400, code="resource_missing")
        return place


class Clock:
    """A client's clock that never waits, and remembers what it was asked to."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.slept: list[float] = []
        self._chance = random.Random(1)

    def now(self) -> float:
        return self.time

    def utc(self) -> int:
        return NOW + int(self.time)

    def moment(self) -> float:
        return NOW + self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def jitter(self) -> float:
        return 0.5

    def draw(self, below: int, /) -> int:
        return self._chance.randrange(below)


Answer = Response | Exception


@dataclass
class FakeTransport:
    """Answers from a script, or by a function of the request.

    Attributes:
        answers: the script.
        by: the function.
        repeats: whether answers repeat the account that was asked for, as Stripe's do.
    """

    answers: list[Answer] = field(default_factory=list)
    by: Callable[[Request], Any] | None = None
    repeats: bool = True
    sent: list[Request] = field(default_factory=list)
    flying: int = 0
    most_flying: int = 0
    closed: bool = False
    distrusted: set[int] = field(default_factory=set)

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        try:
            await asyncio.sleep(0)
            answer = self.by(request) if self.by else self.answers.pop(0)
            if hasattr(answer, "__await__"):
                answer = await answer
        finally:
            self.flying -= 1
        if isinstance(answer, Exception):
            raise answer
        asked = request.headers.get("Stripe-Account")
        if asked and self.repeats:
            return replace(answer, headers={"stripe-account": asked, **answer.headers})
        return answer

    def distrust(self, connection: int) -> None:
        self.distrusted.add(connection)

    async def close(self) -> None:
        self.closed = True


async def until(true: Callable[[], object]) -> None:
    """Let others go on until something holds, which it does before very many turns of the loop."""
    for _ in range(500_000):
        if true():
            return
        await asyncio.sleep(0.0005)
    raise TimeoutError


def failing_in_between(transport: FakeTransport, failing: Sequence[str], *, attempts: int = 4) -> FakeTransport:
    """Have accounts fail one after the other, with a page of rows of another between any three of them.

    Args:
        transport: answers by a function of the request, and refuses these accounts.
        failing: the accounts.
        attempts: that are made of each request.
    """
    refusals = dict.fromkeys(failing, 0)
    asked, answered = 0, 0

    def failed() -> int:
        return sum(count >= attempts for count in refusals.values())

    async def in_turn(request: Request) -> Any:
        nonlocal asked, answered
        account = request.headers.get("Stripe-Account", "")
        if account in refusals:
            position = failing.index(account)
            await until(lambda: answered > position)
            refusals[account] += 1
        elif urlsplit(request.url).path != "/v1/account":
            asked += 1
            before = min(asked - 2, len(failing))
            await until(lambda: failed() >= before)
            answered += 1
        return transport.by(request) if transport.by else None

    return FakeTransport(by=in_turn)


async def turns(count: int = 100) -> None:
    """Let everything that can go on do so, however slow the machine: so many turns of the loop, timers included."""
    for _ in range(count):
        await asyncio.sleep(0.0002)


def ok(document: object, **headers: str) -> Response:
    """A successful response."""
    return Response(200, headers, orjson.dumps(document))


def refused(status: int, message: str = "no", *, headers: dict[str, str] | None = None, **fields: object) -> Response:
    """A response with Stripe's error object."""
    return Response(status, headers or {}, orjson.dumps({"error": {"type": "api_error", "message": message, **fields}}))


def config(**settings: Any) -> Config:
    """A configuration for a made-up key, with limits no test reaches."""
    chosen: dict[str, Any] = {"api_key": ApiKey(KEY), "rate": 100_000.0, "max_in_flight": 20}
    return Config(**(chosen | settings))


def client_over(transport: FakeTransport, *, clock: Clock | None = None, **settings: Any) -> Client:
    """A client that asks a fake."""
    chosen = config(**({"retry": RetryPolicy(attempts=4)} | settings))
    gate = Gate(Pace(chosen.rate, 100_000.0, chosen.max_in_flight))
    return Client(chosen, transport, gate, clock=clock or Clock())


def listing(rows: list[Row], *, size: int = 100) -> Callable[[Request], Response]:
    """Answer requests for the list of balance transactions as Stripe does, from rows newest first."""
    source = FakeStripe(rows, size=size)

    def answer(request: Request) -> Response:
        query = dict(parse_qsl(urlsplit(request.url).query))
        window = Interval(int(query.get("created[gte]", 0)), int(query.get("created[lt]", END_OF_TIME)))
        page = source.answer(window, query.get("starting_after"), query.get("ending_before"))
        return ok({"object": "list", "data": page.rows, "has_more": page.has_more, "url": "/v1/balance_transactions"})

    return answer
