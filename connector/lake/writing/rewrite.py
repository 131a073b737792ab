"""One partition becomes one file: runs and old file merged, staged, forced to disk; publishing is a step of its own."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Interval, Intervals
from connector.errors import ConnectorError, StorageError
from connector.lake.formats.formats import HIVE, parked_form
from connector.lake.formats.row_columns import inside
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.disk import at_disk, sha256_of, sync_file
from connector.lake.writing.file_statistics import Summary
from connector.lake.writing.merge import Reread, merged
from connector.lake.writing.merge_counts import MergeCounts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from connector.core.state.data_file import DataFile
    from connector.lake.formats.formats import Format, Writer
    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Condition
    from connector.lake.writing.runs import Run, SortedRuns


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
class PartitionRewrite:
    """A partition to be written: a day, or a month or year of a quiet account.

    Attributes:
        folder: relative to the destination, as `partition_folder` gives it.
        old: the state's entry of the file that is there, or None.
        within: seconds that the new rows, parked ones included, are the complete answer for.
        read_before: seconds that an earlier run had read; a new row there was late.
        parked: files of rows that were parked, in the order they were.
        counted: seconds whose rows that are no longer listed were counted before, by this run.
        lost: whether a file may be there that is known to be lost: all of the partition is read again, and replaces it.
    """

    folder: str
    old: DataFile | None = None
    within: Intervals = field(default_factory=Intervals)
    read_before: Intervals = field(default_factory=Intervals)
    parked: tuple[DataFile, ...] = ()
    counted: Intervals = field(default_factory=Intervals)
    lost: bool = False

    @property
    def expects_old_rows(self) -> bool:
        """Whether rows of the old file should have come again: where none did, they have disappeared."""
        return self.old is not None and bool(self.within.minus(self.counted).within(self.old.span))


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A partition's file, ready to become visible.

    Attributes:
        file: its entry for the state, or None when the partition has no rows.
        counts: what is new in it.
        path: where it lies until published, or None when there is nothing to publish: because it would equal the file
            that is there, byte for byte, or because there are no rows.
        condition: what has to be there when it is published.
    """

    file: DataFile | None
    counts: MergeCounts
    path: Path | None
    condition: Condition = ABSENT

    @property
    def unchanged(self) -> bool:
        """Whether the file that is visible is already right."""
        return self.path is None and self.file is not None


def stage(store: Store, form: Format, rewrite: PartitionRewrite, runs: SortedRuns) -> StagedFile:
    """Merge runs with the old file into a new one, written and forced to disk, not yet visible.

    The runs stay as they are, so that it can be done again. Blocks; belongs in a worker thread. Nothing stays on disk
    when it fails.

    Raises:
        StaleFileError: when the old file is not as the state has it.
        ProtocolError: when an id comes with two values of `created`.
        StorageError: when the disk does not take the file, or rows cannot be read.
    """
    with ExitStack() as stack:
        parked = [stack.enter_context(opened_parked(store, form, file)) for file in rewrite.parked]
        return _staged(store, form, rewrite, runs, parked)


def stage_again(store: Store, form: Format, rewrite: PartitionRewrite, staged: StagedFile) -> StagedFile:
    """Merge what a staged file has that was read anew with the file that another run has made meanwhile.

    Blocks; belongs in a worker thread. The staged file is removed.

    Args:
        store: the destination.
        form: format of its files.
        rewrite: the partition, with the other run's file as the old one, and parked files as they were.
        staged: what was made with the file before.

    Raises:
        StaleFileError: when the other run's file is not as the state has it.
        StorageError: when the disk does not take the file, or rows cannot be read.
    """
    if staged.path is None:  # it had no row that was not in the file that the other one was made of
        return StagedFile(rewrite.old, MergeCounts(), None)
    parked = (Interval(file.first_created, file.last_created + 1) for file in rewrite.parked)
    ours = Intervals.of([*rewrite.within, *parked])
    with form.open_reader(staged.path) as batches:
        again = _staged(store, form, rewrite, (), [rows_inside(batches, ours)])
    discard(staged)
    return replace(again, counts=replace(again.counts, disappeared=0))


def _staged(
    store: Store,
    form: Format,
    rewrite: PartitionRewrite,
    runs: Iterable[Run],
    parked: Sequence[Iterator[pa.RecordBatch]],
) -> StagedFile:
    path = f"{rewrite.folder}/{form.file_name}"
    condition = condition_of(store, path, rewrite.old, lost=rewrite.lost)
    with ExitStack() as stack:
        old = iter(())
        if rewrite.old is not None:
            old_path = stack.enter_context(trusted(store, rewrite.old))
            old = stack.enter_context(form.open_reader(old_path))
        draft = stack.enter_context(Draft(store, form, path))
        summary, counts = Summary(ids=form.catalog != HIVE), MergeCounts()
        for batch, counted in merged(
            runs, old, Reread(rewrite.within.minus(rewrite.counted), rewrite.read_before), parked=parked
        ):
            draft.write(batch)
            summary.add(batch)
            counts += counted
        written = draft.finish()
        if written is None:
            return StagedFile(None, counts, None)
        final_path = form.final_path(rewrite.folder, written.sha256)
        file = summary.data_file(final_path, size=written.bytes, sha256=written.sha256)
        if rewrite.old is not None and file.sha256 == rewrite.old.sha256:
            return StagedFile(with_changes(file, path=rewrite.old.path, version=rewrite.old.version), counts, None)
        return StagedFile(file, counts, draft.keep(), condition)


def condition_of(store: Store, path: str, old: DataFile | None, *, lost: bool = False) -> Condition:
    """Return what has to be there when a file is published; to be asked for before what is there is read.

    Args:
        store: the destination.
        path: of the file.
        old: what it takes the place of.
        lost: whether a file that is there is known to be lost.
    """
    in_place = old is not None and old.path == path
    if in_place and old is not None and old.version is not None:
        return old.version
    return (store.version(path) if lost or in_place else None) or ABSENT


def rows_inside(batches: Iterator[pa.RecordBatch], seconds: Intervals) -> Iterator[pa.RecordBatch]:
    """Yield the rows created within some seconds."""
    for batch in batches:
        chosen = batch.filter(inside(batch.column("created"), seconds))
        if chosen.num_rows:
            yield chosen


def discard(staged: StagedFile) -> None:
    """Remove a staged file that is not going to be published."""
    if staged.path is not None:
        with at_disk(f"removing {staged.path}"):
            staged.path.unlink(missing_ok=True)


def stage_each(
    store: Store, form: Format, rewrites: Iterable[tuple[PartitionRewrite, SortedRuns]]
) -> list[StagedFile | ConnectorError]:
    """Stage some partitions, each by itself: what one fails with is told in its place, the others go on.

    Blocks; belongs in a worker thread.

    Args:
        store: the destination.
        form: format of its files.
        rewrites: the partitions, with their rows.
    """
    outcomes: list[StagedFile | ConnectorError] = []
    for rewrite, runs in rewrites:
        try:
            outcomes.append(stage(store, form, rewrite, runs))
        except ConnectorError as failure:
            outcomes.append(failure)
    return outcomes


@contextmanager
def trusted(store: Store, file: DataFile) -> Generator[Path]:
    """Offer the old file once its size and its bytes are found to be the state's.

    Raises:
        StaleFileError: it is not, or is gone by the time that it is read, as another run removes what it has taken up.
        StorageError: it cannot be read.
    """
    with store.opened(file.path) as path:
        if path is None:
            raise StaleFileError(file, "it is gone")
        try:
            with at_disk(f"reading {file.path}"):
                size = path.stat().st_size
                if size != file.bytes:
                    raise StaleFileError(file, f"it has {size} bytes instead of {file.bytes}")
                if sha256_of(path) != file.sha256:
                    raise StaleFileError(file, "its bytes differ from those written")
            yield path
        except StorageError as error:
            if path.exists():
                raise
            raise StaleFileError(file, "it is gone") from error


@contextmanager
def opened_parked(store: Store, form: Format, file: DataFile) -> Generator[Iterator[pa.RecordBatch]]:
    """Offer the rows of a parked file, sorted, as batches of the format's schema.

    Raises:
        StaleFileError: it is not as it was written.
        StorageError: it cannot be read.
    """
    with trusted(store, file) as path, parked_form(form).open_reader(path) as batches:
        yield batches


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is complete and forced to disk.

    Attributes:
        path: where it lies.
        bytes: its size.
        sha256: of its bytes, in hexadecimal.
    """

    path: Path
    bytes: int
    sha256: str


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

    def finish(self) -> Written | None:
        """Complete the file and force it to disk; None when no row was written."""
        if self._writer is None or self._staged is None:
            return None
        writer, self._writer = self._writer, None
        with at_disk(f"writing {self._path}"):
            content = writer.close()
            sync_file(self._staged)
        if content is not None:
            return Written(self._staged, content.size, sha256(content).hexdigest())
        with at_disk(f"reading {self._staged}"):
            return Written(self._staged, self._staged.stat().st_size, sha256_of(self._staged))

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
