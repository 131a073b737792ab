"""The id that a lake has from its first record on: by it, somebody who was told of a lake knows it again."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from connector.core.documents import to_json
from connector.errors import CommitConflictError, ConfigError, StateError
from connector.lake.paths import STATE
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from connector.lake.stores.base import Store

PATH = f"{STATE}/lake.json"
"""Where it is."""


def lake_id(store: Store) -> str | None:
    """Return a lake's id, or None where there is no lake yet. Blocks.

    Raises:
        StateError: it cannot be understood.
        StorageError: it cannot be read.
    """
    there = store.read(PATH)
    if there is None:
        return None
    try:
        value = json.loads(there.data)["id"]
    except (ValueError, LookupError, TypeError) as error:
        raise StateError(f"{PATH} is damaged ({error!r}); restore it from a backup, or remove it") from error
    if not isinstance(value, str) or not value:
        raise StateError(f"{PATH} is damaged (its id is {value!r}); restore it from a backup, or remove it")
    return value


def begin_lake(store: Store, *, now: int) -> str:
    """Return a lake's id, and give it one if it has none yet. Blocks.

    Args:
        store: the lake.
        now: UTC seconds.

    Raises:
        StateError: the id that is there cannot be understood.
        StorageError: the destination refuses.
    """
    there = lake_id(store)
    if there is not None:
        return there
    document = new_lake(now)
    try:
        store.write(PATH, to_json(document), condition=ABSENT)
    except CommitConflictError:
        return lake_id(store) or document["id"]
    return document["id"]


def new_lake(now: int) -> dict[str, Any]:
    """Return what a lake says of itself that begins, with an id drawn for it.

    Args:
        now: UTC seconds.
    """
    return {"id": secrets.token_hex(8), "made": now}


def refuse_another(store: Store, wanted: str) -> None:
    """Refuse to work on another lake than the one that was planned for. Blocks.

    Raises:
        ConfigError: another lake is here, or none.
        StorageError: it cannot be read.
    """
    if lake_id(store) != wanted:
        raise ConfigError(
            f"this worker does not see the lake that the plan was made for ({wanted}): use a bucket, or a disk that all"
            " workers share"
        )
