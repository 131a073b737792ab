"""Several runs on one lake that ask Stripe within the same limit: each goes at its share of the rate.

Runs that happen to meet divide the rate by who is at work. Tasks of one plan have their part from the start, and take
more of it only when others have been gone for a while: whoever begins in a slot that has come free finds its part free.
Where no task waits for a slot, nobody begins in one, and those that are left take it at their next look.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.events import RateShared

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.core.state.leases import Lease, Others
    from connector.stripe.client import Client

NEWCOMER_PART = 2
"""A run that has just begun takes half its share, until the others have had time to see it: so all of them together
never go above a quarter more than the rate, which is what the default rate leaves of Stripe's limit."""

NEWCOMERS_PART = 4
"""Tasks that begin while others may go at more than their part take a quarter of the whole rate together, as above."""

LOOKS = 3
"""Looks in a row, five seconds apart, at which a task of the plan has to be gone for the others to take its part."""

ALONE_SECONDS = 10
"""Tasks that began less long ago than this go at their part, whoever is at work."""


@dataclass(slots=True)
class RateSharing:
    """Has a client take its share, by who else is at work.

    Attributes:
        client: ours.
        lease: returns what our own lease says.
    """

    client: Client
    lease: Callable[[], Lease]
    _told: tuple[int, float] = field(init=False, default=(1, 1.0))
    _looks: int = field(init=False, default=0)
    _seen: deque[int] = field(init=False, default_factory=lambda: deque[int](maxlen=LOOKS))
    _met: bool = field(init=False, default=False)

    def heed(self, others: Others) -> None:
        """Take the share that is ours now."""
        config, pace = self.client.config, self.client.gate.pace
        runs = 1 + others.sharing(frozenset(self.lease().accounts), config.api_key.is_of)
        among = self._among(runs) if config.sharers == 1 else self._among_tasks(runs, others)
        if among is not None:
            pace.share(among)
        shared = runs if config.goes_shares else 1.0 if among is None else among
        if (runs, shared) != self._told:
            self._told = (runs, shared)
            self.client.on_event(RateShared(runs, config.rate / shared))
        self._looks += 1

    def _among(self, runs: int) -> float | None:
        """Return what the rate is to be divided by; None where it is not."""
        if not self.client.config.goes_shares:
            return None
        return runs * (NEWCOMER_PART if not self._looks and runs > 1 else 1)

    def _among_tasks(self, runs: int, others: Others) -> float:
        """Return what a task's part is to be divided by; less than 1 for more than its part."""
        sharers = self.client.config.sharers
        if not self._looks:
            self._seen.extend([sharers] * LOOKS)
            begun = self.lease().begun
            leases = [sign.lease for sign in others.live if sign.lease is not None]
            longer = sum(begun - lease.begun >= ALONE_SECONDS for lease in leases)  # these may go at more than theirs
            return max(1.0, NEWCOMERS_PART * max(1, sharers - longer) / sharers) if longer else 1.0
        self._seen.append(runs)
        self._met = self._met or runs >= sharers  # before, one that is not there may not have begun yet
        gone_for_good = self._met and not self.client.config.followed
        return min(1.0, (runs if gone_for_good else max(self._seen)) / sharers)
