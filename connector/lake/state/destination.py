"""A destination that a run works on: what it holds, and that the run is at work on it once it is time to write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.errors import ConfigError
from connector.lake.state.lake_identity import LakeFacts, facts_of, facts_to_write
from connector.lake.state.lake_kind import LakeBegunError, fix_kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.lake.state.lease import RunLease
    from connector.lake.stores.base import Store


DEFAULT_FORMAT = "parquet"
"""Of a lake that nobody asked for another of."""


@dataclass(slots=True)
class RunDestination:
    """Where a run writes.

    Attributes:
        store: the lake.
        lease: of the run.
        kind: how it is to be made, where it is not made yet; see `fix_kind`.
        accept: refuses what has become of the lake meanwhile; None to take it as it is.
        facts: what it held when the run began, of whichever table; when it was come to, at that time.
    """

    store: Store
    lease: RunLease
    kind: Mapping[str, Any] = field(default_factory=dict[str, Any])
    accept: Callable[[], None] | None = None
    facts: LakeFacts = field(init=False)
    _new: bool = field(init=False)
    _written: bool = field(init=False, default=False)
    _known: bool = field(init=False, default=False)
    _coming: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _beginning: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        self.facts = facts_to_write(self.store)
        self._new = not self.facts.accounts

    @property
    def new(self) -> bool:
        """Whether there was no lake when the run began."""
        return self._new

    @property
    def format(self) -> str:
        """Name of the format that its files have, or are to have."""
        return self.facts.format or self.kind.get("format", DEFAULT_FORMAT)

    @property
    def written(self) -> bool:
        """Whether the run has begun to write."""
        return self._written

    async def begin(self) -> None:
        """Be at work from here on; the destination comes into being if it was not there. Again, it does nothing.

        Raises:
            LakeBegunError: another run has begun the lake since we looked, or is about to make it otherwise.
            StorageError: it cannot be written.
        """
        async with self._beginning:
            if self._written:
                return
            await self.lease.begin()
            await anyio.to_thread.run_sync(self._settle)
            self._written = True

    def _settle(self) -> None:
        """Have a lake that has not begun be of one kind."""
        if self.new and facts_of(self.store).accounts:
            raise LakeBegunError("another run began this lake a moment ago: run again, to go on from what it wrote")
        wanted = {
            name: value for name, value in self.kind.items() if self.new or name != "livemode"
        }  # known by its records
        if not wanted:
            return
        try:
            alone = self.new and not self.lease.others.live
            fix_kind(self.store, wanted, now=self.lease.clock.utc(), alone=alone)
        except ConfigError as error:
            raise _begun_otherwise(error) from error

    async def come_to(self, *, writes: bool = True) -> LakeFacts:
        """Begin to work on a lake that is there already, unless it is only to be looked at, and return what it holds.

        Raises:
            LakeBegunError: another run has made another lake of it since we looked.
            StateError: when a state cannot be understood.
        """
        async with self._coming:
            if not self._known:
                if writes:
                    await self.begin()
                self.facts = await anyio.to_thread.run_sync(facts_of, self.store)
                await self._look_again()
                self._known = True
        return self.facts

    async def _look_again(self) -> None:
        if self.accept is None:
            return
        try:
            await anyio.to_thread.run_sync(self.accept)
        except ConfigError as error:
            raise _begun_otherwise(error) from error


def destination_as_it_is(store: Store, lease: RunLease, livemode: bool | None) -> RunDestination:  # noqa: FBT001 - Stripe's own flag
    """Return the destination of a run that takes any format; a new lake gets the usual one. Blocks.

    Args:
        store: the lake.
        lease: of the run.
        livemode: of which mode its rows are; None where the key's form does not say.
    """
    there = RunDestination(store, lease)
    if there.new:
        mode = {} if livemode is None else {"livemode": livemode}
        there.kind = {"format": kind_of(store).get("format", DEFAULT_FORMAT), **mode}
    return there


def _begun_otherwise(error: ConfigError) -> LakeBegunError:
    return LakeBegunError(f"another run began this lake a moment ago, otherwise: run again ({error})")
