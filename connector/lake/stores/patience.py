"""How long an operation on a bucket is tried, and by which clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PATIENCE_SECONDS = 180.0
"""How long one operation is tried: a store that throttles for a minute and a half does no harm."""

ATTEMPT_SECONDS = 30.0
"""How long one attempt may take, for an object that is not large."""

LARGE = 8 * 2**20
"""Bytes from which an object is large: it is put with more time, and read in pieces of this size."""

SLOWEST = 2**19
"""Bytes a second that are waited for."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 8.0
"""Seconds between attempts: doubled from the one to the other, half of it at random."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try, and by which clock.

    Attributes:
        seconds: for one operation, all attempts together.
        now: seconds of a clock that does not go back.
        sleep: waits.
        jitter: a fraction in [0, 1), drawn anew at each call.
    """

    seconds: float = PATIENCE_SECONDS
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random

    def attempts(self, size: int = 0) -> Generator[bool]:
        """Yield once for each attempt, waiting between; True for the last, and at least one.

        Args:
            size: bytes to be sent; what they take at the slowest is allowed on top.
        """
        end, pause, last = self.now() + self.seconds + size / SLOWEST, FIRST_PAUSE, False
        while not last:
            last = self.now() + pause >= end
            yield last
            if not last:
                self.sleep(pause * (0.5 + self.jitter() / 2))
                pause = min(2 * pause, LONGEST_PAUSE)


def attempt_seconds(size: int) -> float:
    """Return how long one attempt at an object of a size may take."""
    return ATTEMPT_SECONDS if size <= LARGE else ATTEMPT_SECONDS + size / SLOWEST
