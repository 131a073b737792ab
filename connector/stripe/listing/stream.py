"""Reading offered as a block: a task reads ahead, a stream gives what it has read, and leaving the block ends both."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
    from typing import Any

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")

AHEAD = 8
"""Things that may wait to be taken."""


class Stream(Generic[T]):
    """Things as they are read: iterate once, inside the block that gave it."""

    def __init__(self, things: MemoryObjectReceiveStream[T], producer: asyncio.Task[None]) -> None:
        self._things = things
        self._producer = producer

    def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over all there is."""
        return self

    async def __anext__(self) -> T:
        """Return the next thing.

        Raises:
            ConnectorError: what ended the reading; all that was returned before is sound, and it is not complete.
        """
        try:
            return await self._things.receive()
        except anyio.EndOfStream:
            await asyncio.wait([self._producer])
            if (failure := self._producer.exception()) is not None:
                raise failure from None
            raise StopAsyncIteration from None


@asynccontextmanager
async def produced(
    produce: Callable[[MemoryObjectSendStream[T]], Coroutine[Any, Any, None]],
) -> AsyncGenerator[Stream[T], None]:
    """Read in a task of its own.

    Args:
        produce: sends what it reads, and closes where it sends.

    Yields:
        A stream of it. Leaving the block, however, ends every request, task and connection use it began.
    """
    send, receive = anyio.create_memory_object_stream[T](AHEAD)
    producer = asyncio.create_task(produce(send))
    try:
        with receive:
            yield Stream(receive, producer)
    finally:
        producer.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([producer])
        if not producer.cancelled():
            producer.exception()  # seen: it was raised by the stream, or nobody asked any more
