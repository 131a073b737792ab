"""JSON lines: the objects as they were received, one a line, compressed or plain.

Writing copies nothing: the lines of a batch lie one after the other in memory, and go to the compressor as they are.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pyarrow as pa

from connector.core.api.json_text import loads
from connector.errors import StorageError
from connector.lake.formats.row_columns import Rechunker, value_span
from connector.lake.formats.schema_check import readable

if TYPE_CHECKING:
    from pathlib import Path

Codec = Literal["zstd", "gzip"] | None
"""Compression of the text; None for none."""

ToLines = Callable[[list[dict[str, Any]]], pa.RecordBatch]
"""Makes a batch with a `line` column from decoded objects."""

_BLOCK = 2**20
_GZIP_LEVEL = 6
_GZIP_WINDOW = 31  # zlib's word for a gzip frame with the largest window; its header then holds neither name nor time


class LinesWriter:
    """Writes the `line` column of batches as text.

    Args:
        path: local path of the new file.
        codec: compression. zstd is at level 1: level 3 costs 1.7 times as much and makes files of lines no smaller.
    """

    def __init__(self, path: Path, *, codec: Codec) -> None:
        self._rechunker = Rechunker()
        file = pa.OSFile(str(path), "wb")
        self._sink: _Sink = {"zstd": _zstd, "gzip": _Gzip, None: _same}[codec](file)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append lines."""
        for chunk in self._rechunker.add(batch):
            self._sink.write(_text(chunk.column("line")))

    def close(self) -> None:
        """Write what is left and the compressor's trailer."""
        try:
            for chunk in self._rechunker.rest():
                self._sink.write(_text(chunk.column("line")))
        finally:
            self._sink.close()


@contextmanager
def open_reader(path: Path, *, codec: Codec, to_lines: ToLines) -> Generator[Iterator[pa.RecordBatch]]:
    """Offer a file's lines as batches of about a megabyte of text, in order.

    Raises:
        StorageError: when the file does not decompress or a line is not a JSON object.
    """
    with closing(read_objects(path, codec=codec)) as lists:
        yield (to_lines(objects) for objects in lists)


def read_objects(path: Path, *, codec: Codec) -> Generator[list[dict[str, Any]]]:
    """Yield a file's objects, decoded, as lists of about a megabyte of text each, in order.

    Raises:
        StorageError: when the text does not decode.
    """
    with readable(path), pa.input_stream(str(path), compression=codec) as source:
        rest = b""
        while block := source.read(_BLOCK):
            whole, feed, rest_of_block = (rest + block).rpartition(b"\n")
            rest = rest_of_block
            if feed:
                yield _decode(whole, path)
        if rest:
            raise StorageError(f"{path} ends within a line; remove it and sync its days again")


class _Sink(Protocol):
    def write(self, text: pa.Buffer, /) -> object: ...
    def close(self) -> None: ...


class _Gzip:
    """Python's gzip rather than Arrow's, which has only the slowest level."""

    def __init__(self, file: pa.OSFile) -> None:
        self._file = file
        self._encoder = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def write(self, text: pa.Buffer) -> None:
        self._file.write(self._encoder.compress(memoryview(text)))

    def close(self) -> None:
        try:
            self._file.write(self._encoder.flush())
        finally:
            self._file.close()


def _zstd(file: pa.OSFile) -> pa.CompressedOutputStream:
    return pa.CompressedOutputStream(file, "zstd")


def _same(file: pa.OSFile) -> pa.OSFile:
    return file


def _text(column: pa.Array) -> pa.Buffer:
    """Return all values of a binary column, one after the other, without a copy."""
    first, last = value_span(column)
    return column.buffers()[2].slice(first, last - first)


def _decode(lines: bytes, path: Path) -> list[dict[str, Any]]:
    try:
        return loads(b"[" + lines.replace(b"\n", b",") + b"]")
    except ValueError as error:
        raise StorageError(
            f"{path} holds a line that is not JSON ({error}); remove it and sync its days again"
        ) from error
