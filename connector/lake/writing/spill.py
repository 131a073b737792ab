"""A temporary file for bytes that do not fit in memory, whose space is used again."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from connector.lake.stores.disk import at_disk, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Extent:
    """A stretch of the file, in bytes; `length` is at least 1."""

    offset: int
    length: int

    @property
    def stop(self) -> int:
        """The first byte after it."""
        return self.offset + self.length


class Extents:
    """Which stretches of a file are in use: the first large enough is given out; neighbours given back are joined."""

    def __init__(self) -> None:
        self._free: list[Extent] = []
        self.end: int = 0
        """Bytes up to the end of the last stretch in use."""

    def claim(self, length: int) -> Extent:
        """Give out `length` bytes, at least 1."""
        for position, hole in enumerate(self._free):
            if hole.length >= length:
                if hole.length == length:
                    del self._free[position]
                else:
                    self._free[position] = Extent(hole.offset + length, hole.length - length)
                return Extent(hole.offset, length)
        claimed = Extent(self.end, length)
        self.end = claimed.stop
        return claimed

    def give_back(self, extent: Extent) -> None:
        """Take back what `claim` gave out."""
        place = bisect_left(self._free, extent)
        start, stop = extent.offset, extent.stop
        before = place > 0 and self._free[place - 1].stop == start
        after = place < len(self._free) and self._free[place].offset == stop
        start = self._free[place - 1].offset if before else start
        stop = self._free[place].stop if after else stop
        joined = [] if stop == self.end else [Extent(start, stop - start)]
        self._free[place - before : place + after] = joined
        if not joined:
            self.end = start


class SpillFile:
    """One file without a name, made at the first write: whatever ends the process, nothing of it stays.

    One thread writes and gives back; any thread may read what has been written.

    Args:
        folder: where to put it; made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._extents = Extents()

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return self._extents.end

    def write(self, parts: Sequence[pa.Buffer]) -> Extent:
        """Write buffers one after the other, and return where they are together.

        Raises:
            StorageError: when the disk does not take them; they are then not in the file.
        """
        extent = self._extents.claim(sum(part.size for part in parts))
        with at_disk(f"setting rows aside in {self._folder}"):
            try:
                file = self._descriptor()
                offset = extent.offset
                for part in parts:
                    _write_all(file, memoryview(part), offset)
                    offset += part.size
            except BaseException:
                self._extents.give_back(extent)
                raise
        return extent

    def read(self, extent: Extent) -> pa.Buffer:
        """Return the bytes of an extent, or of a part of one, that was written and not given back."""
        if self._file is None:
            raise ValueError("nothing is in a file that was closed, or never written")
        buffer = pa.allocate_buffer(extent.length)
        view = memoryview(buffer)
        with at_disk(f"reading rows set aside in {self._folder}"):
            done = 0
            while done < extent.length:
                count = os.preadv(self._file, [view[done:]], extent.offset + done)
                if count == 0:
                    raise OSError(f"the temporary file ends at byte {extent.offset + done}")
                done += count
        return buffer

    def give_back(self, extent: Extent) -> None:
        """Free an extent; the file becomes shorter when it was the last."""
        end = self._extents.end
        self._extents.give_back(extent)
        if self._file is not None and self._extents.end < end:
            with at_disk(f"shortening the temporary file in {self._folder}"):
                os.ftruncate(self._file, self._extents.end)

    def close(self) -> None:
        """Free everything."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _descriptor(self) -> int:
        if self._file is None:
            make_folder(self._folder)
            with tempfile.TemporaryFile(prefix=".spill.", suffix=".staged", dir=self._folder) as file:
                self._file = os.dup(file.fileno())
        return self._file


def _write_all(file: int, view: memoryview, offset: int) -> None:
    while view:
        count = os.pwrite(file, view, offset)
        view = view[count:]
        offset += count
