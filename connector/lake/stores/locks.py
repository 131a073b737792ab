"""The operating system's lock on an open file: it ends with the process that holds it, however that ends.

Raises:
    ConfigError: on import, where the system has none. No run could be kept from writing into another's lake.
"""

from __future__ import annotations

import errno
import os
import platform

from connector.errors import ConfigError, StorageError
from connector.lake.stores.disk import UNSUPPORTED

try:
    import fcntl
except ImportError as _error:
    raise ConfigError(
        "lakes are for Linux and macOS only: they are held by locks (fcntl) that Python does not have on"
        f" {platform.system() or 'this system'}; on Windows, run it in WSL or a container"
    ) from _error


LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
"""How a file is opened that is there to be locked: for writing, without which NFS locks nothing."""

LOCK_MODE = 0o666
"""Permissions of such a file, less what the umask takes away: a group that shares a lake shares its locks."""


def try_to_lock(descriptor: int) -> bool:
    """Take the lock, and say whether that went well; it does not while another process has it.

    Raises:
        StorageError: the file system has no locks, so two runs would not know of each other.
        OSError: anything else.
    """
    try:
        _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock(descriptor: int) -> None:
    """Take the lock, once whoever has it gives it back; raises what `try_to_lock` raises."""
    _flock(descriptor, fcntl.LOCK_EX)


def unlock(descriptor: int) -> None:
    """Give the lock back; closing the file is not enough where the process was forked meanwhile."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _flock(descriptor: int, how: int) -> None:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in UNSUPPORTED | {errno.ENOLCK}:
            raise
        raise StorageError(
            f"this file system has no locks (flock: {error.strerror}), and two runs at once would spoil the lake:"
            " use a local disk, or mount it with locks (NFS: with its lock service; Lustre: with -o flock)"
        ) from error
