"""What asynchronous code makes, one after the other, for ordinary code that takes it in its own time."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

T = TypeVar("T")

AHEAD = 16
"""Things that may wait to be taken."""


def yielded(produce: Callable[[Callable[[T], Awaitable[None]]], Coroutine[Any, Any, None]]) -> Generator[T]:
    """Run asynchronous code in a thread with an event loop of its own, and yield what it passes on.

    Args:
        produce: given a function that passes one thing on, and waits while too many wait to be taken.

    Yields:
        What it passes on, in order. When the generator is closed, or ends otherwise, what is under way is cancelled and
        has ended, too.

    Raises:
        BaseException: what `produce` raised, after all that it had passed on.
    """
    link = _Link[T](produce)
    thread = threading.Thread(target=link.run, daemon=True)
    thread.start()
    try:
        while (got := link.things.get()) is not None:
            link.taken()
            yield got[0]
    finally:
        link.cancel()
        thread.join()
    if link.failure is not None:
        raise link.failure


@dataclass(slots=True)
class _Link(Generic[T]):
    """Between the thread that makes and the one that takes; `None` says that nothing more comes."""

    produce: Callable[[Callable[[T], Awaitable[None]]], Coroutine[Any, Any, None]]
    things: SimpleQueue[tuple[T] | None] = field(init=False, default_factory=SimpleQueue[tuple[T] | None])
    failure: BaseException | None = field(init=False, default=None)
    _loop: asyncio.AbstractEventLoop = field(init=False, default_factory=asyncio.new_event_loop)
    _room: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(AHEAD))
    _task: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self._task = self._loop.create_task(self._main())

    def run(self) -> None:
        """Make everything."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._wait())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self.failure = error
        finally:
            self.things.put(None)

    def taken(self) -> None:
        """Say that one thing was taken."""
        self._in_loop(self._room.release)

    def cancel(self) -> None:
        """End what is under way."""
        self._in_loop(self._task.cancel)

    async def _wait(self) -> None:
        await self._task

    async def _main(self) -> None:
        await self.produce(self._pass_on)

    async def _pass_on(self, thing: T) -> None:
        await self._room.acquire()
        self.things.put((thing,))

    def _in_loop(self, act: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(act)
