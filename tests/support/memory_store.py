"""A destination in memory: for tests of what is decided by what a store answers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from connector.core.state.unnamed import Unnamed
from connector.errors import CommitConflictError
from connector.lake.paths import FileInfo, checked_path
from connector.lake.stores.conditions import ABSENT, ANY, Content
from connector.lake.stores.staged_names import staged_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator
    from pathlib import Path

    from connector.lake.stores.conditions import Condition


@dataclass(eq=False)
class MemoryStore:
    """A `Store` whose files are in memory; what is staged is on the disk, as with every store.

    Attributes:
        scratch: where what is staged is.
        clock: says what `FileInfo.changed` is to be of a file that is written now, in nanoseconds.
        files: content by path.
    """

    scratch: Path
    clock: count[int] = field(default_factory=lambda: count(1))
    files: dict[str, Content] = field(default_factory=dict)
    _changed: dict[str, int] = field(default_factory=dict)
    _versions: count[int] = field(default_factory=lambda: count(1))
    _lock: Lock = field(default_factory=Lock)

    @property
    def lacks(self) -> Collection[str]:
        return ()

    def of_run(self, run: str) -> MemoryStore:
        return self

    def clear(self, may_take: Callable[[str, int], bool]) -> None:
        pass

    @property
    def at_once(self) -> int:
        return 1

    @property
    def versions_last(self) -> bool:
        return True

    def look_again(self) -> None:
        pass

    def version(self, path: str) -> str | None:
        there = self.read(path)
        return None if there is None else there.version

    def read(self, path: str) -> Content | None:
        return self.files.get(checked_path(path))

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        checked_path(path)
        with self._lock:
            there = self.files.get(path)
            found = ABSENT if there is None else there.version
            if condition not in {ANY, found}:
                raise CommitConflictError(f"{path} was changed by another writer meanwhile")
            self.files[path] = Content(data, f"{next(self._versions)}")
            self._changed[path] = next(self.clock)
            return self.files[path].version

    def staging(self, path: str) -> Path:
        return self.scratch / staged_name(path)

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        version = self.write(path, staged.read_bytes(), condition=condition)
        staged.unlink()
        return version

    def delete(self, path: str) -> None:
        self.files.pop(checked_path(path), None)

    def list(self, prefix: str) -> Iterator[FileInfo]:
        checked_path(prefix)
        for path, there in sorted(self.files.items()):
            if path.startswith(f"{prefix}/") and not path.rpartition("/")[2].startswith("."):
                yield FileInfo(path, len(there.data), self._changed[path])

    def names(self, prefix: str) -> list[str]:
        below = (info.path.removeprefix(f"{prefix}/") for info in self.list(prefix))
        return [name for name in below if "/" not in name]

    def info(self, path: str) -> FileInfo | None:
        return next((info for info in self.list(path.rpartition("/")[0]) if info.path == path), None)

    def besides(self, prefix: str, known: Collection[str]) -> Iterator[Unnamed]:
        for path, there in sorted(self.files.items()):
            if path.startswith(f"{prefix}/") and path not in known:
                yield Unnamed(path, len(there.data))

    def folders(self, prefix: str, *, among: Collection[str] | None = None) -> list[str]:
        below = [info.path.removeprefix(f"{prefix}/") for info in self.list(prefix)]
        names = sorted({path.partition("/")[0] for path in below if "/" in path})
        return names if among is None else [name for name in names if name in among]

    @contextmanager
    def opened(self, path: str) -> Generator[Path | None]:
        there = self.read(path)
        if there is None:
            yield None
            return
        local = self.staging(path)
        local.write_bytes(there.data)
        try:
            yield local
        finally:
            local.unlink()

    def other_lake(self) -> str | None:
        return None

    def address(self, path: str) -> str:
        return f"memory://{checked_path(path)}"

    @contextmanager
    def turn(self, folder: str) -> Generator[bool]:
        checked_path(folder)
        yield False
