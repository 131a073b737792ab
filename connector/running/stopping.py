"""Calls that are stopped from outside: by a canceller, a deadline, or by cancelling them.

A stop gives the work three seconds to keep what is complete. What has not ended by then, since a disk or a bucket does
not answer, is left to itself: everything that is recorded is whole, and the next run reads the rest again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from connector.core.units import is_number
from connector.errors import StoppedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.running.canceller import Canceller

T = TypeVar("T")

GRACE_SECONDS = 3.0
"""What a stop leaves the work to keep what is complete."""


async def stoppable(
    main: Callable[[], Awaitable[T]],
    *,
    canceller: Canceller | None = None,
    deadline: float | None = None,
    grace: float = GRACE_SECONDS,
) -> T:
    """Do something that can be stopped.

    Args:
        main: what to do; where it is stopped it is cancelled, and its shielded parts may take the grace.
        canceller: stops it.
        deadline: seconds after which it is stopped, above 0; None for never.
        grace: seconds that a stop leaves it, before it is left to itself.

    Returns:
        What `main` returns, also where it was done before it could be stopped.

    Raises:
        StoppedError: it was stopped.
        UsageError: the deadline is none, or asyncio's event loop does not run.
    """
    require_asyncio()
    if deadline is not None and not (is_number(deadline) and 0 < deadline < float("inf")):
        raise UsageError(f"`deadline` {deadline!r} must be a number of seconds, above 0")
    if canceller is not None and canceller.called:
        raise StoppedError("stopped before it began")
    return await _StoppableTask(main, grace).go(canceller, deadline)


def require_asyncio() -> None:
    """Do nothing where an event loop of asyncio runs.

    Raises:
        UsageError: none does, but trio's perhaps.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        return
    raise UsageError(
        "no event loop of asyncio is running here, which this needs: await it below `asyncio.run`, or, as in trio's "
        "loop, call its twin, `run_…`, in a thread"
    )


class _StoppableTask(Generic[T]):
    """A call in a task of its own, which can be left behind."""

    def __init__(self, main: Callable[[], Awaitable[T]], grace: float) -> None:
        self._main, self._grace = main, grace
        self._scope = anyio.CancelScope()  # unlike a task's own `cancel`, it leaves shielded blocks alone
        self._task: asyncio.Task[tuple[T] | None] = asyncio.create_task(self._inside())

    async def _inside(self) -> tuple[T] | None:
        with self._scope:
            return (await self._main(),)

    async def go(self, canceller: Canceller | None, deadline: float | None) -> T:
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        take_back = canceller.tell(partial(loop.call_soon_threadsafe, stopped.set)) if canceller else None
        try:
            return await self._ended(stopped, deadline)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True), suppress(StoppedError):
                await self._stop("cancelled")
            raise
        finally:
            if take_back is not None:
                take_back()

    async def _ended(self, stopped: asyncio.Event, deadline: float | None) -> T:
        signal = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({self._task, signal}, timeout=deadline, return_when=asyncio.FIRST_COMPLETED)
        finally:
            signal.cancel()
        if self._task.done():
            return self._result("stopped")
        return await self._stop("stopped" if stopped.is_set() else f"stopped after {deadline:g} seconds, its deadline")

    async def _stop(self, why: str) -> T:
        self._scope.cancel()
        await asyncio.wait({self._task}, timeout=self._grace)
        if self._task.done():
            return self._result(why)
        self._task.add_done_callback(_forget)
        _LEFT.add(self._task)
        error = StoppedError(f"{why}; what did not end within {self._grace:g} seconds is left to itself")
        error.let_go = True
        raise error

    def _result(self, why: str) -> T:
        result = self._task.result()
        if result is None:
            raise StoppedError(why)
        return result[0]


_LEFT: set[asyncio.Task[Any]] = set()
"""Work that did not end in time, until it does: nothing else may be holding it."""


def _forget(task: asyncio.Task[Any]) -> None:
    _LEFT.discard(task)
    if not task.cancelled():
        task.exception()  # whoever might have heard of it has gone
