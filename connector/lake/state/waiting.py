"""Waiting for other runs on a lake to end, without asking Stripe anything meanwhile: a courtesy, no condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from connector.errors import LockedError, UsageError
from connector.events import OnEvent, RunWaiting, unheard
from connector.lake.state.lake_kind import LakeBegunError
from connector.lake.state.leases import others_at_work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.lake.stores.base import Store
    from connector.running.clock import Clock

T = TypeVar("T")

BEGUN_BY_OTHERS = 3
"""Times that something is done on a lake that another run begins in the same moment, before that is an error."""


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
    end, begun_by_others = clock.now() + wait, 0
    while True:
        left = end - clock.now()
        if left <= 0 or not await anyio.to_thread.run_sync(_busy, store):
            try:
                return await act()
            except LakeBegunError:
                begun_by_others += 1
                if begun_by_others == BEGUN_BY_OTHERS:
                    raise
                continue
            except LockedError:
                left = end - clock.now()
                if left <= 0:
                    raise
        on_event(RunWaiting(left))
        await clock.sleep(min(look_again, left))


def _busy(store: Store) -> bool:
    return bool(others_at_work(store).live)
