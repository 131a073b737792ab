"""Several runs on one lake that ask Stripe within the same limit: each goes at its share of the rate."""

from __future__ import annotations

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


@dataclass(slots=True)
class RateSharing:
    """Has a client take its share, by who else is at work.

    Attributes:
        client: ours.
        lease: returns what our own lease says.
    """

    client: Client
    lease: Callable[[], Lease]
    _runs: int = field(init=False, default=1)
    _looks: int = field(init=False, default=0)

    def heed(self, others: Others) -> None:
        """Take the share that is ours now."""
        config, pace = self.client.config, self.client.gate.pace
        runs = 1 + others.sharing(frozenset(self.lease().accounts), config.api_key.is_of)
        if config.goes_shares:
            new = not self._looks and runs > 1
            pace.share(runs * (NEWCOMER_PART if new else 1))
        if runs != self._runs:
            self._runs = runs
            self.client.on_event(RateShared(runs, config.rate / runs if config.goes_shares else config.rate))
        self._looks += 1
