"""Where requests wait for their turn: the most urgent one goes when the pace allows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Self

from connector.core.api.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.config.config import Config
    from connector.running.clock import Clock


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    endpoint: str
    group: str
    urgency: Callable[[], float]
    turn: asyncio.Future[None]


class Slot:
    """A request's permission to be under way, as a block: waited for where it begins, given back where it ends.

    Attributes:
        seconds: how long the request took; set by its user when the answer tells of the server's latency.
    """

    __slots__ = ("_gate", "_turn", "seconds")

    def __init__(self, gate: Gate, turn: tuple[str, str, Callable[[], float]]) -> None:
        self.seconds: float | None = None
        self._gate, self._turn = gate, turn

    async def __aenter__(self) -> Self:
        await self._gate.turn(*self._turn)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gate.end(self.seconds)


class Gate:
    """Lets requests start at the pace's time, most urgent first, oldest first among equals.

    A waiting request costs no slot and no timer of its own: one timer wakes the next in line.
    """

    def __init__(self, pace: Pace, *, clock: Callable[[], float] = monotonic) -> None:
        self.pace = pace
        self._clock = clock
        self._waiters: list[_Waiter] = []
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, config: Config, clock: Clock) -> Self:
        """Return one that goes at the pace of a configuration."""
        pace = Pace(config.rate, config.account_rate, config.max_in_flight, config.sharers)
        return cls(pace, clock=clock.now)

    def slot(self, endpoint: str, urgency: Callable[[], float], *, group: str = "") -> Slot:
        """Wait for permission, and hold it for the block.

        Args:
            endpoint: the operation, as Stripe's limits name it.
            urgency: asked whenever somebody may go; the highest goes first.
            group: whose rate it counts against; see `Pace`.
        """
        return Slot(self, (endpoint, group, urgency))

    def end(self, seconds: float | None) -> None:
        """Take note that a request ended, and let the next one go.

        Args:
            seconds: it took; None where that does not tell of the server's latency.
        """
        self.pace.end(seconds)
        self._serve()

    def limited(self, reason: str | None, endpoint: str, *, group: str = "") -> None:
        """Pass a 429's reason on to the pace."""
        self.pace.limited(reason, endpoint, self._clock(), group)

    async def turn(self, endpoint: str, group: str, urgency: Callable[[], float]) -> None:
        """Wait until a request may start, and count it as started; `end` has to follow."""
        if not self._waiters and self.pace.wait(endpoint, now := self._clock(), group) <= 0.0:
            self.pace.start(endpoint, now, group)
            return
        waiter = _Waiter(endpoint, group, urgency, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._serve()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.turn.cancelled():  # its turn had come in the same moment
                self.pace.end(None)
            self._serve()
            raise

    def _serve(self) -> None:
        """Let go whoever may go now, and set the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiters:
            if not self.pace.cap.free:  # who ends next serves
                return
            now = self._clock()
            lines = {(waiter.endpoint, waiter.group) for waiter in self._waiters}
            waits = {line: self.pace.wait(line[0], now, line[1]) for line in lines}
            able = [waiter for waiter in self._waiters if waits[waiter.endpoint, waiter.group] <= 0.0]
            if not able:
                soonest = min(waits.values())
                if soonest < inf:
                    self._timer = asyncio.get_running_loop().call_later(soonest, self._serve)
                return
            first = max(able, key=lambda waiter: waiter.urgency()) if len(able) > 1 else able[0]
            self._waiters.remove(first)
            if not first.turn.done():
                self.pace.start(first.endpoint, now, first.group)
                first.turn.set_result(None)
