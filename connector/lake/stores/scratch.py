"""A folder of this process on the local disk, for files on their way to a bucket; it goes with the process.

A process that is killed removes nothing. So the folder is held by a lock, which ends with its process however that
ends, and whoever makes one removes those of the same user that nobody holds: no account's rows stay in `/tmp`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import StorageError
from connector.lake.stores.locks import try_to_lock
from connector.lake.stores.temporary import at_temporary

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = ".stripe-balance-scratch-"

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Scratch:
    """A folder for temporary files, empty at first; removed when this is no longer used, in the process that made it.

    Attributes:
        lock: takes the lock of an open folder, and says whether nobody else has it; as `try_to_lock` does.
        path: where it is.

    Raises:
        StorageError: it cannot be made.
    """

    lock: Callable[[int], bool] = try_to_lock
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self._remove_left_behind()
        with at_temporary("keeping what is on its way to a bucket"):
            path, descriptor = self._held_folder()
        object.__setattr__(self, "path", path)
        weakref.finalize(self, _end, path, descriptor, os.getpid())

    def _held_folder(self) -> tuple[Path, int]:
        """Make a folder and lock it; another one where it was taken for left behind between the two."""
        while True:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            with suppress(FileNotFoundError):
                descriptor = os.open(folder, _FLAGS)
                if self._is_free(descriptor) is not False and folder.exists():
                    return folder, descriptor
                os.close(descriptor)

    def _remove_left_behind(self) -> None:
        """Remove the folders of this user whose processes are gone; what cannot be looked at stays."""
        with suppress(OSError):
            for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
                with suppress(OSError):
                    self._remove_unheld(folder)

    def _remove_unheld(self, folder: Path) -> None:
        descriptor = os.open(folder, _FLAGS)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid() and self._is_free(descriptor):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)

    def _is_free(self, descriptor: int) -> bool | None:
        """Say whether nobody held a folder, and hold it; None where this file system has no locks."""
        try:
            return self.lock(descriptor)
        except (StorageError, OSError):
            return None


def _end(folder: Path, descriptor: int, process: int) -> None:
    if os.getpid() != process:  # forked: the folder is its parent's
        return
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        os.close(descriptor)
