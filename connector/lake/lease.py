"""A destination held for the length of a run, and which accounts it has."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread

from connector.errors import LockedError
from connector.lake import commit

if TYPE_CHECKING:
    from connector.core.units import AccountId
    from connector.lake.store import Store


@dataclass(frozen=True, slots=True)
class Tenants:
    """The accounts of a lake, as they were when it was looked at.

    Attributes:
        accounts: those that have a manifest.
        livemode: whether their rows are of live mode; None where no manifest says.
    """

    accounts: frozenset[AccountId] = frozenset()
    livemode: bool | None = None


@dataclass(slots=True)
class Lease:
    """Takes a destination when it is time to write, and gives it back at the end of the block.

    Attributes:
        store: the destination.
        tenants: whose rows it had when the run came to it; none before.
        new: whether there was no lake when the run began.
    """

    store: Store
    tenants: Tenants = field(init=False, default_factory=Tenants)
    new: bool = field(init=False)
    _held: bool = field(init=False, default=False)
    _known: bool = field(init=False, default=False)
    _coming: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _stack: ExitStack = field(init=False, default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.new = not commit.accounts(self.store)

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
        if self.new and commit.accounts(self.store):
            raise LockedError("another run began this lake a moment ago: run again, to go on from what it wrote")

    async def come_to(self, *, hold: bool = True) -> None:
        """Hold a lake that is there already, unless it is only to be looked at, and learn which accounts it has.

        Raises:
            LockedError: another run holds it.
            ManifestError: when a manifest cannot be understood.
        """
        async with self._coming:
            if not self._known:
                if hold:
                    self.hold()
                self.tenants = await anyio.to_thread.run_sync(_tenants, self.store)
                self._known = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held = False
        self._stack.close()


def _tenants(store: Store) -> Tenants:
    """Read every manifest. Blocks."""
    names: set[AccountId] = set()
    livemode: bool | None = None
    for manifest in commit.manifests(store):
        names.add(manifest.account)
        livemode = manifest.livemode if livemode is None else livemode
    return Tenants(frozenset(names), livemode)
