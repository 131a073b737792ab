"""The seam to the folder for temporary files: what goes wrong there is told as that, not as the lake's."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from connector.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Generator

_REMEDY = "give it a folder for temporary files that can be written and has room: TMPDIR names it, else it is /tmp"


@contextmanager
def at_temporary(doing: str) -> Generator[None]:
    """Turn what goes wrong in a block that is about temporary files alone into a `StorageError`.

    Args:
        doing: what was being done, to begin the message with, for example `setting ids aside`.

    Raises:
        StorageError: the folder for them is not there, cannot be written, or is full.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise StorageError(f"{doing} in a temporary file: {_reason(error)}: {_REMEDY}") from error


@contextmanager
def temporary_database(doing: str) -> Generator[sqlite3.Connection]:
    """Offer a database for a block: in memory while it is small, else in a temporary file without a name.

    Args:
        doing: what it is for, for messages.

    Raises:
        StorageError: there is no room for it.
    """
    with closing(sqlite3.connect("")) as database:
        database.execute("pragma journal_mode = off")
        try:
            yield database
        except sqlite3.OperationalError as error:
            raise StorageError(f"{doing} in a temporary file: {_reason(error)}: {_REMEDY}") from error


def _reason(error: OSError | sqlite3.OperationalError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
