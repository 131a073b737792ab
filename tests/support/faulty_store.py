"""A store in memory that does what stores do: answers that are lost, puts that come late, refusals, old listings.

What its methods raise then is what `Store` says that they may. Data files that a reader would see are in a folder, too,
for whoever looks at them as engines do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from connector.errors import CommitConflictError, CommitUnknownError, StorageError
from connector.lake.paths import STATE
from connector.lake.stores.conditions import ANY
from tests.support.memory_store import MemoryStore

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connector.lake.paths import FileInfo
    from connector.lake.stores.conditions import Condition

KINDS = ("cut", "late", "refused", "busy")
"""The answer to a put is lost, once it was carried out; nothing is known of it, and it is carried out later; it is
refused, once it was carried out; the store is too busy for it."""

LISTED_AFTER = 3
"""Listings after which a new file is in one, where listings are old."""


@dataclass
class Faults:
    """What goes wrong with puts and listings.

    Attributes:
        chance: draws it; None where all is well.
        one_in: puts of which one goes wrong.
        seen: how often something did.
        held: puts that are still on their way.
    """

    chance: random.Random | None = None
    one_in: int = 8
    seen: int = 0
    held: list[Callable[[], bool]] = field(default_factory=list)

    def draw(self) -> str | None:
        """Say what becomes of a put."""
        if self.chance is None or self.chance.randrange(self.one_in):
            return None
        self.seen += 1
        return self.chance.choice(KINDS)

    def arrive(self) -> int:
        """Let everything arrive that is on its way, and return how much of it was carried out."""
        held, self.held = self.held, []
        return sum(put() for put in held)


class FaultyStore(MemoryStore):
    """A store in memory with faults.

    Attributes:
        faults: what goes wrong.
        shown: the folder in which data files are, as readers see them.
        through: what each write goes through; see `Fuse`.
        look: called whenever what readers see may be another.
    """

    def __init__(
        self, scratch: Path, faults: Faults, shown: Path, through: Callable[..., Any], look: Callable[[], None]
    ) -> None:
        super().__init__(scratch)
        self.faults, self.shown, self.through, self.look = faults, shown, through, look
        self._listings = 0
        self._since: dict[str, int] = {}
        self._showing = Lock()

    def staging(self, path: str) -> Path:
        return self.through(super().staging, path)

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        return self.through(self._put, path, data, condition)

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        version = self.through(self._put, path, staged.read_bytes(), condition)
        staged.unlink()
        return version

    def delete(self, path: str) -> None:
        self.through(self._removed, path)

    def list(self, prefix: str) -> Iterator[FileInfo]:
        self._listings += 1
        late = LISTED_AFTER if self.faults.chance is not None else 0
        for info in super().list(prefix):
            if self._listings > self._since.get(info.path, 0) + late:
                yield info

    def _put(self, path: str, data: bytes, condition: Condition) -> str:
        fault = self.faults.draw()
        if fault == "busy":
            raise StorageError(f"writing {path}: the store did not answer as it should")
        if fault == "late":
            self.faults.held.append(partial(self._late, path, data, condition))
            raise CommitUnknownError(f"writing {path}: whether it was written is not known")
        version = self._carried_out(path, data, condition)
        if fault == "cut":
            raise CommitUnknownError(f"writing {path}: whether it was written is not known")
        if fault == "refused":
            raise CommitConflictError(f"{path} was changed by another writer meanwhile")
        return version

    def _late(self, path: str, data: bytes, condition: Condition) -> bool:
        try:
            self._carried_out(path, data, condition)
        except CommitConflictError:
            return False
        return True

    def _carried_out(self, path: str, data: bytes, condition: Condition) -> str:
        new = path not in self.files
        version = MemoryStore.write(self, path, data, condition=condition)
        if new:
            self._since[path] = self._listings
        self._show(path, data)
        return version

    def _removed(self, path: str) -> None:
        MemoryStore.delete(self, path)
        self._show(path, None)

    def _show(self, path: str, data: bytes | None) -> None:
        if path.startswith(STATE):
            return
        with self._showing:
            where = self.shown / path
            where.parent.mkdir(parents=True, exist_ok=True)
            if data is None:
                where.unlink(missing_ok=True)
            else:
                staged = where.with_name(f".{where.name}")
                staged.write_bytes(data)
                staged.replace(where)
        self.look()
