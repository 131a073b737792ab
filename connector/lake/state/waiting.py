"""Waiting for other runs on a lake to end, without asking Stripe anything meanwhile: a courtesy, no condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from connector.errors import LockedError, UsageError
from connector.events import OnEvent, RunWaiting, unheard
from connector.lake.state.leases import others_at_work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.lake.stores.base import Store
    from connector.running.clock import Clock

T = TypeVar("T")


async def when_free(
    store: Store,
    act: Callable[[], Awaitable[T]],
    *,
    wait: float,
    clock: Clock,
    look_again: float = 1.0,
    on_event: OnEvent = unheard,
) -> T:
    """Do something on a lake, once no other run is at work on it, or that was waited for long enough.

    Args:
        store: the lake.
        act: what to do; done again where another run came first.
        wait: seconds to wait for other runs, all together; 0 for not at all.
        clock: time.
        look_again: seconds between two looks at who is at work.
        on_event: told when it comes to waiting.

    Raises:
        LockedError: another run still came first after so long.
        UsageError: that is no time to wait.
    """
    if not 0 <= wait < float("inf"):
        raise UsageError(f"`wait` {wait} must be a number of seconds, at least 0")
    end = clock.now() + wait
    while True:
        left = end - clock.now()
        if left <= 0 or not await anyio.to_thread.run_sync(_busy, store):
            try:
                return await act()
            except LockedError:
                left = end - clock.now()
                if left <= 0:
                    raise
        on_event(RunWaiting(left))
        await clock.sleep(min(look_again, left))


def _busy(store: Store) -> bool:
    return bool(others_at_work(store).live)
