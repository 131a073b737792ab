"""Names of files that are being written, of which there are thousands at once while many accounts are read."""

from __future__ import annotations

import os
import secrets
from itertools import count

from connector.lake.paths import checked_path

_numbers = count()


def staged_name(path: str) -> str:
    """Return a name for what shall become `path` that no other file has, or gets: readers skip it.

    Within a process a number makes it so, and not chance: of the hundred thousand names that a load of many accounts
    takes, two of 32 random bits would be alike. Between processes, and machines, it is the process and 64 such bits.

    Raises:
        ValueError: the path is none; see `checked_path`.
    """
    name = checked_path(path).rpartition("/")[2]
    return f".{name}.{os.getpid()}-{next(_numbers)}-{secrets.token_hex(8)}.staged"
