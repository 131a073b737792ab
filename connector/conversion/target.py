"""The lake that is being made: how its files become visible, and where it is to be empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.state.data_file import with_changes
from connector.core.state.tables import TABLES
from connector.errors import CommitConflictError, ConfigError
from connector.lake.paths import LEASES, STAGED, STATE
from connector.lake.state import unfinished
from connector.lake.state.lake_identity import refuse_overlapping
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from pathlib import Path

    from connector.core.state.conversion import Mark
    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import Granularity
    from connector.lake.stores.base import Store


@dataclass(frozen=True, slots=True)
class Target:
    """A lake that is being made.

    Attributes:
        store: where.
        run: id of the run that makes it.
        format: name of the format of its files.
        partition: time that a file of balance transactions is to hold.
    """

    store: Store
    run: str
    format: str
    partition: Granularity

    def publish(self, file: DataFile, staged: Path | None) -> DataFile:
        """Make a staged file visible, and return its entry for the state. Blocks.

        What a conversion that was cut off left in its place is replaced: nobody else writes here.

        Raises:
            StorageError: the destination refuses.
        """
        if staged is None:
            return file
        try:
            version = self.store.publish(staged, file.path, condition=ABSENT)
        except CommitConflictError:
            version = self.store.publish(staged, file.path, condition=self.store.version(file.path) or ABSENT)
        return with_changes(file, version=version if self.store.versions_last else None)


def begun_at(source: Store, store: Store, mark: Mark, name: str) -> Mark | None:
    """Return the mark of this conversion where it was begun, and None for an empty place; refuse any other. Blocks.

    Args:
        source: the lake that it is to be made of.
        store: the place.
        mark: what the conversion is to say of itself.
        name: of the place, for messages.

    Raises:
        ConfigError: something else is there: a lake, a conversion of another lake, or the source itself.
        StateError: its mark cannot be understood.
        StorageError: it cannot be read.
    """
    here, there = (lake.address("x").removesuffix("x") for lake in (source, store))
    if here.startswith(there) or there.startswith(here):
        raise ConfigError(f"{name} and the lake that it is to be made of lie in each other: name another place")
    begun = unfinished.mark_of(store)
    if begun is None:
        _refuse_full(store, name)
        return None
    if not begun.is_of(mark):
        raise ConfigError(
            f"{name} holds an unfinished conversion of another lake, or to another form (format {begun.format},"
            f" partition {begun.partition}): finish that one, or remove its folder"
        )
    return begun


def _refuse_full(store: Store, name: str) -> None:
    held = (unnamed_file.path for folder in (STATE, *TABLES) for unnamed_file in store.besides(folder, ()))
    first = next((path for path in held if not path.startswith((f"{LEASES}/", f"{STAGED}/"))), None)
    if first is not None:
        raise ConfigError(f"{name} is not empty ({first} is there): convert to a place of its own")
    refuse_overlapping(store)
