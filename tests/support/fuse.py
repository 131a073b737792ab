"""A fuse between the program and its disk: at the nth write the disk is full, or the process is no more."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from connector.errors import StorageError
from connector.lake.state.table_states import TABLE
from tests.support.watching import WatchedStore, Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from connector.lake.stores.local import LocalStore


class Died(BaseException):
    """What is left of a process that was killed: nothing it does reaches the disk any more."""


class Fuse:
    """Stands between the program and its disk: at the nth write the disk is full, or the process is no more."""

    def __init__(self) -> None:
        self.left, self.error, self.after, self.blown = inf, StorageError("full"), False, False
        self.watcher = Watcher()
        self.undelivered: list[tuple[str, bytes]] = []

    def store(self, lake: Path, *, watched: bool = True) -> LocalStore:
        """A folder behind this fuse; a reader looks at it whenever it has changed."""
        fuse = self

        class Fused(WatchedStore):
            def write(self, path: str, data: bytes, **condition: Any) -> Any:
                dead = fuse.blown
                try:
                    return fuse.through(super().write, path, data, **condition)
                except Died:
                    if f"/state/{TABLE}/" in path and not dead:  # it was on its way when the process died
                        fuse.undelivered.append((path, data))
                    raise

            def publish(self, *arguments: Any, **condition: Any) -> Any:
                return fuse.through(super().publish, *arguments, **condition)

            def delete(self, *arguments: Any) -> Any:
                kills = isinstance(fuse.error, Died)  # a full disk takes this
                return fuse.through(super().delete, *arguments) if kills else super().delete(*arguments)

            def staging(self, *arguments: Any) -> Any:
                return fuse.through(super().staging, *arguments)

        return Fused(lake, fuse.watcher if watched else Blind())

    def light(self, left: float, error: BaseException, *, after: bool = False) -> None:
        """Blow at the write number `left` from now, before it or after; a full disk refuses once, death is for good."""
        self.left, self.error, self.after, self.blown = left, error, after, False

    def out(self) -> None:
        """No fuse burns."""
        self.light(inf, StorageError("full"))

    def through(self, function: Any, *arguments: Any, **more: Any) -> Any:
        """Call what writes, unless the fuse blows."""
        self.left -= 1
        if self.blown and isinstance(self.error, Died):
            raise self.error
        if self.left == 0:
            self.blown = True
            if self.after:
                function(*arguments, **more)
            raise self.error
        return function(*arguments, **more)


class Blind(Watcher):
    """A reader who looks at nothing."""

    def look(self, lake: Path) -> None:
        pass
