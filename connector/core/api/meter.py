"""What a run asked of Stripe, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

UNNAMED = "unnamed"
"""Stands for the reason of a 429 that gives none."""


@dataclass(slots=True)
class Meter:
    """Requests and what became of them.

    Attributes:
        requests: attempts sent, retries included.
        by_endpoint: the same per operation.
        statuses: answers by HTTP status; 0 stands for no complete answer.
        limited: 429s by reason; `lock_timeout` is one, and `unnamed` those that give none.
        retries: attempts after the first.
        received_bytes: bytes of bodies, decoded.
        pages: pages of rows among the answers.
    """

    requests: int = 0
    by_endpoint: dict[str, int] = field(default_factory=dict[str, int])
    statuses: dict[int, int] = field(default_factory=dict[int, int])
    limited: dict[str, int] = field(default_factory=dict[str, int])
    retries: int = 0
    received_bytes: int = 0
    pages: int = 0

    def sent(self, endpoint: str, *, retry: bool) -> None:
        """Count an attempt."""
        self.requests += 1
        self.retries += retry
        self.by_endpoint[endpoint] = self.by_endpoint.get(endpoint, 0) + 1

    def answered(self, status: int, size: int) -> None:
        """Count an answer of `size` bytes; status 0 for none."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.received_bytes += size

    def refused(self, reason: str | None) -> None:
        """Count a 429 by its reason; None where it gives none."""
        name = reason or UNNAMED
        self.limited[name] = self.limited.get(name, 0) + 1
