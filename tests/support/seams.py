"""What tests hand in where a run takes the machine's clock, the network or the disk."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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

    def utc(self) -> int:
        return self._utc()


@dataclass
class Dateless:
    """A transport whose answers do not say when they were sent."""

    transport: Transport

    async def send(self, request: Request) -> Response:
        answer = await self.transport.send(request)
        return replace(answer, headers={name: value for name, value in answer.headers.items() if name != "date"})

    def distrust(self, connection: int) -> None:
        self.transport.distrust(connection)

    @property
    def distrusted(self) -> Collection[int]:
        return self.transport.distrusted

    async def close(self) -> None:
        await self.transport.close()
