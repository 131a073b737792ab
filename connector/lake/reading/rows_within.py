"""What an account's files hold of some seconds: when rows were created, and which they are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.core.planning.audit.sampling import RowProfile
from connector.core.time.intervals import Interval, Intervals
from connector.lake.formats.row_columns import created_seconds, inside
from connector.lake.stores.disk import at_disk
from connector.lake.writing.rewrite import trusted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    import pyarrow as pa

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store


def files_within(state: TableState, seconds: Intervals) -> list[DataFile]:
    """Return the files with rows of some seconds, maybe, in order of time."""
    files = [
        file for file in state.files.values() if seconds.touching(Interval(file.first_created, file.last_created + 1))
    ]
    return sorted(files, key=lambda file: file.first_created)


def profile_of(store: Store, form: Format, files: Iterable[DataFile]) -> RowProfile:
    """Return where the rows of some files, which come in order of time, lie in it. Blocks.

    Raises:
        StaleFileError: a file is gone, or not as the state has it.
        StorageError: it cannot be read.
    """
    profile = RowProfile()
    for file in files:
        with _opened(store, form, file) as batches:
            for batch in batches:
                profile.add(created_seconds(batch))
    return profile


def rows_of(store: Store, form: Format, files: Iterable[DataFile]) -> list[tuple[int, str]]:
    """Return `created` and id of the rows of some files, ascending. Blocks.

    Raises:
        StaleFileError: a file is gone, or not as the state has it.
        StorageError: it cannot be read.
    """
    rows: list[tuple[int, str]] = []
    for file in files:
        with _opened(store, form, file) as batches:
            for batch in batches:
                rows += zip(created_seconds(batch), batch.column("id").to_pylist(), strict=True)
    return sorted(rows)


def ids_within(store: Store, form: Format, state: TableState, seconds: Intervals) -> set[str]:
    """Return the ids of the rows of some seconds; raises what `rows_of` raises. Blocks."""
    ids: set[str] = set()
    for file in files_within(state, seconds):
        with _opened(store, form, file) as batches:
            for batch in batches:
                ids.update(batch.filter(inside(batch.column("created"), seconds)).column("id").to_pylist())
    return ids


@contextmanager
def _opened(store: Store, form: Format, file: DataFile) -> Generator[Iterator[pa.RecordBatch]]:
    with (
        trusted(store, file) as path,  # also what a disk spoiled in silence is found when its turn has come
        at_disk(f"reading {file.path}"),
        form.open_reader(path) as batches,
    ):
        yield batches
