"""Rows waiting for their partition to be complete, in bounded memory.

A batch waits as one Arrow message: a single piece of memory of exactly its size (as live Arrow arrays, the columns of a
page of 100 rows take nearly twice that), which can go to the temporary file and come back as it is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.state.partition import in_order_of_time
from connector.core.time.intervals import Interval, Intervals
from connector.lake.formats.row_columns import bounds_of, inside
from connector.lake.writing.spill import Extent, SpillFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connector.core.state.partition import PartitionKey

BUDGET = 32 * 2**20
"""Bytes of waiting rows kept in memory by default."""

_RUN_OVERHEAD = 400
"""Bytes a run takes beside its message, roughly: the objects that describe it."""


@dataclass(slots=True)
class Memory:
    """What rows may take, on all buffers that share it.

    Attributes:
        budget: bytes of rows to keep in memory, those taken and not yet released included.
        held: bytes of them that are.
        decoded: rows that wait to be encoded, beside them.
    """

    budget: int = BUDGET
    held: int = 0
    decoded: int = 0


@dataclass(eq=False, slots=True)
class Run:
    """Some rows of one partition, in any order, close together in time.

    Attributes:
        first: earliest `created`, UTC seconds.
        last: latest `created`.
        rows: how many, at least 1.
        order: how many runs were put before it; of two rows with one id, the one put later counts.
        schema: of the rows.
        payload: the rows as an Arrow message, or where that lies in the temporary file.
    """

    first: int
    last: int
    rows: int
    order: int
    schema: pa.Schema
    payload: pa.Buffer | _Place

    @property
    def span(self) -> Interval:
        """The seconds from the first row to the last."""
        return Interval(self.first, self.last + 1)

    @property
    def size(self) -> int:
        """Bytes of the message, wherever it is."""
        return self.payload.extent.length if isinstance(self.payload, _Place) else self.payload.size

    def open(self) -> pa.RecordBatch:
        """Return the rows; any thread may ask, as often as it likes, until the run is released.

        Raises:
            StorageError: when the temporary file cannot be read.
        """
        message = self.payload.read() if isinstance(self.payload, _Place) else self.payload
        return pa.ipc.read_record_batch(message, self.schema)


class SortedRuns:
    """What was taken from the buffer, in order of the first row. It keeps its space until released: use as a block."""

    def __init__(self, runs: tuple[Run, ...], release: Callable[[SortedRuns], None]) -> None:
        self._runs = runs
        self._release = release

    @property
    def rows(self) -> int:
        """Rows in all runs."""
        return sum(run.rows for run in self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def release(self) -> None:
        """Let go of the rows, on the thread that owns the buffer; doing it again does nothing."""
        self._release(self)
        self._runs = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


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
        self._in_memory: defaultdict[PartitionKey, int] = defaultdict(int)
        self._held = 0
        self._count = 0

    @property
    def held(self) -> int:
        """Bytes of rows in memory, those taken and not yet released included."""
        return self._held

    @property
    def spilled(self) -> int:
        """Size of the temporary file in bytes."""
        return self._spill.bytes

    def keys(self) -> set[PartitionKey]:
        """Return the partitions that have rows waiting."""
        return set(self._runs)

    def partitions(self) -> list[PartitionKey]:
        """Return the partitions that have rows waiting, oldest first."""
        return in_order_of_time(self._runs)

    def rows(self, key: PartitionKey) -> int:
        """Return how many rows wait for a partition."""
        return sum(run.rows for run in self._runs.get(key, ()))

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
        for run in self._runs.pop(key, ()):
            if within.covers(run.span):
                taken.append(run)
            elif not within.touching(run.span):
                self._runs[key].append(run)
            else:
                taken.extend(self._split(key, run, within))
        self._in_memory[key] = sum(_message_bytes(run) for run in self._runs.get(key, ()))
        return SortedRuns(tuple(sorted(taken, key=lambda run: (run.first, run.order))), self._let_go)

    def close(self) -> None:
        """Drop everything, and free the temporary file."""
        self._runs.clear()
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
        self._in_memory[key] += _message_bytes(run)
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

    def _let_go(self, runs: SortedRuns | tuple[Run, ...]) -> None:
        for run in runs:
            self._hold(-_memory(run))
            if isinstance(run.payload, _Place):
                run.payload.release()

    def _make_room(self) -> None:
        """Move the largest partitions to the temporary file until half the budget is free, or all of them are there."""
        for key in sorted(self._in_memory, key=lambda key: self._in_memory[key], reverse=True):
            if self.memory.held <= self.memory.budget // 2 or not self._in_memory[key]:
                break
            runs = [(run, run.payload) for run in self._runs[key] if not isinstance(run.payload, _Place)]
            shared = _Shared(self._spill, self._spill.write([message for _, message in runs]), len(runs))
            offset = shared.extent.offset
            for run, message in runs:
                run.payload = _Place(shared, Extent(offset, message.size))
                offset += message.size
                self._hold(-message.size)
            del self._in_memory[key]


class _Shared:
    """An extent of the temporary file that several runs lie in; freed with the last of them."""

    def __init__(self, spill: SpillFile, extent: Extent, users: int) -> None:
        self.spill = spill
        self.extent = extent
        self.users = users


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run lies in the temporary file."""

    shared: _Shared
    extent: Extent

    def read(self) -> pa.Buffer:
        return self.shared.spill.read(self.extent)

    def release(self) -> None:
        self.shared.users -= 1
        if self.shared.users == 0:
            self.shared.spill.give_back(self.shared.extent)


def _in_memory(batch: pa.RecordBatch, order: int, span: Interval | None = None) -> Run:
    first, last = (span.start, span.stop - 1) if span else bounds_of(batch)
    return Run(first, last, batch.num_rows, order, batch.schema, batch.serialize())


def _memory(run: Run) -> int:
    return _RUN_OVERHEAD + _message_bytes(run)


def _message_bytes(run: Run) -> int:
    return 0 if isinstance(run.payload, _Place) else run.size
