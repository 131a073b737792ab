"""The file of `stream --follow --state`: replaced as a whole, held by one process at a time."""

from __future__ import annotations

import json
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connector.errors import ConfigError, LockedError
from connector.lake.stores.disk import at_disk, sync_file, sync_folder
from connector.lake.stores.locks import LOCK_FLAGS, LOCK_MODE, try_to_lock

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


@dataclass(frozen=True, slots=True)
class BookmarkFile:
    """Where a follower's bookmark is kept.

    Attributes:
        path: the file, or a link to it. It need not exist yet; its folder must.
    """

    path: Path

    @property
    def _file(self) -> Path:
        """The file itself, where the path is a link to it."""
        return Path(os.path.realpath(self.path))

    def read(self) -> dict[str, Any] | None:
        """Return the bookmark, or None when there is none.

        Raises:
            ConfigError: the file holds something else.
            StorageError: it cannot be read.
        """
        with at_disk(f"reading {self.path}"):
            try:
                is_file = stat.S_ISREG(self.path.stat().st_mode)  # a pipe would keep us waiting, a device without end
                text = self.path.read_bytes() if is_file else b""
            except FileNotFoundError:
                return None
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ConfigError(f"{self.path} is not a file that --state has written: name another, or remove it")
        return cast("dict[str, Any]", document)

    def write(self, document: Mapping[str, Any]) -> None:
        """Replace the file, durably: whatever happens, it is the old one or the new one.

        Raises:
            StorageError: it cannot be written.
        """
        file = self._file
        staged = file.with_name(f".{file.name}.staged")
        with at_disk(f"writing {self.path}"):
            staged.write_text(f"{json.dumps(document)}\n", "utf-8")
            sync_file(staged)
            staged.replace(file)
            sync_folder(file.parent)

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold the file for the length of the block, by a lock on a file beside it that ends with its process.

        Raises:
            LockedError: another process holds it.
            StorageError: the folder cannot be written.
        """
        lock = self._file.with_name(f".{self._file.name}.lock")
        with at_disk(f"locking {self.path}"):
            descriptor = os.open(lock, LOCK_FLAGS, LOCK_MODE)
        try:
            with at_disk(f"locking {self.path}"):
                if not try_to_lock(descriptor):
                    raise LockedError(
                        f"{self.path} is in use by another --follow: wait for it to end, or name another file"
                    )
            yield
        finally:
            os.close(descriptor)
