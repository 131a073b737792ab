"""Calls that block and cannot be stopped, in threads that hold up neither an event loop's end nor a process's."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def can_be_left(call: Callable[[], T]) -> T:
    """Return what a call that blocks returns, or raise what it raises; when cancelled, leave it to itself.

    It has a thread of its own: an event loop waits at its end for those of its executor, however long they take.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # pyright: ignore[reportArgumentType] - there is one where there is no error

    def work() -> None:
        result, failure = None, None
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, result, failure)

    threading.Thread(target=work, name="stripe-balance lookup", daemon=True).start()
    return await answer
