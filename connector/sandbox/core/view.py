"""What a request sees: one account of a world, at one moment, through one API version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.sandbox.core.ledger import Ledger
    from connector.sandbox.core.world import World


@dataclass(frozen=True)
class View:
    """One account at one moment.

    Attributes:
        world: all accounts.
        index: the account looked at; 0 is the platform.
        now: rows made later do not exist, rows available later are pending.
        livemode: as in every object that has the field.
        legacy: the API version is older than 2025-05-28 and knows no `balance_type`.
        old_intents: the API version is 2022-08-01 or older; payment intents list their charges.
        status_lag: seconds that rows stay pending after their `available_on`.
        uncaptured_after: charges made since this second do not have their balance transaction yet.
    """

    world: World
    index: int
    now: int
    livemode: bool
    legacy: bool = False
    old_intents: bool = False
    status_lag: int = 0
    uncaptured_after: int = 1 << 62

    @cached_property
    def ledger(self) -> Ledger:
        """The account's rows."""
        return self.world.ledger(self.index)

    @property
    def account(self) -> str:
        """The account's id."""
        return self.world.accounts[self.index]

    def of(self, index: int) -> View:
        """The same moment in another account."""
        return self if index == self.index else replace(self, index=index)

    def row(self, number: int) -> dict[str, Any]:
        """A balance transaction as an object."""
        return self.world.renderer(self.index, legacy=self.legacy).row(number, self.now - self.status_lag)

    def texts(self, numbers: list[int]) -> list[str]:
        """Balance transactions as text for a list."""
        return self.world.renderer(self.index, legacy=self.legacy).texts(numbers, self.now - self.status_lag)
