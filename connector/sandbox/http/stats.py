"""What a sandbox has seen: counts for reports, and the latest requests one by one."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from math import inf
from typing import Any

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One request.

    Attributes:
        at: seconds on the machine's steady clock when it arrived.
        endpoint: such as `balance_transactions`.
        path: without the query.
        query: as received, percent-encoded.
        account: the account it was for; empty where the key was refused.
        status: of the answer; 0 where the connection was broken instead.
        reason: of a limiter's 429, else empty.
        rows: list members in the answer.
    """

    at: float
    endpoint: str
    path: str
    query: str
    account: str
    status: int
    reason: str
    rows: int


@dataclass
class Stats:
    """Counts since the start or the last reset."""

    max_in_flight: int = 0
    rows: int = 0
    bytes: int = 0
    peak_rate: int = 0
    by_endpoint: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    by_reason: Counter[str] = field(default_factory=Counter[str])
    requests: deque[Seen] = field(default_factory=lambda: deque[Seen](maxlen=_REMEMBERED))
    _began: float = inf
    _ended: float = -inf
    _last_second: deque[float] = field(default_factory=deque[float])

    def arrived(self, at: float, in_flight: int) -> None:
        """Count an arrival towards the peaks."""
        self._began = min(self._began, at)
        self.max_in_flight = max(self.max_in_flight, in_flight)
        self._last_second.append(at)
        while self._last_second[0] <= at - 1.0:
            self._last_second.popleft()
        self.peak_rate = max(self.peak_rate, len(self._last_second))

    def answered(self, seen: Seen, size: int, at: float) -> None:
        """Count an answer of `size` bytes, sent `at` seconds on the clock of arrivals."""
        self._ended = max(self._ended, at)
        self.requests.append(seen)
        self.by_endpoint[seen.endpoint, seen.status] += 1
        self.rows += seen.rows
        self.bytes += size
        if seen.reason:
            self.by_reason[seen.reason] += 1

    def summary(self) -> dict[str, Any]:
        """Everything but the single requests, as plain values."""
        endpoints: dict[str, dict[str, int]] = {}
        statuses: Counter[str] = Counter()
        for (endpoint, status), count in sorted(self.by_endpoint.items()):
            endpoints.setdefault(endpoint, {})[str(status)] = count
            statuses[str(status)] += count
        return {
            "requests": self.by_endpoint.total(),
            "by_status": dict(statuses),
            "by_endpoint": endpoints,
            "rate_limited": dict(self.by_reason),
            "max_in_flight": self.max_in_flight,
            "peak_requests_per_second": self.peak_rate,
            "seconds": max(0.0, self._ended - self._began),  # from the first arrival to the last answer
            "rows": self.rows,
            "bytes": self.bytes,
        }
