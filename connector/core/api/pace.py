"""How fast, and how many at once: two controllers, neither ever above what was configured.

A rate limiter of unknown algorithm is answered with the strictest reading: never more than `rate` requests in any
second, and no burst beyond a few. A limiter of requests in flight does not publish its number, so the cap adapts. A
server's answer can only slow us; both controllers recover slowly.

Source: docs.stripe.com/rate-limits (25 requests/s an endpoint; 100, or 25 in test mode, an account).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil, inf

GUARD = 0.010
"""Seconds added to every second counted, for requests that arrive closer together than they were sent."""

BURST = 3
"""Requests that may start at once after a pause."""

ENDPOINT_LIMIT = 25
"""Requests that Stripe lets through to one endpoint in any second, by default."""

KEPT = 0.9
"""Least part of a rate that may be left where its requests in a second are rounded down."""


def in_a_second(rate: float, sharers: float) -> int:
    """Return how many requests one of several that share a limit may start in any second.

    Parts of a limit are seldom whole. Where each rounds up, all of them together go above it (four at 6.25 come to 28);
    so each has its part of the limit, rounded down, unless too little of its rate would be left.

    Args:
        rate: its own requests per second, > 0.
        sharers: how many share the limit, this one included; at least 1.
    """
    if rate == inf or sharers <= 1:
        return ceil(min(rate, 2.0**53))
    part = int(max(ENDPOINT_LIMIT, rate * sharers) / sharers + 1e-9)
    return min(ceil(rate), part) if part >= KEPT * rate else ceil(rate)


@dataclass(slots=True)
class Rate:
    """At most `limit` requests in any second, evenly spread.

    Attributes:
        limit: configured requests per second, > 0; infinite for none.
        sharers: how many processes share what a server allows, this one included; at least 1.
        current: what is used now, at most `limit`.
    """

    limit: float
    sharers: float = 1.0
    current: float = field(init=False)
    _due: float = field(init=False, default=-inf)
    _sent: deque[float] = field(init=False, default_factory=deque[float])
    _slowed: float = field(init=False, default=-inf)
    _raised: float = field(init=False, default=-inf)
    _step: float = field(init=False, default=0.1)

    LEAST = 0.5
    RECOVERY = 0.02
    """Share of the rate won back in a second without complaint."""
    STRAY = 30.0
    """Seconds without a 429 after which the next one may be a stray: a hiccup on the way pushed requests together."""

    def __post_init__(self) -> None:
        self.current = self.limit

    def wait(self, now: float) -> float:
        """Return seconds until a request may start; 0 for now."""
        if self.current == inf:
            return 0.0
        whole = in_a_second(self.current, self.sharers)
        even = self._due - (BURST - 1) / self.current
        strict = self._sent[-whole] + max(1.0, whole / self.current) + GUARD if len(self._sent) >= whole else -inf
        return max(0.0, even - now, strict - now)

    def start(self, now: float) -> None:
        """Take note that a request starts."""
        self._recover(now)
        self._sent.append(now)
        if self.current == inf:
            while self._sent[0] < now - 1.0:
                self._sent.popleft()
            return
        self._due = max(self._due, now) + 1 / self.current
        while len(self._sent) > max(self.current, min(self.limit, 1000)) + 1:
            self._sent.popleft()

    def slow(self, now: float) -> None:
        """Answer a 429 of a rate limiter, at most once a second: a tenth less for a stray one, a third for the next."""
        if now - self._slowed < 1.0:
            return
        kept = 0.9 if now - self._slowed >= self.STRAY else 2 / 3
        self._slowed = self._raised = now
        used = self.current if self.current < inf else max(1.0, float(len(self._sent)))
        self._step = max(self.RECOVERY * min(self.limit, used), 0.1)
        self.current = max(min(self.LEAST, self.limit), used * kept)

    def resize(self, limit: float, *, sharers: float = 1.0) -> None:
        """Go by another limit from here on: down at once; up at once, too, unless a 429 has slowed it down.

        Args:
            limit: requests per second, > 0.
            sharers: as above.
        """
        self.sharers = sharers
        slowed = self.current < self.limit
        self.current = min(self.current, limit) if slowed else limit
        self.limit = limit

    def _recover(self, now: float) -> None:
        if self.current < self.limit and now - self._raised >= 1.0:
            self._raised = now
            self.current = min(self.limit, self.current + self._step)


@dataclass(slots=True)
class Cap:
    """At most so many requests in flight.

    Attributes:
        limit: configured, at least 1.
        current: what is used now, 1 to `limit`.
        flying: requests in flight.
    """

    limit: int
    current: int = field(init=False)
    flying: int = 0
    _changed: float = field(init=False, default=-inf)

    RECOVERY = 5.0
    """Seconds without complaint after which one more is allowed."""

    def __post_init__(self) -> None:
        self.current = self.limit

    @property
    def free(self) -> bool:
        """Whether one more may start."""
        return self.flying < self.current

    def start(self, now: float) -> None:
        """Take note that a request starts."""
        self.flying += 1
        if self.current < self.limit and now - self._changed >= self.RECOVERY:
            self._changed = now
            self.current += 1

    def end(self) -> None:
        """Take note that a request ended, however it ended."""
        self.flying -= 1

    def resize(self, limit: int) -> None:
        """Go by another limit from here on, unless a 429 has lowered it: then up as ever.

        Args:
            limit: requests in flight, at least 1.
        """
        lowered = self.current < self.limit
        self.current = min(self.current, limit) if lowered else limit
        self.limit = limit

    def lower(self, now: float) -> None:
        """Answer a 429 of a concurrency limiter: a quarter fewer than are in flight, at most once a second."""
        if now - self._changed < 1.0 and self.current < self.limit:
            return
        self._changed = now
        self.current = max(1, min(self.current, self.flying + 1) * 3 // 4)


@dataclass(slots=True)
class Latency:
    """A running mean of how long requests take, in seconds."""

    mean: float = 0.5
    count: int = 0

    def add(self, seconds: float) -> None:
        """Take one request into account; the first ones count more."""
        self.count += 1
        self.mean += (seconds - self.mean) / min(self.count, 30)


@dataclass(slots=True)
class Pace:
    """The controllers of one key: a global rate, one rate an endpoint, one cap.

    The rates are those of a group of requests: one group for all by default, or one for each account.

    Attributes:
        rate: requests per second of each endpoint; infinite for none.
        account_rate: requests per second of all endpoints together.
        in_flight: requests in flight of all together, whatever their group.
        sharers: how many processes share what a server allows, each at a rate that is its part; at least 1.
        cap: how many requests may be in flight now.
        latency: how long the server takes.
    """

    rate: float
    account_rate: float
    in_flight: int
    sharers: int = 1
    cap: Cap = field(init=False)
    latency: Latency = field(init=False, default_factory=Latency)
    _wholes: dict[str, Rate] = field(init=False, default_factory=dict[str, Rate])
    _endpoints: dict[tuple[str, str], Rate] = field(init=False, default_factory=dict[tuple[str, str], Rate])
    _among: float = field(init=False, default=1.0)

    def __post_init__(self) -> None:
        self.cap = Cap(self.in_flight)

    def wait(self, endpoint: str, now: float, group: str = "") -> float:
        """Return seconds until a request to `endpoint` may start: 0 for now, infinite until another one ends."""
        return max(self.whole(group).wait(now), self.endpoint(endpoint, group).wait(now)) if self.cap.free else inf

    def start(self, endpoint: str, now: float, group: str = "") -> None:
        """Take note that a request starts."""
        self.whole(group).start(now)
        self.endpoint(endpoint, group).start(now)
        self.cap.start(now)

    def end(self, seconds: float | None) -> None:
        """Take note that a request ended; `seconds` it took, None if it does not tell of the server's latency."""
        self.cap.end()
        if seconds is not None:
            self.latency.add(seconds)

    def limited(self, reason: str | None, endpoint: str, now: float, group: str = "") -> None:
        """React to a limiter's 429 by its `Stripe-Rate-Limited-Reason`; one without is taken for the endpoint's.

        A lock timeout is no limiter's: it teaches nothing.
        """
        if reason is not None and reason.endswith("-concurrency"):
            self.cap.lower(now)
            return
        if reason == "global-rate":
            self.whole(group).slow(now)
        self.endpoint(endpoint, group).slow(now)

    def width(self, endpoint: str, group: str = "") -> float:
        """Requests in flight that fill the endpoint's rate at the measured latency, 1 to the cap."""
        rate = min(self.endpoint(endpoint, group).current, self.whole(group).current)
        return max(1.0, min(float(self.cap.current), rate * self.latency.mean))

    def share(self, among: float) -> None:
        """Take a share of the rates from here on, of all groups alike.

        Args:
            among: how many share them, above 0; below 1 for more than the rates, and as many more requests in flight.
        """
        self._among = among
        self.cap.resize(ceil(self.in_flight / min(1.0, among)))
        for rate in self._wholes.values():
            rate.resize(self.account_rate / among, sharers=self._at_work)
        for rate in self._endpoints.values():
            rate.resize(self.rate / among, sharers=self._at_work)

    def whole(self, group: str = "") -> Rate:
        """Return the rate controller of all endpoints together."""
        if group not in self._wholes:
            self._wholes[group] = Rate(self.account_rate / self._among, self._at_work)
        return self._wholes[group]

    def endpoint(self, name: str, group: str = "") -> Rate:
        """Return the rate controller of one endpoint."""
        if (name, group) not in self._endpoints:
            self._endpoints[name, group] = Rate(self.rate / self._among, self._at_work)
        return self._endpoints[name, group]

    @property
    def _at_work(self) -> float:
        """How many of those that share what a server allows are at work, this one included."""
        return max(1.0, self.sharers * self._among) if self.sharers > 1 else 1.0
