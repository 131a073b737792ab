"""A destination that a run works on: what it holds, and that the run is at work on it once it is time to write."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread

from connector.errors import ConfigError, LockedError
from connector.lake.state.lake_identity import LakeFacts, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.lake.state.lease import RunLease
    from connector.lake.stores.base import Store


@dataclass(slots=True)
class Destination:
    """Where a run writes.

    Attributes:
        store: the lake.
        lease: of the run.
        accept: refuses what has become of the lake meanwhile; None to take it as it is.
        facts: what it held when the run began, of whichever table; when it was come to, at that time.
    """

    store: Store
    lease: RunLease
    accept: Callable[[], None] | None = None
    facts: LakeFacts = field(init=False)
    _new: bool = field(init=False)
    _known: bool = field(init=False, default=False)
    _coming: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _beginning: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _stack: ExitStack = field(init=False, default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.facts = facts_of(self.store)
        self._new = not self.facts.accounts

    @property
    def new(self) -> bool:
        """Whether there was no lake when the run began."""
        return self._new

    @property
    def written(self) -> bool:
        """Whether the run has begun to write."""
        return self.lease.begun

    async def begin(self) -> None:
        """Be at work from here on; the destination comes into being if it was not there. Again, it does nothing.

        Raises:
            LockedError: another run holds it, or has begun the lake since we looked.
            StorageError: it cannot be written.
        """
        async with self._beginning:
            if self.lease.begun:
                return
            self._stack.enter_context(self.store.lock())
            await self.lease.begin()
        if self.new and facts_of(self.store).accounts:
            raise LockedError("another run began this lake a moment ago: run again, to go on from what it wrote")

    async def come_to(self, *, writes: bool = True) -> LakeFacts:
        """Begin to work on a lake that is there already, unless it is only to be looked at, and return what it holds.

        Raises:
            LockedError: another run holds it, or has made another lake of it since we looked.
            ManifestError: when a state cannot be understood.
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
            raise LockedError(f"another run began this lake a moment ago, otherwise: run again ({error})") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stack.close()
