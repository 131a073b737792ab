"""A table as it was at one moment: the files that its records named, each held to its record when it is opened.

A file that is open stays what it was, whatever takes its place: it is compared, and read, by its descriptor. Files are
opened some at a time; a dataset, which others read when they please, has all of its files open.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from connector.config.open_files import room_for_files
from connector.errors import ConfigError, LakeChangedError, StorageError
from connector.lake.formats.parquet import GROUP_ROWS
from connector.lake.reading.moment import is_still
from connector.lake.reading.table_files import TableFiles, table_files
from connector.lake.stores.disk import at_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.lake.formats.formats import Format
    from connector.lake.reading.moment import Comparer

FILES_AT_ONCE = 64
"""Files of a stream that are open at once, where the process may open so many."""

LARGE_ROWS = GROUP_ROWS
"""Rows of a file above which it is read by itself, a row group at a time. Arrow's scanner decodes up to two million
rows ahead: 1,000,000 of one file took 540 MB to go through, and take 165, in half the processor time."""

TRIES = 3
"""Times that something is read which the lake's changing spoils."""

T = TypeVar("T")


def read_again(act: Callable[[], T]) -> T:
    """Do what reads a lake, and do it anew where the lake changed meanwhile, a few times.

    Raises:
        LakeChangedError: it changed each time.
    """
    for _ in range(TRIES - 1):
        try:
            return act()
        except LakeChangedError:
            continue
    return act()


@dataclass(frozen=True, slots=True)
class TableSnapshot:
    """A table, or one account's part of it, at one moment.

    Attributes:
        table: its name.
        accounts: what there is of each account, by their ids.
        comparer: holds files to their records.
        large_rows: rows of a file up to which it is read together with others.
    """

    table: str
    accounts: tuple[TableFiles, ...]
    comparer: Comparer
    large_rows: int = LARGE_ROWS

    @classmethod
    def of(cls, table: str, account: str | None, comparer: Comparer, version: int | None = None) -> TableSnapshot:
        """Load what there is, or was at a record, of one account or all; raises what `table_files` raises. Blocks."""
        return cls(table, tuple(table_files(comparer.store, table, account, version=version)), comparer)

    @property
    def form(self) -> Format:
        """Format of the files; there is at least one account."""
        return self.accounts[0].form

    @property
    def columnar(self) -> bool:
        """Whether the files hold columns, not lines of objects."""
        return self.form.read_objects is None

    @property
    def schema(self) -> pa.Schema:
        """Schema of all columns."""
        return self.accounts[0].schema

    def batches(self, columns: Sequence[str]) -> Generator[pa.RecordBatch]:
        """Yield some columns of files that hold columns, files in order, in batches of bounded size.

        Small files are read some at once, large ones each by itself.

        Raises:
            LakeChangedError: a file has been replaced.
            StorageError: a file is gone, damaged, or cannot be read.
        """
        for are_large, some in groupby(self._files(), key=lambda file: file[1].rows > self.large_rows):
            files = list(some)
            yield from self._by_themselves(files, columns) if are_large else self._together(files, columns)

    def _by_themselves(
        self, files: Iterable[tuple[TableFiles, DataFile]], columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        return self._each(files, columns, self.large_rows, use_threads=True)

    def _together(
        self, files: Sequence[tuple[TableFiles, DataFile]], columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        at_once = max(1, int(min(FILES_AT_ONCE, room_for_files())))
        for start in range(0, len(files), at_once):
            part = files[start : start + at_once]
            with ExitStack() as stack:
                scanner = self._dataset_of(part, stack).scanner(columns=list(columns))
                with self._naming(part):
                    yield from scanner.to_batches()

    def stored(self, columns: Sequence[str], *, among: Collection[str], batch_size: int) -> Generator[pa.RecordBatch]:
        """Yield some columns of files that hold columns, one file open at a time: memory is that of a batch.

        A dataset's scanner keeps some of each file that it has read, so that what it takes grows with the files.

        Args:
            columns: which, of those that are stored; where a file lacks one, it is null.
            among: paths of the files to read.
            batch_size: rows of a batch, at most.

        Raises:
            LakeChangedError: a file has been replaced.
            StorageError: a file is gone, damaged, or cannot be read.
        """
        files = ((of_account, file) for of_account, file in self._files() if file.path in among)
        return self._each(files, columns, batch_size, use_threads=False)

    def _each(
        self, files: Iterable[tuple[TableFiles, DataFile]], columns: Sequence[str], rows: int, *, use_threads: bool
    ) -> Generator[pa.RecordBatch]:
        """Yield the batches of one file after the other, each of so many rows at most."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        for of_account, file in files:
            labels = labels_of(file.path)
            with self._naming([(of_account, file)]), self._opened(of_account, file) as opened:
                is_parquet = self.form.files == "parquet"
                read = _of_parquet(opened, columns, rows, use_threads=use_threads) if is_parquet else _of_arrow(opened)
                for batch in read:
                    arrays = [_column(batch, field, labels) for field in schema]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def objects(
        self, *, among: Collection[str] | None = None
    ) -> Iterator[tuple[TableFiles, str, list[dict[str, Any]]]]:
        """Yield the objects of files of lines, some at a time, each time with whose they are and their file's path.

        Raises:
            LakeChangedError: a file has been replaced, maybe while it was read: what came of it does not count.
            StorageError: a file is gone, damaged, or cannot be read.
        """
        for of_account, file in self._files():
            read_objects = of_account.form.read_objects
            if read_objects is None or (among is not None and file.path not in among):
                continue
            with self.comparer.kept(file, of_account.moment) as local:
                for objects in read_objects(local):
                    yield of_account, file.path, objects

    def dataset(self) -> ds.Dataset:
        """Return a dataset of all columns, all of whose files are open until it is no more.

        Raises:
            ConfigError: there are more files than this process may open.
            LakeChangedError: a file has been replaced.
            StorageError: a file is gone or damaged.
        """
        files = list(self._files())
        if len(files) > (room := room_for_files()):
            raise ConfigError(
                f"a dataset has all its {len(files):,} files open, and this process may open {room:,.0f} more: read one"
                " account, read the rows as a stream, or raise the limit (`ulimit -n`)"
            )
        return self._dataset_of(files, None)

    def _files(self) -> Iterator[tuple[TableFiles, DataFile]]:
        return ((account, file) for account in self.accounts for file in account.files)

    def _dataset_of(self, files: Iterable[tuple[TableFiles, DataFile]], stack: ExitStack | None) -> ds.Dataset:
        """Open files as a dataset; they are closed with the stack, or with the dataset."""
        form = ds.ParquetFileFormat() if self.form.files == "parquet" else ds.IpcFileFormat()
        fragments: list[ds.Fragment] = []
        for of_account, file in files:
            opened = self._opened(of_account, file)
            if stack is not None:
                stack.enter_context(opened)
            fragments.append(form.make_fragment(opened, partition_expression=_of_folders(file.path, self.schema)))
        return ds.FileSystemDataset(fragments, self.schema, form)

    def _opened(self, of_account: TableFiles, file: DataFile) -> pa.NativeFile:
        """Open a file that is as its record has it; where it is a copy that goes, it stays readable."""
        with self.comparer.held(file, of_account.moment) as (local, held):
            opened = _open_by_arrow(local, file.path)
            if opened is None or not is_still(local, held):  # else both are one, whatever Arrow says of its own
                raise self.comparer.difference(file.path, of_account.moment)
        return opened

    @contextmanager
    def _naming(self, files: Iterable[tuple[TableFiles, DataFile]]) -> Generator[None]:
        """Turn a complaint of Arrow's about some files into a `StorageError` that names the one it is about."""
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            for of_account, file in files:
                with (
                    self.comparer.kept(file, of_account.moment) as local,
                    of_account.form.open_reader(local) as batches,
                ):
                    for _ in batches:
                        pass
            raise StorageError(f"{self.table} cannot be read ({error}): `stripe-balance verify` says more") from error


def _of_parquet(
    opened: pa.NativeFile, columns: Sequence[str], rows: int, *, use_threads: bool
) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file, of those of the columns that it has."""
    file = pq.ParquetFile(opened, pre_buffer=False)
    there = [name for name in columns if name in file.schema_arrow.names]
    return file.iter_batches(rows, columns=there, use_threads=use_threads)


def _of_arrow(opened: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    stored = pa.ipc.open_file(opened)
    for place in range(stored.num_record_batches):
        batch = stored.get_batch(place)
        batch.validate(full=True)  # Arrow believes what stands in the file: damaged offsets would end the process
        yield batch


def _column(batch: pa.RecordBatch, field: pa.Field, labels: Mapping[str, str]) -> pa.Array:
    """Return a column in the type that it is to have: of the file or its folders; null where neither has it."""
    if field.name in labels:
        return pa.repeat(pa.scalar(labels[field.name]).cast(field.type), batch.num_rows)
    if field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.type)
    return batch.column(field.name).cast(field.type)


def _open_by_arrow(local: Path, path: str) -> pa.NativeFile | None:
    with at_disk(f"reading {path}"):
        try:
            return pa.OSFile(str(local), "rb")
        except FileNotFoundError:
            return None


def labels_of(path: str) -> Mapping[str, str]:
    """Return the columns that a file's folders name."""
    return dict(part.split("=", 1) for part in path.split("/") if "=" in part)


def _of_folders(path: str, schema: pa.Schema) -> ds.Expression:
    """Return what holds of all rows of a file, by the names of its folders."""
    return reduce(
        lambda expression, other: expression & other,
        (ds.field(name) == pa.scalar(text).cast(schema.field(name).type) for name, text in labels_of(path).items()),
    )
