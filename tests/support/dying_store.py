"""A destination that dies at a chosen write, as a machine does: nothing after it reaches the disk."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.lake.stores.conditions import ANY
from connector.lake.stores.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from connector.core.state.unnamed import Unnamed
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Condition, Content


class DiedError(BaseException):
    """The machine went away."""


@dataclass
class DyingStore:
    """A `Store` that dies when a write begins, or when it has just become durable.

    Attributes:
        root: the folder; where the store is another's, nothing is written there.
        dies_at: number of the step, from 1, that it dies at; each write has two, before and after.
        steps: how many there have been.
        over: the store that it writes to, where that is not the folder.
    """

    root: Path
    dies_at: int = 0
    steps: int = 0
    over: Store | None = None
    _store: Store = field(init=False)

    def __post_init__(self) -> None:
        self._store = self.over or LocalStore(self.root)

    @property
    def scratch(self) -> Path:
        return self._store.scratch

    def of_run(self, run: str) -> DyingStore:
        self._store = self._store.of_run(run)
        return self

    def clear(self, may_take: Callable[[str, int], bool]) -> None:
        with self._step():
            self._store.clear(may_take)

    @property
    def lacks(self) -> Collection[str]:
        return self._store.lacks

    @property
    def at_once(self) -> int:
        return self._store.at_once

    @property
    def versions_last(self) -> bool:
        return self._store.versions_last

    def look_again(self) -> None:
        pass

    def version(self, path: str) -> str | None:
        return self._store.version(path)

    def read(self, path: str) -> Content | None:
        return self._store.read(path)

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        with self._step():
            return self._store.write(path, data, condition=condition)

    def staging(self, path: str) -> Path:
        return self._store.staging(path)

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        with self._step():
            return self._store.publish(staged, path, condition=condition)

    def delete(self, path: str) -> None:
        with self._step():
            self._store.delete(path)

    def list(self, prefix: str) -> Iterator[FileInfo]:
        return self._store.list(prefix)

    def names(self, prefix: str) -> list[str]:
        return self._store.names(prefix)

    def info(self, path: str) -> FileInfo | None:
        return self._store.info(path)

    def besides(self, prefix: str, known: Collection[str]) -> Iterator[Unnamed]:
        return self._store.besides(prefix, known)

    def folders(self, prefix: str, *, among: Collection[str] | None = None) -> list[str]:
        return self._store.folders(prefix, among=among)

    def opened(self, path: str) -> AbstractContextManager[Path | None]:
        return self._store.opened(path)

    def other_lake(self) -> str | None:
        return self._store.other_lake()

    def address(self, path: str) -> str:
        return self._store.address(path)

    def turn(self, folder: str) -> AbstractContextManager[bool]:
        return self._store.turn(folder)

    @contextmanager
    def _step(self) -> Generator[None]:
        self._live()
        yield
        self._live()

    def _live(self) -> None:
        self.steps += 1
        if self.dies_at and self.steps >= self.dies_at:
            raise DiedError
