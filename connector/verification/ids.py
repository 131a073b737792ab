"""Every id of an account, as sorted hashes: which came twice, and which of others are not among them.

An id is remembered as 64 bits of Python's own hash, in sorted runs of a million that wait in a temporary file: about
25 MB of memory, 16 bytes of temporary disk for each row. Two ids of the same hash are told apart by whoever reads them
again; that an id is missing is certain, that it is there is so but for one chance in 2^64 for each row.
"""

from __future__ import annotations

import mmap
import tempfile
from array import array
from bisect import bisect_left
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from connector.lake.stores.temporary import at_temporary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUN = 2**20
"""Hashes that are sorted at a time: 8 MB."""

MOST_TWINS = 1_000
"""Hashes that came twice and are remembered; all are counted."""

_DOING = "setting ids aside"

_BYTES = 8
_LOWEST, _SPAN = -(2**63), 2**64


class IdIndex:
    """The ids of an account; use it as a block, fill it, `close` it, then ask.

    Attributes:
        count: ids added.
        twins: how many more ids than distinct hashes there are.
        twin_hashes: some hashes that came more than once.

    Args:
        run: hashes that are sorted at a time.
    """

    def __init__(self, run: int = RUN) -> None:
        self.count: int = 0
        self.twins: int = 0
        self.twin_hashes: set[int] = set()
        self._run = run
        self._open = array("q")
        self._stack = ExitStack()
        self._spilt: Any = None
        self._runs: list[int] = []
        self._sorted: memoryview | array[int] = array("q")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sorted = array("q")
        with suppress(OSError):  # a temporary file that could not be written whole: that was said when it was written
            self._stack.close()

    def add(self, ids: Iterable[str]) -> None:
        """Take ids in.

        Raises:
            StorageError: those that do not fit in memory find no room in the folder for temporary files.
        """
        self._open.extend(map(hash, ids))
        if len(self._open) >= self._run:
            self._spill()

    def close(self) -> None:
        """Sort everything, and find what came twice; nothing can be added afterwards. Raises what `add` raises."""
        if self._spilt is None:
            self.count += len(self._open)
            self._sorted = array("q", self._counted(_sort([memoryview(self._open)])).tobytes())
            return
        self._spill()
        with at_temporary(_DOING):
            merged = self._temporary()
            for part in self._merged():
                merged.write(part)
            merged.flush()
            self._sorted = self._mapped(merged)

    def missing(self, ids: Iterable[str]) -> Iterator[str]:
        """Yield those of other ids that are not here."""
        known, count = self._sorted, self.count
        for row_id in ids:
            hashed = hash(row_id)
            at = bisect_left(known, hashed)
            if at == count or known[at] != hashed:
                yield row_id

    def _spill(self) -> None:
        if not self._open:
            return
        with at_temporary(_DOING):
            if self._spilt is None:
                self._spilt = self._temporary()
            self._spilt.write(_sort([memoryview(self._open)]))
        self.count += len(self._open)
        self._runs.append(self.count)
        self._open = array("q")

    def _merged(self) -> Iterator[memoryview]:
        """Yield all hashes in order, a slice of the whole range at a time."""
        self._spilt.flush()
        everything = self._mapped(self._spilt)
        runs = [everything[start:stop] for start, stop in zip([0, *self._runs], self._runs, strict=False)]
        slices = -(-self.count // self._run)
        starts = [0] * len(runs)
        for number in range(1, slices + 1):
            bound = _LOWEST + _SPAN * number // slices
            stops = [len(run) if number == slices else bisect_left(run, bound) for run in runs]
            yield self._counted(_sort([run[start:stop] for run, start, stop in zip(runs, starts, stops, strict=True)]))
            starts = stops

    def _counted(self, hashes: memoryview) -> memoryview:
        """Count what stands twice among sorted hashes; equal ones never lie in different slices."""
        column = _column(hashes)
        if len(column) > 1:
            twice = column[1:].filter(pc.equal(column[1:], column[:-1]))
            self.twins += len(twice)
            room = MOST_TWINS - len(self.twin_hashes)
            self.twin_hashes.update(twice.slice(0, max(0, room)).to_pylist())
        return hashes

    def _temporary(self) -> Any:  # noqa: ANN401 - a temporary file has no public type
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the block that the index is used as
        return self._stack.enter_context(file)

    def _mapped(self, file: Any) -> memoryview:  # noqa: ANN401 - a temporary file has no public type
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(mapped).cast("q")
        self._stack.callback(view.release)
        return view


def _column(hashes: memoryview) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(hashes) // (_BYTES // hashes.itemsize), [None, pa.py_buffer(hashes)])


def _sort(parts: list[memoryview]) -> memoryview:
    """Sort numbers of 64 bits; the result is bytes."""
    column = pa.concat_arrays([_column(part.cast("B")) for part in parts]).sort()
    start = column.offset * _BYTES
    buffer = column.buffers()[1]
    return memoryview(buffer)[start : start + len(column) * _BYTES] if buffer else memoryview(b"")
