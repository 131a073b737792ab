"""Rows of one partition that wait: in memory as an Arrow message each page, in the temporary file as six numbers each.

A day of millions of rows is tens of thousands of pages. What lies in the file is described by 48 bytes a page, where
objects would take ten times as much.
"""

from __future__ import annotations

import heapq
from array import array
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from connector.core.time.intervals import Interval
from connector.lake.writing.spill import Extent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from connector.core.time.intervals import Intervals
    from connector.lake.writing.spill import SpillFile

_IN_ORDER = attrgetter("first", "order")


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
    payload: pa.Buffer | Place

    @property
    def span(self) -> Interval:
        """The seconds from the first row to the last."""
        return Interval(self.first, self.last + 1)

    @property
    def size(self) -> int:
        """Bytes of the message, wherever it is."""
        return self.payload.extent.length if isinstance(self.payload, Place) else self.payload.size

    def open(self) -> pa.RecordBatch:
        """Return the rows; any thread may ask, as often as it likes, until the run is released.

        Raises:
            StorageError: when the temporary file cannot be read.
        """
        message = self.payload.read() if isinstance(self.payload, Place) else self.payload
        return pa.ipc.read_record_batch(message, self.schema)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run lies in the temporary file."""

    spill: SpillFile
    extent: Extent

    def read(self) -> pa.Buffer:
        """Return the message.

        Raises:
            StorageError: when the temporary file cannot be read.
        """
        return self.spill.read(self.extent)


_NUMBERS = 6


@dataclass(eq=False, slots=True)
class SetAside:
    """Runs of one partition that lie in the temporary file.

    Attributes:
        spill: the file.
        schema: of their rows.
        numbers: of each run `first`, `last`, `rows`, `order`, and the offset and the length of its message.
    """

    spill: SpillFile
    schema: pa.Schema
    numbers: array[int] = field(default_factory=lambda: array("q"))

    @property
    def rows(self) -> int:
        """Rows in all of them."""
        return sum(self.numbers[2::_NUMBERS])

    @property
    def span(self) -> Interval:
        """The seconds from the first row of all to the last, once there are any."""
        return Interval(min(self.numbers[0::_NUMBERS]), max(self.numbers[1::_NUMBERS]) + 1)

    def add(self, runs: Iterable[Run], offset: int) -> None:
        """Note runs whose messages were written one after the other, from an offset on."""
        for run in runs:
            self.numbers.extend((run.first, run.last, run.rows, run.order, offset, run.size))
            offset += run.size

    def split(self, within: Intervals) -> tuple[Self, Self, list[Run]]:
        """Return the runs all of whose seconds are in a set, those with none of them, and those with some."""
        inside, outside, parted = array("q"), array("q"), list[Run]()
        for at in range(len(self)):
            run = self._run(at)
            if not within.covers(run.span) and within.touching(run.span):
                parted.append(run)
            else:
                chosen = inside if within.covers(run.span) else outside
                chosen.extend(self.numbers[at * _NUMBERS : (at + 1) * _NUMBERS])
        return replace(self, numbers=inside), replace(self, numbers=outside), parted

    def release(self) -> None:
        """Give back the space of all of them, on the thread that owns the file."""
        for extent in self._stretches():
            self.spill.give_back(extent)
        self.numbers = array("q")

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs in order of the first row."""
        return map(self._run, array("q", self._positions(0, 3)))

    def __len__(self) -> int:
        return len(self.numbers) // _NUMBERS

    def _run(self, at: int) -> Run:
        first, last, rows, order, offset, length = self.numbers[at * _NUMBERS : (at + 1) * _NUMBERS]
        return Run(first, last, rows, order, self.schema, Place(self.spill, Extent(offset, length)))

    def _positions(self, *by: int) -> list[int]:
        """Return where each run stands, sorted by some of its numbers, the most important one first."""
        positions = list(range(len(self)))
        for number in reversed(by):
            positions.sort(key=self.numbers[number::_NUMBERS].__getitem__)
        return positions

    def _stretches(self) -> list[Extent]:
        """Return what they take of the file, neighbours joined."""
        extents: list[Extent] = []
        for at in self._positions(4):
            offset, length = self.numbers[at * _NUMBERS + 4 : (at + 1) * _NUMBERS]
            if extents and extents[-1].stop == offset:
                extents[-1] = Extent(extents[-1].offset, extents[-1].length + length)
            else:
                extents.append(Extent(offset, length))
        return extents


class SortedRuns:
    """What was taken from the buffer, in order of the first row. It keeps its space until released: use as a block.

    Args:
        runs: those in memory.
        aside: those in the temporary file.
        release: lets go of the former.
    """

    def __init__(self, runs: Iterable[Run], aside: SetAside | None, release: Callable[[Iterable[Run]], None]) -> None:
        self._runs = sorted(runs, key=_IN_ORDER)
        self._aside = aside
        self._release = release

    @property
    def rows(self) -> int:
        """Rows in all runs."""
        return sum(run.rows for run in self._runs) + (self._aside.rows if self._aside else 0)

    def __iter__(self) -> Iterator[Run]:
        return heapq.merge(self._runs, self._aside, key=_IN_ORDER) if self._aside else iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs) + (len(self._aside) if self._aside else 0)

    def release(self) -> None:
        """Let go of the rows, on the thread that owns the buffer; doing it again does nothing."""
        self._release(self._runs)
        if self._aside:
            self._aside.release()
        self._runs = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
