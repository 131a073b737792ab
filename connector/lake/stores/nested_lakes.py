"""Lakes that lie in each other: who reads the outer one by a pattern would count the rows of the inner one with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connector.core.state.tables import TABLES
from connector.lake.paths import STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TABLE_FOLDERS = frozenset(TABLES)
"""Names of the folders whose files readers are told to read."""

_OF_A_LAKE = TABLE_FOLDERS | {STATE}

RECORDS = f"{STATE}/state"
"""Folder that makes a folder a lake."""


def folders_around(folder: str) -> Sequence[str]:
    """Return the folders that a folder would be a part of if they held lakes, the innermost first.

    Args:
        folder: of a bucket, without slashes at its ends; so are those that are returned, empty for the whole bucket.
    """
    parts = folder.split("/")
    return ["/".join(parts[:at]) for at in reversed(range(len(parts))) if parts[at] in _OF_A_LAKE]


def lake_among(paths: Iterable[str]) -> str | None:
    """Return the folder of the first lake whose records are among some files; None where none are."""
    inner = f"/{RECORDS}/"
    return next((path.partition(inner)[0] for path in paths if inner in path), None)


def lake_around(place: Path) -> Path | None:
    """Return the lake on this disk one of whose own folders a place is, or is in.

    Args:
        place: absolute, its links followed. A lake that was made there before is let go on.
    """
    inner = [path for path in (place, *place.parents) if path.name in _OF_A_LAKE]
    lakes = [path.parent for path in inner if _is_lake(path.parent)]
    return lakes[0] if lakes and not _is_lake(place) else None


def lake_below(place: Path) -> Path | None:
    """Return a lake on this disk that lies in one of the folders that a lake in a place would have its tables in."""
    for name in sorted(TABLE_FOLDERS):
        for folder, _, _ in os.walk(place / name):
            if _is_lake(place / folder):
                return place / folder
    return None


def _is_lake(folder: Path) -> bool:
    return (folder / RECORDS).is_dir()
