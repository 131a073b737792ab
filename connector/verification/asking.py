"""What `verify` asks Stripe about an account: its balance, and its rows in bounded amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.stripe.balance import balance_in
from connector.stripe.client import BALANCE
from connector.stripe.listing.query import Query, pages

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from connector.core.ledger.balance import Balance
    from connector.core.time.intervals import Intervals
    from connector.stripe.client import Client
    from connector.stripe.listing.query import PageStream


@dataclass(frozen=True, slots=True)
class Asker:
    """An account of the lake, as Stripe is asked about it.

    Attributes:
        client: whom to ask.
        account: connected account to ask as, or None for the key's own.
        created: when the account was made, UTC seconds; 0 where it does not say.
        now: UTC seconds by Stripe's clock.
    """

    client: Client
    account: str | None
    created: int
    now: int

    async def balance(self) -> Balance:
        """Return the balance as it is now."""
        response = await self.client.get(BALANCE, account=self.account)
        return balance_in(self.client, response)

    def listed(self, within: Intervals) -> AbstractAsyncContextManager[PageStream]:
        """Offer the pages of the rows created in these seconds, strictly read, as a block."""
        return pages(self.client, Query(account=self.account), within=within, likely_start=self.created)
