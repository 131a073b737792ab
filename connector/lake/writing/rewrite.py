"""One partition becomes one file: runs and old file merged, staged, forced to disk; publishing is a step of its own."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from connector.core.time.intervals import Intervals
from connector.errors import ConnectorError, StorageError
from connector.lake.formats.formats import parked_form
from connector.lake.stores.disk import at_disk, sha256_of, sync_file
from connector.lake.writing.file_statistics import Summary
from connector.lake.writing.merge import Reread, merged
from connector.lake.writing.merge_counts import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from connector.core.state.data_file import DataFile
    from connector.lake.formats.formats import Format, Writer
    from connector.lake.stores.base import Store
    from connector.lake.writing.row_buffer import Runs


class StaleFileError(StorageError):
    """The old file is not what the state says: it was changed, cut short or removed by someone else.

    Its rows cannot be trusted: forget the file and its coverage, and read the whole partition again.

    Attributes:
        file: the state's entry.
    """

    def __init__(self, file: DataFile, found: str) -> None:
        super().__init__(f"{file.path} is not as it was written: {found}; its rows have to be read again")
        self.file = file


@dataclass(frozen=True, slots=True)
class Day:
    """A partition to be written: a day, or a month or year of a quiet account.

    Attributes:
        folder: relative to the destination, as `partition_folder` gives it.
        old: the state's entry of the file that is there, or None.
        within: seconds that the new rows, parked ones included, are the complete answer for.
        parked: files of rows that were parked, in the order they were.
        read_before: seconds that an earlier run had read; a new row there was late.
        counted: seconds whose rows that are no longer listed were counted before, by this run.
    """

    folder: str
    old: DataFile | None = None
    within: Intervals = field(default_factory=Intervals)
    read_before: Intervals = field(default_factory=Intervals)
    parked: tuple[DataFile, ...] = ()
    counted: Intervals = field(default_factory=Intervals)

    @property
    def expects_old_rows(self) -> bool:
        """Whether rows of the old file should have come again: where none did, they have disappeared."""
        return self.old is not None and bool(self.within.minus(self.counted).within(self.old.span))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A partition's file, ready to become visible.

    Attributes:
        file: its entry for the state, or None when the partition has no rows.
        tally: what is new in it.
        staged: where it lies until published, or None when there is nothing to publish: because it would equal the file
            that is there, byte for byte, or because there are no rows.
    """

    file: DataFile | None
    tally: Tally
    staged: Path | None

    @property
    def unchanged(self) -> bool:
        """Whether what is visible is already right."""
        return self.staged is None


def seal(store: Store, form: Format, day: Day, runs: Runs) -> Sealed:
    """Merge runs with the old file into a new one, written and forced to disk, not yet visible.

    The runs stay as they are, so that it can be done again. Blocks; belongs in a worker thread. Nothing stays on disk
    when it fails.

    Raises:
        StaleFileError: when the old file is not as the state has it.
        ProtocolError: when an id comes with two values of `created`.
        StorageError: when the disk does not take the file, or rows cannot be read.
    """
    path = f"{day.folder}/{form.file_name}"
    with ExitStack() as stack:
        old = iter(())
        if day.old is not None:
            old_path = stack.enter_context(trusted(store, day.old))
            old = stack.enter_context(form.open_reader(old_path))
        parked = [stack.enter_context(opened_parked(store, form, file)) for file in day.parked]
        draft = stack.enter_context(Draft(store, form, path))
        summary, tally = Summary(), Tally()
        for batch, counts in merged(runs, old, Reread(day.within.minus(day.counted), day.read_before), parked=parked):
            draft.write(batch)
            summary.add(batch)
            tally += counts
        staged = draft.finish()
        if staged is None:
            return Sealed(None, tally, None)
        with at_disk(f"reading {staged}"):
            file = summary.data_file(path, written=staged, sha256=sha256_of(staged))
        if day.old is not None and (file.path, file.sha256) == (day.old.path, day.old.sha256):
            return Sealed(file, tally, None)
        return Sealed(file, tally, draft.keep())


def publish(store: Store, sealed: Sealed) -> None:
    """Make a sealed file visible, in place of the old one; does nothing when what is visible is already right.

    Raises:
        StorageError: when the destination refuses; the old file is then still whole.
    """
    if sealed.staged is not None and sealed.file is not None:
        store.publish(sealed.staged, sealed.file.path)


def discard(sealed: Sealed) -> None:
    """Remove a sealed file that is not going to be published."""
    if sealed.staged is not None:
        with at_disk(f"removing {sealed.staged}"):
            sealed.staged.unlink(missing_ok=True)


def stage_each(store: Store, form: Format, days: Iterable[tuple[Day, Runs]]) -> list[Sealed | ConnectorError]:
    """Seal some partitions, each by itself: what one fails with is told in its place, the others go on.

    Blocks; belongs in a worker thread.

    Args:
        store: the destination.
        form: format of its files.
        days: the partitions, with their rows.
    """
    outcomes: list[Sealed | ConnectorError] = []
    for day, runs in days:
        try:
            outcomes.append(seal(store, form, day, runs))
        except ConnectorError as failure:
            outcomes.append(failure)
    return outcomes


def publish_each(
    store: Store,
    sealed: Sequence[Sealed],
    announce: Callable[[Iterable[DataFile]], None],
    *,
    awaited: Collection[str] = (),
) -> list[StorageError | None]:
    """Make staged files visible in this order, and say of each what it failed with, or None.

    One that fails is discarded, and spares the others, but for those that have to wait for it. Blocks; belongs in a
    worker thread.

    Args:
        store: the destination.
        sealed: the files.
        announce: told durably which files are going to be published.
        awaited: paths of files that everything after them waits for.
    """
    refused = _announced(sealed, announce)
    outcomes: list[StorageError | None] = []
    for one in sealed:
        outcomes.append(failure := _published(store, one, refused))
        if failure is not None and one.file is not None and one.file.path in awaited:
            refused = failure
    return outcomes


def _announced(sealed: Sequence[Sealed], announce: Callable[[Iterable[DataFile]], None]) -> StorageError | None:
    try:
        if new := [one.file for one in sealed if one.file is not None and not one.unchanged]:
            announce(new)
    except StorageError as failure:
        return failure
    return None


def _published(store: Store, sealed: Sealed, refused: StorageError | None) -> StorageError | None:
    try:
        if refused is not None:
            raise refused
        publish(store, sealed)
    except StorageError as failure:
        with suppress(StorageError):
            discard(sealed)
        return failure
    return None


@contextmanager
def trusted(store: Store, file: DataFile) -> Generator[Path]:
    """Offer the old file once its size and its bytes are found to be the state's."""
    with store.opened(file.path) as path:
        if path is None:
            raise StaleFileError(file, "it is gone")
        with at_disk(f"reading {file.path}"):
            size = path.stat().st_size
            if size != file.bytes:
                raise StaleFileError(file, f"it has {size} bytes instead of {file.bytes}")
            if sha256_of(path) != file.sha256:
                raise StaleFileError(file, "its bytes differ from those written")
        yield path


@contextmanager
def opened_parked(store: Store, form: Format, file: DataFile) -> Generator[Iterator[pa.RecordBatch]]:
    """Offer the rows of a parked file, sorted, as batches of the format's schema.

    Raises:
        StaleFileError: it is not as it was written.
        StorageError: it cannot be read.
    """
    with trusted(store, file) as path, parked_form(form).open_reader(path) as batches:
        yield batches


class Draft:
    """A staged file, begun with the first row; gone at the end of the block unless kept."""

    def __init__(self, store: Store, form: Format, path: str) -> None:
        self._store = store
        self._form = form
        self._path = path
        self._staged: Path | None = None
        self._writer: Writer | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        with at_disk(f"writing {self._path}"):
            if self._writer is None:
                self._staged = self._store.staging(self._path)
                self._writer = self._form.open_writer(self._staged)
            self._writer.write(batch)

    def finish(self) -> Path | None:
        """Complete the file and force it to disk; None when no row was written."""
        if self._writer is None or self._staged is None:
            return None
        writer, self._writer = self._writer, None
        with at_disk(f"writing {self._path}"):
            writer.close()
            sync_file(self._staged)
        return self._staged

    def keep(self) -> Path | None:
        """Leave the finished file where it is."""
        staged, self._staged = self._staged, None
        return staged

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            with suppress(OSError):  # the reason for leaving is on its way already, and matters more
                self._writer.close()
        if self._staged is not None:
            with suppress(OSError):
                self._staged.unlink(missing_ok=True)
