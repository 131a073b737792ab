"""Ctrl-C and SIGTERM: the first ends the work in order, the second ends the process at once."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from connector.cli.display.failures import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(main: Callable[[], Coroutine[Any, Any, T]], *, on_stop: Callable[[], None], at_once: Callable[[], None]) -> T:
    """Run a coroutine in an event loop of its own; the first signal cancels it.

    Args:
        main: makes the coroutine.
        on_stop: called when the first signal has come.
        at_once: called when the second has, right before the process ends.

    Raises:
        StoppedError: after a signal, when the coroutine has ended, published and put away what it had to.
    """
    with asyncio.Runner() as runner:
        return runner.run(_heeding_signals(main, on_stop, at_once))


async def _heeding_signals(
    main: Callable[[], Coroutine[Any, Any, T]], on_stop: Callable[[], None], at_once: Callable[[], None]
) -> T:
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def heed(number: int) -> None:
        if received:
            at_once()
            os._exit(128 + number)  # threads may be in the middle of something that a second Ctrl-C does not wait for
        received.append(number)
        on_stop()
        scope.cancel()

    scope = anyio.CancelScope()  # unlike a task's own `cancel`, it leaves shielded blocks alone
    for number in SIGNALS:
        with suppress(ValueError, RuntimeError):  # only the main thread hears signals
            loop.add_signal_handler(number, heed, number)
    try:
        with scope:
            return await main()
    finally:
        for number in SIGNALS:
            with suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(number)
    raise StoppedError(received[0])
