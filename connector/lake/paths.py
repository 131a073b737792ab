"""Names inside a destination: relative, with forward slashes, and never leading out of it."""

from __future__ import annotations

from dataclasses import dataclass

STATE = "_stripe_balance"
"""Folder of everything that is not data. Hive, Spark and pyarrow skip names with a leading underscore."""

PARKED = f"{STATE}/parked"
"""Folder of rows that were read and are not visible yet."""

RUNS = f"{STATE}/runs"
"""Folder of the run reports."""


STAGED = f"{STATE}/staging"
"""Folder of the files that runs are writing."""

LEASES = f"{STATE}/leases"
"""Folder of the leases: one file for each run at work."""


@dataclass(frozen=True, slots=True, order=True)
class FileInfo:
    """A visible file.

    Attributes:
        path: relative to the destination, with forward slashes.
        bytes: its size.
        changed: when it was last changed in any way (its content, its name), in nanoseconds of the store's own clock.
    """

    path: str
    bytes: int
    changed: int = 0


def checked_path(path: str) -> str:
    """Return the path if it is relative, clean and stays inside the destination.

    Raises:
        ValueError: for an absolute path, `..`, an empty part, a backslash or a control character.
    """
    if not is_clean(path):
        raise ValueError(f"{path!r} is not a clean relative path")
    return path


def is_clean(path: str) -> bool:
    """Say whether a path is relative, clean and stays inside the destination; see `checked_path`."""
    return is_clean_name(path) and not any(part in {"", ".", ".."} for part in path.split("/"))


def is_clean_name(name: str) -> bool:
    """Say whether a name that a file has in its folder may be part of a path; see `checked_path`."""
    return "\\" not in name and name.isprintable()
