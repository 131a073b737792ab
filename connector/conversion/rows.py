"""Balance transactions from files of one lake into files of another, in order, some thousand rows at a time."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from connector.conversion.content import hashing, objects_of
from connector.core.state.conversion import Made
from connector.core.state.data_file import with_changes
from connector.core.state.partition import partition_folder, shares
from connector.core.state.table_state import TableState
from connector.lake.formats.formats import HIVE, Format, format_named, format_of
from connector.lake.formats.row_columns import created_seconds
from connector.lake.stores.disk import at_disk
from connector.lake.writing.file_statistics import Summary
from connector.lake.writing.rewrite import Draft, trusted
from connector.tables.balance_transactions import to_batch, to_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from connector.conversion.content import Content
    from connector.conversion.source import Part, Source
    from connector.conversion.target import Target
    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import PartitionKey
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

_OBJECTS = 1_000
"""Rows that are objects at a time."""


def form_of(part: Part) -> Format:
    """Return the format of a part's files."""
    state = part.held.state
    if not isinstance(state, TableState):
        raise TypeError(f"{part.table} is a small table")
    return format_of(state)


def target_form(part: Part, target: Target) -> Format:
    """Return the format of the files that a part becomes."""
    state = part.held.state
    columns = isinstance(state, TableState) and bool(state.options.get("source_columns"))
    return format_named(target.format, source_columns=columns).of_run(target.run)


def convert_rows(source: Source, part: Part, target: Target) -> Made:
    """Convert a part. Blocks; belongs in a worker thread.

    Raises:
        LakeChangedError: a run has replaced one of the files.
        SchemaError: a row of a file lacks what a ledger cannot do without.
        StorageError: a file is gone or damaged; or the new lake's place does not take one.
    """
    form, new = form_of(part), target_form(part, target)
    seen = hashing(form, as_columns=_as_columns(form, new))
    files: list[DataFile] = []
    with ExitStack() as stack:
        writing = stack.enter_context(_Partitions(target, new, part.held.state.account))
        for batch in _batches(source, part, form):
            seen.add(batch)
            for some in encoded(form, new, batch):
                files += writing.add(some)
        files += writing.end()
    content = seen.content()
    kept = tuple(_with_past(file, part.files) for file in files)
    return Made(
        table=part.table,
        account=part.held.state.account,
        part=part.label,
        sources=part.sources,
        files=kept,
        rows=content.rows,
        content=content.sha256,
    )


def content_of(store: Store, part: Part, target: Target, files: tuple[DataFile, ...]) -> Content:
    """Return what the files hold that a part became, read back. Blocks; belongs in a worker thread.

    Raises:
        StaleFileError: a file is not as it was written.
        StorageError: it cannot be read.
    """
    new = target_form(part, target)
    seen = hashing(new, as_columns=_as_columns(form_of(part), new))
    for file in files:
        with trusted(store, file) as local, at_disk(f"reading {file.path}"), new.open_reader(local) as batches:
            for batch in batches:
                seen.add(batch)
    return seen.content()


def encoded(form: Format, new: Format, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield rows of one format as another one has them, some at a time."""
    if (form.read_objects is None) == (new.read_objects is None):
        yield batch
        return
    for start in range(0, batch.num_rows, _OBJECTS):
        some = objects_of(form, batch.slice(start, _OBJECTS))
        yield to_batch(some) if new.read_objects is None else to_lines(some)


def _as_columns(form: Format, new: Format) -> bool:
    return form.read_objects is None and new.read_objects is None


def _batches(source: Source, part: Part, form: Format) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part's files, each file as its record has it."""
    for file in part.files:
        with (
            source.comparer.kept(file, part.held.moment) as local,
            at_disk(f"reading {file.path}"),
            form.open_reader(local) as batches,
        ):
            yield from batches


def _with_past(file: DataFile, sources: tuple[DataFile, ...]) -> DataFile:
    """Return a file's entry with what is known of its rows besides: when Stripe was last asked about them.

    Of several files it is the longest ago: asking again is right, and believing too much is not.
    """
    of_it = [source for source in sources if source.span.overlaps(file.span)] or list(sources)
    waiting = [source for source in of_it if source.pending] or of_it
    return with_changes(
        file,
        witnessed=min(source.witnessed for source in of_it),
        refreshed=min(source.refreshed for source in waiting),
        hidden=of_it[0].hidden,
    )


@dataclass(slots=True)
class _Partitions:
    """Rows in order of time that become files, one partition after the other; a block."""

    target: Target
    form: Format
    account: AccountId
    _draft: Draft | None = None
    _summary: Summary = field(init=False)
    _key: PartitionKey | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._draft is not None:
            self._draft.__exit__()

    def add(self, batch: pa.RecordBatch) -> Iterator[DataFile]:
        """Take rows, and yield the files that are complete by them."""
        for key, start, stop in shares(created_seconds(batch), self.target.partition):
            if key != self._key:
                yield from self.end()
                self._begin(key)
            self._write(batch.slice(start, stop - start))

    def end(self) -> Iterator[DataFile]:
        """Complete the file at hand, if there is one, and make it visible."""
        draft, key, self._draft, self._key = self._draft, self._key, None, None
        if draft is None or key is None:
            return
        with draft:
            written = draft.finish()
            if written is None:
                return
            path = self.form.final_path(self._folder(key), written.sha256)
            file = self._summary.data_file(path, size=written.bytes, sha256=written.sha256)
            yield self.target.publish(file, draft.keep())

    def _begin(self, key: PartitionKey) -> None:
        self._key, self._summary = key, Summary(ids=self.form.catalog != HIVE)
        self._draft = Draft(self.target.store, self.form, f"{self._folder(key)}/{self.form.file_name}")

    def _write(self, batch: pa.RecordBatch) -> None:
        if self._draft is not None:
            self._draft.write(batch)
            self._summary.add(batch)

    def _folder(self, key: PartitionKey) -> str:
        return partition_folder("balance_transactions", self.account, key)
