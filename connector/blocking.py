"""Calling a coroutine from ordinary code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


def run_plainly(main: Callable[[], Coroutine[Any, Any, T]], *, instead: str) -> T:
    """Run a coroutine in an event loop of its own, and return its result.

    Args:
        main: makes the coroutine.
        instead: what to write where a loop is running already, for the message.

    Raises:
        UsageError: one is.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return anyio.run(main)
    raise UsageError(f"there is an event loop running already (a notebook, an async task): use {instead}")
