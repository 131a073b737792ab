"""Time and chance, as everything that waits sees them: the machine's, or those that a test hands in."""

from __future__ import annotations

import random
from secrets import randbelow
from time import monotonic, time
from typing import Protocol

import anyio


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> float:
        """Seconds of a clock that does not go back."""
        ...

    def utc(self) -> int:
        """UTC seconds, as far as the machine knows."""
        ...

    def moment(self) -> float:
        """Return the same with the fraction of the second, to tell apart what began within one."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def jitter(self) -> float:
        """Draw a fraction in [0, 1)."""
        ...

    def draw(self, below: int, /) -> int:
        """Draw a whole number from 0 to below the one given, which is at least 1."""
        ...


class SystemClock:
    """The machine's clock and generator."""

    def now(self) -> float:
        """See `Clock.now`."""
        return monotonic()

    def utc(self) -> int:
        """See `Clock.utc`."""
        return int(self.moment())

    def moment(self) -> float:
        """See `Clock.moment`."""
        return time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await anyio.sleep(seconds)

    def jitter(self) -> float:
        """See `Clock.jitter`."""
        return random.random()  # noqa: S311 - spreads waits, guards nothing

    def draw(self, below: int, /) -> int:
        """See `Clock.draw`. Whoever answers cannot tell it beforehand."""
        return randbelow(below)
