"""Stripe's limiters: so many requests a second and so many at once, per endpoint and for the account.

Rates are documented (docs.stripe.com/rate-limits: 25 a second for each endpoint, within 25 in test mode and 100 in live
mode); caps on requests in flight exist without published numbers, and the way of counting is not published either, so
both can be chosen. Pure: time is an argument.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Protocol

ALGORITHMS = ("sliding", "bucket", "fixed")
"""Never more than the rate in any second; a bucket of that size, refilled steadily; a new count at each full second."""

TEST_RATE, LIVE_RATE = 25, 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What is limited, 0 being no limit.

    Attributes:
        endpoint_rate: requests a second to one endpoint.
        global_rate: requests a second to the account; None is 25 for a test key, 100 for a live key.
        endpoint_in_flight: requests at one endpoint at once.
        global_in_flight: requests at once.
        algorithm: one of ALGORITHMS.
    """

    endpoint_rate: int = 25
    global_rate: int | None = None
    endpoint_in_flight: int = 50
    global_in_flight: int = 100
    algorithm: str = "sliding"

    def __post_init__(self) -> None:
        """Refuse an unknown algorithm.

        Raises:
            ValueError: `algorithm` is not one of ALGORITHMS.
        """
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be one of {ALGORITHMS}, not {self.algorithm!r}")

    @classmethod
    def none(cls) -> Limits:
        """No limits at all."""
        return cls(0, 0, 0, 0)


class Meter(Protocol):
    """Counts requests against one rate."""

    def full(self, now: float) -> bool:
        """Whether one more at `now`, in seconds that never go back, would be too many."""
        ...

    def take(self, now: float) -> None:
        """Count one."""
        ...


class Sliding:
    """At most `rate` in any window of one second, however it is placed."""

    def __init__(self, rate: int) -> None:
        self._taken = deque[float](maxlen=rate)

    def full(self, now: float) -> bool:
        """See Meter."""
        return len(self._taken) == self._taken.maxlen and now - self._taken[0] < 1.0

    def take(self, now: float) -> None:
        """See Meter."""
        self._taken.append(now)


class Bucket:
    """A bucket of `rate` tokens, refilled by `rate` a second."""

    def __init__(self, rate: int) -> None:
        self._rate, self._tokens, self._at = rate, float(rate), 0.0

    def _fill(self, now: float) -> None:
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now

    def full(self, now: float) -> bool:
        """See Meter."""
        self._fill(now)
        return self._tokens < 1.0

    def take(self, now: float) -> None:
        """See Meter."""
        self._fill(now)
        self._tokens -= 1.0


class Fixed:
    """At most `rate` between one full second and the next."""

    def __init__(self, rate: int) -> None:
        self._rate, self._second, self._count = rate, -1, 0

    def full(self, now: float) -> bool:
        """See Meter."""
        return int(now) == self._second and self._count >= self._rate

    def take(self, now: float) -> None:
        """See Meter."""
        self._count = self._count + 1 if int(now) == self._second else 1
        self._second = int(now)


_METERS: dict[str, type[Sliding | Bucket | Fixed]] = {"sliding": Sliding, "bucket": Bucket, "fixed": Fixed}


class Limiter:
    """Admits or refuses requests of one account."""

    def __init__(self, limits: Limits, *, live: bool) -> None:
        self.limits = limits
        rate = limits.global_rate if limits.global_rate is not None else LIVE_RATE if live else TEST_RATE
        self._make = _METERS[limits.algorithm]
        self._global = self._make(rate) if rate else None
        self._endpoints: dict[str, Meter] = {}
        self._in_flight: Counter[str] = Counter()

    @property
    def in_flight(self) -> int:
        """Requests admitted and not yet answered."""
        return self._in_flight.total()

    def arrive(self, endpoint: str, now: float) -> str | None:
        """Count a request in, to be counted out by `leave`; or say which limit refuses it, counting nothing."""
        limits, meter = self.limits, self._meter(endpoint)
        if meter is not None and meter.full(now):
            return "endpoint-rate"
        if self._global is not None and self._global.full(now):
            return "global-rate"
        if limits.endpoint_in_flight and self._in_flight[endpoint] >= limits.endpoint_in_flight:
            return "endpoint-concurrency"
        if limits.global_in_flight and self.in_flight >= limits.global_in_flight:
            return "global-concurrency"
        for taken in (meter, self._global):
            if taken is not None:
                taken.take(now)
        self._in_flight[endpoint] += 1
        return None

    def leave(self, endpoint: str) -> None:
        """Count an admitted request out."""
        self._in_flight[endpoint] -= 1

    def _meter(self, endpoint: str) -> Meter | None:
        if not self.limits.endpoint_rate:
            return None
        if endpoint not in self._endpoints:
            self._endpoints[endpoint] = self._make(self.limits.endpoint_rate)
        return self._endpoints[endpoint]
