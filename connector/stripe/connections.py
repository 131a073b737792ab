"""Connections that notice an answer nobody asked for.

A faulty device on the way may put an answer on a kept connection that belongs to no request of ours. From then on every
answer on it may be another request's. aiohttp 3.14 parses what comes on an idle connection, keeps it, and gives it to
the next request; so each connection counts here what it was asked and what came.
"""

from __future__ import annotations

import socket
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler

from connector.running.left_behind import can_be_left

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiohttp.connector import Connection as Lent
    from aiohttp.http_parser import RawResponseMessage
    from aiohttp.streams import StreamReader

_GOODBYE = (b"HTTP/1.1 408 ", b"HTTP/1.0 408 ")
"""How some servers take leave of an idle connection, which says nothing against what came on it (RFC 9110, 15.5.9)."""

_FIRST_FINAL = 200
"""Statuses below are interim answers (1xx), of which a request may have several."""


class Connection(ResponseHandler):
    """One connection, with a number of its own.

    Attributes:
        number: from 1, never given twice by one `Connections`.
        resting: whether every request sent on it has its whole answer.
    """

    def __init__(self, number: int, stray: Callable[[int], None], *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.number = number
        self.resting: bool = False
        self._stray = stray
        self._asked = 0
        self._answered = 0

    def ask(self) -> None:
        """Count a request about to be sent."""
        self._asked += 1
        self.resting = False

    def rest(self) -> None:
        """Note that an answer is here to its last byte."""
        self.resting = True

    def end(self) -> None:
        """Close at once; a request under way fails."""
        if self.transport is not None:
            self.transport.abort()
        self.close()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; bytes on a resting connection belong to nothing and close it."""
        if not (self.resting and data):
            super().data_received(data)
        elif said := data.strip(b"\r\n"):  # empty lines are nobody's answer
            if not said.startswith(_GOODBYE):
                self._stray(self.number)
            self.end()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Queue an answer whose headers are here; aiohttp closes the connection where one too many is left over."""
        self._answered += data[0].code >= _FIRST_FINAL
        if 0 < self._asked < self._answered:  # what aiohttp sends itself (CONNECT) is not counted
            self._stray(self.number)
        super().feed_data(data, size)


class Asking(aiohttp.ClientRequest):
    """A request that tells its connection that it was asked."""

    async def send(self, conn: Lent) -> aiohttp.ClientResponse:
        """Send it."""
        if isinstance(conn.protocol, Connection):
            conn.protocol.ask()
        return await super().send(conn)


class Answer(aiohttp.ClientResponse):
    """An answer that knows on which connection it came."""

    number: int | None = None

    async def start(self, connection: Lent) -> Answer:
        """Wait for the headers."""
        asked = connection.protocol
        await super().start(connection)
        if isinstance(asked, Connection):
            self.number = asked.number
            self.content.on_eof(asked.rest)
        return self


class _Lookups:
    """What aiohttp's resolver asks of an event loop, by calls that can be left: a resolver may hang for minutes."""

    async def getaddrinfo(self, *asked: Any, **more: Any) -> Any:  # noqa: ANN401 - as of the module `socket`
        return await can_be_left(partial(socket.getaddrinfo, *asked, **more))

    async def getnameinfo(self, *asked: Any) -> Any:  # noqa: ANN401 - as above
        return await can_be_left(partial(socket.getnameinfo, *asked))


def resolver() -> aiohttp.ThreadedResolver:
    """Return a resolver of the system's kind that holds up nobody who is to end."""
    return aiohttp.ThreadedResolver(cast("asyncio.AbstractEventLoop", _Lookups()))


class Connections:
    """Numbers connections, and says which of them are not to be believed.

    Attributes:
        distrusted: numbers of connections on which something came that nobody asked for, or that were distrusted.
    """

    def __init__(self) -> None:
        self.distrusted: set[int] = set()
        self._numbers = count(1)
        self._open: WeakValueDictionary[int, Connection] = WeakValueDictionary()

    def number_those_of(self, connector: aiohttp.TCPConnector, *, loop: asyncio.AbstractEventLoop) -> None:
        """Have a connector make our connections instead of its own."""

        def make() -> Connection:
            made = Connection(next(self._numbers), self.distrusted.add, loop=loop)
            self._open[made.number] = made
            return made

        connector._factory = make  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - aiohttp offers no other way to see an idle connection

    def end_resting(self) -> None:
        """Close connections that wait for their next request: where one has died, as in a sleep, all may have."""
        for connection in list(self._open.values()):
            if connection.resting:
                connection.end()

    def distrust(self, number: int) -> None:
        """Believe nothing more of a connection, and close it; a request under way on it fails."""
        self.distrusted.add(number)
        if (connection := self._open.get(number)) is not None:
            connection.end()
