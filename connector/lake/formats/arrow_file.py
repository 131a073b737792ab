"""Arrow files (IPC file format, also known as Feather version 2), with zstd-compressed buffers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from connector.lake.formats.row_columns import CHUNK_ROWS, Rechunker
from connector.lake.formats.schema_check import conformed, readable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path


class ArrowWriter:
    """Writes rows as an Arrow file, one record batch for each chunk of rows.

    Args:
        path: local path of the new file.
        schema: of the batches.
        chunk_rows: rows of a record batch.
    """

    def __init__(self, path: Path, *, schema: pa.Schema, chunk_rows: int = CHUNK_ROWS) -> None:
        self._rechunker = Rechunker(chunk_rows)
        self._sink = pa.OSFile(str(path), "wb")
        self._file = pa.ipc.new_file(self._sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        for chunk in self._rechunker.add(batch):
            self._file.write_batch(chunk)

    def close(self) -> None:
        """Write what is left and the footer."""
        try:
            for chunk in self._rechunker.rest():
                self._file.write_batch(chunk)
            self._file.close()
        finally:
            self._sink.close()


@contextmanager
def open_reader(path: Path, *, schema: pa.Schema) -> Generator[Iterator[pa.RecordBatch]]:
    """Offer an Arrow file's record batches in order, with exactly this schema.

    Raises:
        StorageError: when it is not an Arrow file, or its columns are not the schema's.
    """
    with readable(path):
        source = pa.OSFile(str(path), "rb")
    with source:
        yield conformed(_batches(source), schema, path)


def _batches(source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    file = pa.ipc.open_file(source)
    for index in range(file.num_record_batches):
        batch = file.get_batch(index)
        batch.validate(full=True)  # Arrow believes what stands in the file: damaged offsets would end the process
        yield batch
