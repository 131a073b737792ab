"""What tests hand in where a run takes the machine's clock, the network or the disk."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from connector.running.clock import SystemClock
from connector.services import opened

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection

    from connector.core.api.protocol import Response
    from connector.services import Services
    from connector.stripe.transport import Request, Transport


@asynccontextmanager
async def opened_with(*arguments: Any, **services: Any) -> AsyncGenerator[Services]:
    """Open what a call touches, with some of it the test's own."""
    async with opened(*arguments) as usual:
        yield replace(usual, **services)


class ClockAt(SystemClock):
    """The machine's clock, whose UTC is what a test says."""

    def __init__(self, utc: Callable[[], int]) -> None:
        self._utc = utc

    def moment(self) -> float:
        return self._utc()


class StandingClock(SystemClock):
    """The machine's clock as it was when it was made: nothing becomes due, however long a busy machine takes."""

    def __init__(self) -> None:
        self._now, self._moment = super().now(), super().moment()

    def now(self) -> float:
        return self._now

    def moment(self) -> float:
        return self._moment


class SameChance(SystemClock):
    """The machine's clock; what runs draw in turn is the same each time, for a sandbox of a test's own."""

    _of: ClassVar[WeakKeyDictionary[object, random.Random]] = WeakKeyDictionary()

    def __init__(self, served: object) -> None:
        self._chance = self._of.setdefault(served, random.Random(7))

    def jitter(self) -> float:
        return self._chance.random()

    def draw(self, below: int, /) -> int:
        return self._chance.randrange(below)


@dataclass
class Through:
    """A transport on top of another."""

    transport: Transport

    async def send(self, request: Request) -> Response:
        return await self.transport.send(request)

    def distrust(self, connection: int) -> None:
        self.transport.distrust(connection)

    @property
    def distrusted(self) -> Collection[int]:
        return self.transport.distrusted

    async def close(self) -> None:
        await self.transport.close()


class Dateless(Through):
    """A transport whose answers do not say when they were sent."""

    async def send(self, request: Request) -> Response:
        answer = await self.transport.send(request)
        return replace(answer, headers={name: value for name, value in answer.headers.items() if name != "date"})


class RefusedInTheEnd(Through):
    """A transport whose lists of balance transactions are refused after some."""

    def __init__(self, transport: Transport, lists: int, answer: Response) -> None:
        super().__init__(transport)
        self._left, self._answer = lists, answer

    async def send(self, request: Request) -> Response:
        self._left -= "/v1/balance_transactions" in request.url
        return await self.transport.send(request) if self._left >= 0 else self._answer
