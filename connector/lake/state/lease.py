"""A destination held for the length of a run, and what it holds."""

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

    from connector.lake.stores.base import Store


@dataclass(slots=True)
class Lease:
    """Takes a destination when it is time to write, and gives it back at the end of the block.

    Attributes:
        store: the destination.
        accept: refuses what has become of the lake meanwhile, once nobody else can change it; None to take it as it is.
        facts: what it held when the run began, of whichever table; when it was held to be gone on with, at that time.
    """

    store: Store
    accept: Callable[[], None] | None = None
    facts: LakeFacts = field(init=False)
    _new: bool = field(init=False)
    _held: bool = field(init=False, default=False)
    _known: bool = field(init=False, default=False)
    _coming: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _stack: ExitStack = field(init=False, default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.facts = facts_of(self.store)
        self._new = not self.facts.accounts

    @property
    def new(self) -> bool:
        """Whether there was no lake when the run began."""
        return self._new

    @property
    def held(self) -> bool:
        """Whether the destination is ours."""
        return self._held

    def hold(self) -> None:
        """Hold the destination from here on; it comes into being if it was not there. Doing it again does nothing.

        Raises:
            LockedError: another run holds it, or has begun the lake since we looked.
            StorageError: it cannot be written.
        """
        if self._held:
            return
        self._stack.enter_context(self.store.lock())
        self._held = True
        if self.new and facts_of(self.store).accounts:
            raise LockedError("another run began this lake a moment ago: run again, to go on from what it wrote")

    async def come_to(self, *, hold: bool = True) -> LakeFacts:
        """Hold a lake that is there already, unless it is only to be looked at, and return what it holds.

        Raises:
            LockedError: another run holds it, or has made another lake of it since we looked.
            ManifestError: when a state cannot be understood.
        """
        async with self._coming:
            if not self._known:
                if hold:
                    self.hold()
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held = False
        self._stack.close()
