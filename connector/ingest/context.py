"""What the accounts of one sync have in common: where rows go, whom to ask, and what is shared out among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.state.claims import Claims
from connector.lake.writing.row_buffer import Memory

if TYPE_CHECKING:
    from connector.core.units import AccountId
    from connector.ingest.account_plan import Allowance
    from connector.ingest.options import Options
    from connector.lake.layout import Lake
    from connector.lake.state.destination import RunDestination
    from connector.services import Services
    from connector.stripe.client import Client


@dataclass(slots=True)
class SyncContext:
    """What the accounts of a run have in common.

    Attributes:
        lake: where rows go.
        destination: where the run writes, and what was there when it began.
        services: what the run touches.
        client: whom to ask.
        options: what is asked for.
        run_id: names the run.
        allowance: what may be spent on reading again what is lost.
        backfill: what may be spent on reading rows again for what the lake expands now.
        listed: connected accounts that Stripe lists, each with when it was made, UTC seconds; 0 where that is not said.
        open: accounts being read at the moment; they share the requests in flight.
        taken: accounts somebody of this run reads or has read.
        memory: for rows of all accounts that wait to be written.
        claims: whose each id is, where there are several accounts.
        begun: before anything of the lake was looked at, UTC seconds by the machine's clock.
    """

    lake: Lake
    destination: RunDestination
    services: Services
    client: Client
    options: Options
    run_id: str
    allowance: Allowance
    backfill: Allowance
    listed: dict[str, int] = field(init=False)
    open: int = 0
    taken: set[AccountId] = field(default_factory=set["AccountId"])
    memory: Memory = field(init=False)
    claims: Claims = field(default_factory=Claims)
    begun: int = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(self.services.tuning.memory_bytes)
        self.begun = self.services.clock.utc()
        self.listed = dict(self.options.accounts_created or {})

    def sharers(self) -> int:
        """Return how many accounts share the rate at the moment."""
        return 1 if self.client.config.rate_per_account else self.open
