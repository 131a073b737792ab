"""A reader of the tree who looks whenever a file becomes visible, and expects whole partitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.state.partition import Granularity, partition_of
from connector.core.time.intervals import Intervals
from connector.lake.formats.formats import format_named
from connector.lake.formats.names import FORMAT_NAMES
from connector.lake.state.table_states import TABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from connector.lake.stores.base import Store
    from tests.support.model import Entry


@dataclass
class Watcher:
    """What a reader has seen of one account, and what was wrong with it.

    Attributes:
        asked: seconds that the lake was ever asked for, by the run under way too.
        settled: the first second whose rows need not be there yet.
        rows: those that were listed when the run began.
        looked: how often a file became visible.
        broken: what a reader met that is not whole.
    """

    asked: Intervals = field(default_factory=Intervals)
    settled: int = 0
    rows: Collection[Entry] = ()
    looked: int = 0
    broken: list[str] = field(default_factory=list)
    _held: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def begin(self, asked: Intervals, settled: int, rows: Iterable[Entry]) -> None:
        """A run begins that is to bring rows that were listed by then."""
        self.asked, self.settled, self.rows = asked, settled, list(rows)

    def saw(self, store: Store, path: str) -> None:
        """Take a file in that has just become visible: it, and every older one, holds what it should."""
        if not path.startswith(f"{TABLE}/"):
            return
        self.looked += 1
        self._held[path] = tuple(_ids(store.address(path)))
        for one in sorted(self._held):
            if one <= path and (lacking := self._lacking(one)):
                self.broken.append(f"when {path} became visible, {one} lacked {lacking}")

    def _lacking(self, path: str) -> list[str]:
        label = path.split("/")[2]
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


def _ids(path: str | Path) -> Iterable[str]:
    form = next(one for one in map(format_named, FORMAT_NAMES) if str(path).endswith(f"part-0{one.suffix}"))
    with form.open_reader(path) as batches:
        return [name for batch in batches for name in batch.column("id").to_pylist()]
