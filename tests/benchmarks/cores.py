"""One core for the server and another for what is measured, where the system lets a process choose."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def divided(allowed: set[int]) -> tuple[set[int], set[int]]:
    """Return the server's and the client's cores: one each, or no choice (empty) where there are fewer than two."""
    return ({min(allowed)}, {max(allowed)}) if len(allowed) > 1 else (set(), set())


CAN_CHOOSE = hasattr(os, "sched_setaffinity")  # not on macOS
SERVER, CLIENT = divided(os.sched_getaffinity(0) if CAN_CHOOSE else set())


@contextmanager
def only_on(cores: set[int]) -> Iterator[None]:
    """Have processes that are started in the block run on these cores only; on any where none are given."""
    if not (cores and CAN_CHOOSE):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
