"""Several writers at once, one call of the store at a time, in an order that a test draws; stores that answer badly.

Each writer is a thread that waits before every call until it is let go on, so a schedule gives the same run each time.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any

from connector.errors import CommitConflictError, CommitUnknownError, StorageError
from connector.lake.stores.conditions import ANY
from tests.support.fakes import ENDLESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Condition, Content

FAULTS = ("lost", "late", "refused", "taken", "full")
"""What may become of a put: it is carried out and its answer is lost; its answer is lost and it arrives later; it does
not arrive; it is carried out and its own success is told as somebody else's; it fails and says so."""


class KilledError(BaseException):
    """The writer's process is no more."""


@dataclass
class Writer:
    """A writer's thread, and when it may go on."""

    act: Callable[[Writer], None]
    kills_at: int = 0
    faults: dict[int, str] = field(default_factory=dict)
    calls: int = 0
    puts: int = 0
    waiting: bool = False
    done: bool = False
    error: BaseException | None = None
    go: Semaphore = field(default_factory=lambda: Semaphore(0))
    back: Semaphore = field(default_factory=lambda: Semaphore(0))

    def step(self) -> None:
        """Wait until it is this writer's turn to do one thing."""
        self.back.release()
        self.go.acquire()
        self.calls += 1
        if self.kills_at and self.calls >= self.kills_at:
            raise KilledError

    def run(self) -> None:
        """Do all there is to do."""
        self.go.acquire()
        try:
            self.act(self)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.error = error
        self.done = True
        self.back.release()


def in_this_order(writers: Sequence[Writer], order: Sequence[int], between: Callable[[int], None]) -> None:
    """Let writers go on in an order, one call at a time; when the order is at its end, in turn.

    Args:
        writers: they all come to their end.
        order: numbers that choose among those that are not done yet.
        between: told before each step which number was drawn, -1 after the order's end.
    """
    threads = [Thread(target=one.run, daemon=True) for one in writers]
    for thread in threads:
        thread.start()
    for position in range(100_000):
        alive = [one for one in writers if not one.done]
        if not alive:
            break
        drawn = order[position] if position < len(order) else -1
        between(drawn)
        chosen = alive[drawn % len(alive)] if drawn >= 0 else alive[position % len(alive)]
        chosen.go.release()
        assert chosen.back.acquire(timeout=ENDLESS_SECONDS)
    for thread in threads:
        thread.join(ENDLESS_SECONDS)
        assert not thread.is_alive()


@dataclass(eq=False)
class ScheduledStore:
    """A writer's view of a store.

    Attributes:
        store: the store that all share.
        writer: whose view it is.
        late: puts that are still under way, of all writers.
        turns: folders whose turn somebody has; None for a store that has none.
    """

    store: Store
    writer: Writer
    late: list[Callable[[], Any]]
    turns: dict[str, Writer] | None

    @property
    def scratch(self) -> Path:
        return self.store.scratch

    @property
    def at_once(self) -> int:
        return self.store.at_once

    @property
    def versions_last(self) -> bool:
        return self.store.versions_last

    def look_again(self) -> None:
        pass

    def read(self, path: str) -> Content | None:
        self.writer.step()
        return self.store.read(path)

    def version(self, path: str) -> str | None:
        self.writer.step()
        return self.store.version(path)

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        return self._put(lambda: self.store.write(path, data, condition=condition), path)

    def staging(self, path: str) -> Path:
        return self.store.staging(path)

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        data = staged.read_bytes()

        def put() -> str:
            copy = self.store.staging(path)
            copy.write_bytes(data)
            try:
                return self.store.publish(copy, path, condition=condition)
            finally:
                copy.unlink(missing_ok=True)

        version = self._put(put, path)
        staged.unlink(missing_ok=True)
        return version

    def delete(self, path: str) -> None:
        self.writer.step()
        self.store.delete(path)

    def list(self, prefix: str) -> Iterator[FileInfo]:
        self.writer.step()
        yield from list(self.store.list(prefix))

    def names(self, prefix: str) -> list[str]:
        self.writer.step()
        return self.store.names(prefix)

    def info(self, path: str) -> FileInfo | None:
        self.writer.step()
        return self.store.info(path)

    def folders(self, prefix: str, *, among: Collection[str] | None = None) -> list[str]:
        self.writer.step()
        return self.store.folders(prefix, among=among)

    def opened(self, path: str) -> AbstractContextManager[Path | None]:
        self.writer.step()
        return self.store.opened(path)

    @contextmanager
    def turn(self, folder: str) -> Generator[bool]:
        if self.turns is None:
            yield False
            return
        self.writer.step()
        while (holder := self.turns.get(folder)) is not None and not holder.done:
            self.writer.step()
        self.turns[folder] = self.writer
        try:
            yield True
        finally:
            del self.turns[folder]

    def _put(self, put: Callable[[], str], path: str) -> str:
        self.writer.step()
        self.writer.puts += 1
        fault = self.writer.faults.get(self.writer.puts)
        if fault == "late":
            self.late.append(put)
        if fault in {"lost", "taken"}:
            put()
        if fault == "taken":
            raise CommitConflictError(f"{path} was changed by another writer meanwhile")
        if fault == "full":
            raise StorageError("full")
        if fault is not None:
            raise CommitUnknownError(f"writing {path}: no answer")
        return put()


def arrive(late: list[Callable[[], Any]], which: int) -> None:
    """Let one of the puts that are under way arrive, on whatever is there by then."""
    put = late.pop(which % len(late))
    try:
        put()
    except CommitConflictError:
        return
