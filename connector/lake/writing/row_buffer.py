"""Rows waiting for their partition to be complete, in bounded memory.

A batch waits as one Arrow message: a single piece of memory of exactly its size (as live Arrow arrays, the columns of a
page of 100 rows take nearly twice that), which can go to the temporary file and come back as it is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pyarrow.compute as pc

from connector.core.state.partition import in_order_of_time
from connector.lake.formats.row_columns import bounds_of, inside
from connector.lake.writing.runs import Place, Run, SetAside, SortedRuns
from connector.lake.writing.spill import SpillFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from connector.core.state.partition import PartitionKey
    from connector.core.time.intervals import Interval, Intervals

BUDGET = 32 * 2**20
"""Bytes of waiting rows kept in memory by default."""

_RUN_OVERHEAD = 400
"""Bytes a run takes beside its message, roughly: the objects that describe it."""


@dataclass(slots=True)
class Memory:
    """What rows may take, on all buffers that share it.

    Attributes:
        budget: bytes of rows to keep in memory, those taken and not yet released included. What describes rows that
            lie in the temporary file comes to half a byte a row, and is not counted.
        held: bytes of them that are.
        decoded: rows that wait to be encoded, beside them.
    """

    budget: int = BUDGET
    held: int = 0
    decoded: int = 0


class RowBuffer:
    """Holds runs by partition. One owner, one thread; only the runs taken from it may be read elsewhere.

    Args:
        folder: where the temporary file goes, if one is needed.
        memory: for the rows, which may be shared with other buffers; by default 32 MB of its own.
    """

    def __init__(self, folder: Path, *, memory: Memory | None = None) -> None:
        self.memory: Memory = memory or Memory()
        self._spill = SpillFile(folder)
        self._runs: defaultdict[PartitionKey, list[Run]] = defaultdict(list)
        self._aside: dict[PartitionKey, SetAside] = {}
        self._in_memory: defaultdict[PartitionKey, int] = defaultdict(int)
        self._held = 0
        self._count = 0

    @property
    def held(self) -> int:
        """Bytes of rows in memory, those taken and not yet released included."""
        return self._held

    def keys(self) -> set[PartitionKey]:
        """Return the partitions that have rows waiting."""
        return self._runs.keys() | self._aside.keys()

    def partitions(self) -> list[PartitionKey]:
        """Return the partitions that have rows waiting, oldest first."""
        return in_order_of_time(self.keys())

    def rows(self, key: PartitionKey) -> int:
        """Return how many rows wait for a partition."""
        aside = self._aside.get(key)
        return sum(run.rows for run in self._runs.get(key, ())) + (aside.rows if aside else 0)

    def put(self, key: PartitionKey, batch: pa.RecordBatch, span: Interval | None = None) -> None:
        """Take in rows of one partition, in any order; a page as it came is fine.

        Args:
            key: the partition.
            batch: its rows.
            span: the seconds from the first to the last, where known; looked up otherwise.

        Raises:
            StorageError: when memory is full and the disk does not take what does not fit. The rows are in the buffer
                all the same.
            ValueError: when a row belongs to another partition.
        """
        if batch.num_rows:
            self._add(key, batch, self._count, span)
            self._count += 1
            if self.memory.held > self.memory.budget:
                self._make_room()

    def take(self, key: PartitionKey, within: Intervals) -> SortedRuns:
        """Remove and return the rows of a partition whose `created` is in `within`; the others stay."""
        taken: list[Run] = []
        parted: list[Run] = []
        for run in self._runs.pop(key, ()):
            if within.covers(run.span):
                taken.append(run)
            elif within.touching(run.span):
                parted.append(run)
            else:
                self._runs[key].append(run)
        self._in_memory.pop(key, None)
        if key in self._runs:
            self._in_memory[key] = sum(run.size for run in self._runs[key])
        aside = self._aside.pop(key, None)
        if aside and not within.covers(aside.span):
            aside, left, others = aside.split(within)
            parted += others
            if left:
                self._aside[key] = left
        taken.extend(part for run in parted for part in self._split(key, run, within))
        return SortedRuns(taken, aside, self._let_go)

    def close(self) -> None:
        """Drop everything, and free the temporary file."""
        self._runs.clear()
        self._aside.clear()
        self._in_memory.clear()
        self._hold(-self._held)
        self._spill.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, key: PartitionKey, batch: pa.RecordBatch, order: int, span: Interval | None = None) -> None:
        run = _in_memory(batch, order, span)
        if not (key.start <= run.first and run.last < key.stop):
            raise ValueError(f"rows of [{run.first}, {run.last}] put under {key.label}")
        self._runs[key].append(run)
        self._in_memory[key] += run.size
        self._hold(_memory(run))

    def _hold(self, size: int) -> None:
        self._held += size
        self.memory.held += size

    def _split(self, key: PartitionKey, run: Run, within: Intervals) -> Iterator[Run]:
        """Put back the rows outside `within`, and yield those inside."""
        batch = run.open()
        mask = inside(batch.column("created"), within)
        chosen, left = batch.filter(mask), batch.filter(pc.invert(mask))
        self._let_go((run,))
        if left.num_rows:
            self._add(key, left, run.order)
        if chosen.num_rows:
            part = _in_memory(chosen, run.order)
            self._hold(_memory(part))
            yield part

    def _let_go(self, runs: Iterable[Run]) -> None:
        for run in runs:
            if isinstance(run.payload, Place):
                self._spill.give_back(run.payload.extent)
            else:
                self._hold(-_memory(run))

    def _make_room(self) -> None:
        """Move the largest partitions to the temporary file until half the budget is free, or all of them are there."""
        for key in sorted(self._in_memory, key=lambda key: self._in_memory[key], reverse=True):
            if self.memory.held <= self.memory.budget // 2:
                break
            runs = self._runs[key]
            extent = self._spill.write([run.payload for run in runs if not isinstance(run.payload, Place)])
            self._aside.setdefault(key, SetAside(self._spill, runs[0].schema)).add(runs, extent.offset)
            del self._runs[key], self._in_memory[key]
            self._let_go(runs)


def _in_memory(batch: pa.RecordBatch, order: int, span: Interval | None = None) -> Run:
    first, last = (span.start, span.stop - 1) if span else bounds_of(batch)
    return Run(first, last, batch.num_rows, order, batch.schema, batch.serialize())


def _memory(run: Run) -> int:
    return _RUN_OVERHEAD + run.size
