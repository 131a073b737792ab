"""Raw servers on loopback that answer as a test says."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connector.core.api.retry import Timeouts
from connector.stripe.transport import MAX_BODY, HttpTransport, Request
from tests.support.fakes import ENDLESS_SECONDS, KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

QUICK = Timeouts(total=0.6, connect=0.3, read=0.2)
"""For answers that never come."""

PATIENT = Timeouts(total=ENDLESS_SECONDS, connect=ENDLESS_SECONDS, read=ENDLESS_SECONDS)
"""For answers that come, however busy the machine."""

BODY = b'{"object": "balance"}\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Server:
    """A raw server: each connection is answered by `behave`, after its request was read."""

    def __init__(self, behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self.behave, self.requests, self.url = behave, list[bytes](), ""
        self.connections = self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(request)
                await self.behave(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.ended += 1
            writer.close()


@asynccontextmanager
async def misbehaving(
    behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    most: int = MAX_BODY,
    timeouts: Timeouts = PATIENT,
) -> AsyncGenerator[tuple[Server, HttpTransport]]:
    server = Server(behave)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/balance"
    transport = HttpTransport(timeouts=timeouts, connections=4, most=most)
    try:
        yield server, transport
    finally:
        await transport.close()
        listening.close()
        await asyncio.sleep(0.01)


def sends(*pieces: bytes, close: bool = False, pause: float = 0.0) -> Callable[..., Awaitable[None]]:
    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        if close:
            writer.close()

    return behave


def request(server: Server) -> Request:
    return Request(server.url, {"Authorization": f"Bearer {KEY}", "Accept": "application/json"})


def whole(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body
