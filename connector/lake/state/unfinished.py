"""Lakes that are being made of another one: their mark, and what is done so far. All else refuses such a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.state.conversion import Made, Mark, latest, made_in, mark_in
from connector.core.state.stored_json import struct_to_json
from connector.errors import ConfigError
from connector.lake.paths import STATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.lake.stores.base import Store

NAME = "converting"
"""Folder of the state that such a lake has, and no other."""

FOLDER = f"{STATE}/{NAME}"

PATH = f"{FOLDER}/mark.json"
"""Where the mark is."""

_DONE = f"{FOLDER}/done"


def mark_of(store: Store) -> Mark | None:
    """Return a lake's mark; None for one that is not being made of another. Blocks.

    Raises:
        StateError: it cannot be understood.
        StorageError: it cannot be read.
    """
    there = store.read(PATH)
    return None if there is None else mark_in(there.data, PATH)


def refuse_unfinished(store: Store) -> None:
    """Refuse a lake that does not have yet what it is to have. Blocks.

    Raises:
        ConfigError: it is being made, or was, when its making was cut off.
        StateError: its mark cannot be understood.
        StorageError: it cannot be read.
    """
    mark = mark_of(store)
    if mark is not None and not mark.whole:
        raise ConfigError(
            "this lake is unfinished: `stripe-balance convert` is making it of another one, or was cut off; run that"
            " again, which goes on, or remove this lake's folder"
        )


def set_mark(store: Store, mark: Mark) -> None:
    """Say that a lake is being made; again, how far. Blocks."""
    store.write(PATH, struct_to_json(mark))


def note(store: Store, name: str, made: Iterable[Made]) -> None:
    """Note what is done, durably, with all files that it names. Blocks.

    Args:
        store: the new lake.
        name: of the note, no other's; of two that speak of the same, the one whose name sorts later counts.
        made: what was made.
    """
    store.write(f"{_DONE}/{name}.json", struct_to_json(tuple(made)))


def noted(store: Store) -> dict[tuple[str, str, str], Made]:
    """Return what is done so far. Blocks.

    Raises:
        StateError: it cannot be understood.
        StorageError: it cannot be read.
    """
    notes = (store.read(info.path) for info in sorted(store.list(_DONE)) if info.path.endswith(".json"))
    return latest(made for there in notes if there is not None for made in made_in(there.data, _DONE))


def end_mark(store: Store) -> None:
    """Take the mark back, last of all. Blocks."""
    for info in list(store.list(_DONE)):
        store.delete(info.path)
    store.delete(PATH)
