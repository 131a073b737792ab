"""A reader of the tree who looks whenever the store has done something, and expects whole partitions, no row twice."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from connector.core.state.partition import Granularity, partition_of
from connector.core.time.intervals import Intervals
from connector.lake.formats.formats import format_named
from connector.lake.formats.names import FORMAT_NAMES
from connector.lake.state.table_states import TABLE
from connector.lake.stores.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from tests.support.model import Entry


@dataclass
class Watcher:
    """What a reader has seen of one account, and what was wrong with it.

    What a reader sees changes when something is published or removed, and only then; at each of these steps he reads
    what is new to him.

    Attributes:
        asked: seconds that the lake was ever asked for, by the run under way too.
        settled: the first second whose rows need not be there yet.
        rows: those that were listed when the run began.
        looked: how often something was new.
        broken: what a reader met that is not whole, or twice.
    """

    asked: Intervals = field(default_factory=Intervals)
    settled: int = 0
    rows: Collection[Entry] = ()
    looked: int = 0
    broken: list[str] = field(default_factory=list)
    _held: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _stamps: dict[str, tuple[int, int]] = field(default_factory=dict)
    _alone: Lock = field(default_factory=Lock)

    def begin(self, lake: Path, asked: Intervals, settled: int, rows: Iterable[Entry]) -> None:
        """A run begins that is to bring rows that were listed by then; what others did to files is its to mend."""
        self._read(lake)
        self.asked, self.settled, self.rows = asked, settled, list(rows)

    def look(self, lake: Path) -> None:
        """Read what has changed: it, and every older partition that is visible, holds what it should."""
        with self._alone:
            if not (new := self._read(lake)):
                return
            self.looked += 1
            counts = Counter(name for names in self._held.values() for name in names)
            if twice := [name for name, count in counts.items() if count > 1]:
                self.broken.append(f"when {new} became visible, {twice} were there twice")
            for one in sorted(self._held):
                if one <= max(new) and (lacking := self._lacking(one)):
                    self.broken.append(f"when {new} became visible, {one} lacked {lacking}")

    def _read(self, lake: Path) -> list[str]:
        """Read the files that have changed, and return their paths."""
        there = dict(_data_files(lake / TABLE))
        for path in self._held.keys() - there.keys():
            del self._held[path], self._stamps[path]
        new = [path for path, stamp in there.items() if self._stamps.get(path) != stamp]
        for path in new:
            self._held[path], self._stamps[path] = tuple(_ids(path)), there[path]
        return new

    def _lacking(self, path: str) -> list[str]:
        label = path.split("/")[-2]
        granularity = next(one for one in Granularity if label.startswith(one.column))
        held = set(self._held[path])
        return [
            row.id
            for row in self.rows
            if row.created in self.asked
            and row.created < self.settled
            and partition_of(row.created, granularity).label == label
            and row.id not in held
        ]


class WatchedStore(LocalStore):
    """A folder; a reader looks after each step that may change what is in it."""

    watcher: Watcher

    def __init__(self, root: Path, watcher: Watcher) -> None:
        super().__init__(root)
        object.__setattr__(self, "watcher", watcher)

    def publish(self, *arguments: Any, **condition: Any) -> str:
        version = super().publish(*arguments, **condition)
        self.watcher.look(self.root)
        return version

    def delete(self, path: str) -> None:
        super().delete(path)
        self.watcher.look(self.root)


def _data_files(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the files that a glob finds, each with what tells that it is another one."""
    suffixes = tuple(f"part-0{form.suffix}" for form in map(format_named, FORMAT_NAMES))
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffixes):
                path = os.path.join(where, name)  # noqa: PTH118 - thousands of times
                with suppress(FileNotFoundError):
                    found = os.stat(path)  # noqa: PTH116 - as above
                    yield path, (found.st_ino, found.st_mtime_ns)


def _ids(path: str) -> Iterable[str]:
    form = next(one for one in map(format_named, FORMAT_NAMES) if path.endswith(f"part-0{one.suffix}"))
    with form.open_reader(path) as batches:
        return [name for batch in batches for name in batch.column("id").to_pylist()]
