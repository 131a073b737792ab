"""One sorted stream from many runs and the old file: streaming, each id once, with an account of what is new.

Runs are opened in order of their first row, the old file is read alongside. Rows earlier than everything not yet opened
are final, and leave at once; so memory holds a few pages, however long the day.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter, itemgetter, lt
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.time.intervals import Intervals
from connector.errors import ProtocolError
from connector.lake.formats.row_columns import (
    CHUNK_ROWS,
    CHUNK_TEXT,
    FEW_ROWS,
    MICROSECONDS,
    bounds_of,
    inside,
    value_of,
)
from connector.lake.writing.count_differing import differing
from connector.lake.writing.merge_counts import MergeCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from connector.lake.writing.runs import Run

_OLD = -(2**31)
"""Order of the old file's rows: before those of every run."""

_BY = [("created", "ascending"), ("id", "ascending")]


@dataclass(frozen=True, slots=True)
class Reread:
    """What the new rows are an answer to.

    Attributes:
        within: seconds that were read again, completely: an old row there that is not among the new has disappeared. It
            is kept, and counted.
        read_before: seconds that an earlier run had read: a new row there was late.
    """

    within: Intervals = field(default_factory=Intervals)
    read_before: Intervals = field(default_factory=Intervals)


def merged(
    runs: Iterable[Run],
    old: Iterator[pa.RecordBatch],
    reread: Reread,
    *,
    parked: Sequence[Iterator[pa.RecordBatch]] = (),
    chunk_rows: int = CHUNK_ROWS,
) -> Iterator[tuple[pa.RecordBatch, MergeCounts]]:
    """Yield all rows sorted by `(created, id)`, each id once, with what each batch brought, in counts.

    A new row takes the place of the old one with its id; of two new ones, the one put in the buffer later counts.

    Args:
        runs: in order of their first row.
        old: the old file's batches, sorted; empty when there is none.
        reread: what was asked for.
        parked: batches of parked files, sorted; the files in the order they were parked, all of them before the runs.
        chunk_rows: rows to gather before looking for final ones, unless they are large.

    Raises:
        ProtocolError: when an id comes with two values of `created`. It is noticed when both are in memory together:
            when they are about `chunk_rows` rows apart or less.
        StorageError: when rows set aside, or the old file, cannot be read.
    """
    waiting = heapq.merge(
        ((run.first, partial(_of_run, run)) for run in runs),
        _opened(old, _OLD),
        *(_opened(batches, order) for order, batches in enumerate(parked, start=-len(parked))),
        key=itemgetter(0),
    )
    held: list[_Piece] = []
    rows = size = 0
    enough_rows, enough_size = chunk_rows, CHUNK_TEXT
    for first, opened in waiting:
        if rows >= enough_rows or size >= enough_size:
            final, held = _cut(held, first)
            if final:
                yield _settled(final, reread)
            rows, size = sum(piece.rows for piece in held), sum(piece.size for piece in held)
            enough_rows, enough_size = max(chunk_rows, 2 * rows), max(CHUNK_TEXT, 2 * size)
        held.append(opened())
        rows, size = rows + held[-1].rows, size + held[-1].size
    if held:
        yield _settled(held, reread)


def _opened(batches: Iterator[pa.RecordBatch], order: int) -> Iterator[tuple[int, Callable[[], _Piece]]]:
    return ((bounds_of(batch)[0], partial(_of_batch, batch, order)) for batch in batches)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows in memory: their bounds in seconds, the order of their run or `_OLD`, and about how many bytes they are."""

    first: int
    last: int
    order: int
    size: int
    batch: pa.RecordBatch

    @property
    def rows(self) -> int:
        return self.batch.num_rows


def _of_run(run: Run) -> _Piece:
    return _Piece(run.first, run.last, run.order, run.size, run.open())


def _of_batch(batch: pa.RecordBatch, order: int) -> _Piece:
    return _Piece(*bounds_of(batch), order, batch.nbytes, batch)


def _cut(pieces: list[_Piece], horizon: int) -> tuple[list[_Piece], list[_Piece]]:
    """Split rows into those created before the second `horizon` and the rest."""
    before: list[_Piece] = []
    rest: list[_Piece] = []
    for piece in pieces:
        if piece.last < horizon:
            before.append(piece)
        elif piece.first >= horizon:
            rest.append(piece)
        else:
            ticks = piece.batch.column("created").view(pa.int64())
            early = pc.less(ticks, value_of(ticks, horizon * MICROSECONDS))
            before.append(_of_batch(piece.batch.filter(early), piece.order))
            rest.append(_of_batch(piece.batch.filter(pc.invert(early)), piece.order))
    return before, rest


def _settled(pieces: list[_Piece], reread: Reread) -> tuple[pa.RecordBatch, MergeCounts]:
    """Join final rows: sorted, each id once, and counted."""
    if all(piece.order != _OLD for piece in pieces):
        batch = pa.concat_batches([piece.batch for piece in pieces])  # a copy, of one piece too: all are laid out alike
        if not _strictly_rising(batch):
            # In the order they were put, so that the stable sort leaves the latest of equals last.
            batch = _sorted(pa.concat_batches([piece.batch for piece in sorted(pieces, key=attrgetter("order"))]))
            batch = batch.filter(_last_of_equals(batch)) if not _strictly_rising(batch) else batch
        _refuse_two_times(batch)
        return batch, _counts_of_new(batch.column("created"), reread)
    return _overlaid(sorted(pieces, key=attrgetter("order")), reread)


def _overlaid(pieces: list[_Piece], reread: Reread) -> tuple[pa.RecordBatch, MergeCounts]:
    """Lay new rows over old ones; `pieces` come with the old ones first."""
    rows = pa.concat_batches([piece.batch for piece in pieces])
    olds = sum(piece.rows for piece in pieces if piece.order == _OLD)
    order = pc.sort_indices(rows, _BY)
    rows = rows.take(order)
    old = pc.less(order, value_of(order, olds))
    last = _last_of_equals(rows)
    _refuse_two_times(kept := rows.filter(last))

    hidden = pc.indices_nonzero(pc.and_(pc.invert(last), old))
    winners = pc.indices_nonzero(last).take(_ranks(last).take(hidden))
    index = pa.array(range(rows.num_rows), winners.type)
    new = pc.and_(last, pc.invert(pc.or_(old, pc.is_in(index, winners))))
    if len(back := _pending_again(rows, hidden, winners)):
        kept = rows.take(_with(pc.indices_nonzero(last), winners.take(back), hidden.take(back)))
        winners = _with(winners, winners.take(back), hidden.take(back))
    replaced = differing(rows.take(hidden), rows.take(winners))
    created = rows.column("created")
    gone = created.filter(pc.and_(last, old))
    counts = MergeCounts(
        replaced=replaced,
        unchanged=len(hidden) - replaced,
        disappeared=pc.sum(inside(gone, reread.within)).as_py() or 0,
    )
    return kept, counts + _counts_of_new(created.filter(new), reread)


def _pending_again(rows: pa.RecordBatch, hidden: pa.Array, winners: pa.Array) -> pa.Array:
    """Return which new rows are pending and the old ones available already: those were read before.

    A status changes once, from pending to available, so of two runs at once the one that saw it change has the newer
    reading. Nothing is concluded from a status that is not known.
    """
    status = rows.column("status")
    waiting = pc.equal(status.take(winners), value_of(status, "pending"))
    if not pc.any(waiting).as_py():
        return pc.indices_nonzero(waiting)
    return pc.indices_nonzero(pc.and_(waiting, pc.equal(status.take(hidden), value_of(status, "available"))))


def _with(indices: pa.Array, gone: pa.Array, instead: pa.Array) -> pa.Array:
    """Return indices with others in the place of some."""
    where = pc.index_in(indices, gone)
    return pc.if_else(where.is_valid(), instead.take(where), indices)


def _counts_of_new(created: pa.Array, reread: Reread) -> MergeCounts:
    late = created.filter(inside(created, reread.read_before)) if reread.read_before else None
    if late is None or not len(late):
        return MergeCounts(new=len(created))
    extremes = pc.min_max(late)
    return MergeCounts(
        new=len(created),
        late=len(late),
        late_first=extremes["min"].value // MICROSECONDS,
        late_last=extremes["max"].value // MICROSECONDS,
    )


def _sorted(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.take(pc.sort_indices(batch, _BY))


def _strictly_rising(batch: pa.RecordBatch) -> bool:
    """Say whether rows are sorted by `(created, id)` without two equal."""
    created, ids = batch.column("created"), batch.column("id")
    if len(ids) <= FEW_ROWS:
        rows = list(zip(created.view(pa.int64()).to_pylist(), ids.to_pylist(), strict=True))
        return all(map(lt, rows, rows[1:]))  # texts go by code points here, which is the order of UTF-8's bytes
    later = pc.greater(created[1:], created[:-1])
    if pc.all(later).as_py() is not False:
        return True
    tied = pc.and_(pc.equal(created[1:], created[:-1]), pc.greater(ids[1:], ids[:-1]))
    return bool(pc.all(pc.or_(later, tied)).as_py())


def _last_of_equals(batch: pa.RecordBatch) -> pa.Array:
    """Say of each row of a sorted batch whether the next one has another `(created, id)`."""
    created, ids = batch.column("created"), batch.column("id")
    same = pc.and_(pc.equal(created[1:], created[:-1]), pc.equal(ids[1:], ids[:-1]))
    return pa.concat_arrays([pc.invert(same), pa.array([True], pa.bool_())])


def _ranks(last: pa.Array) -> pa.Array:
    """Return for each row how many kept ones come before it."""
    return pc.subtract(pc.cumulative_sum(last.cast(pa.int64())), last.cast(pa.int64()))


def _refuse_two_times(batch: pa.RecordBatch) -> None:
    """Refuse an id that is left twice, since then its rows differ in `created`, which never changes."""
    ids = batch.column("id")
    different = len(set(ids.to_pylist())) if len(ids) <= FEW_ROWS else pc.count_distinct(ids).as_py()
    if different == len(ids):
        return
    counts = ids.value_counts()
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))[0].as_py()
    times = batch.column("created").filter(pc.equal(ids, twice)).cast(pa.int64())
    seconds = ", ".join(str(tick.as_py() // MICROSECONDS) for tick in times)
    raise ProtocolError(f"{twice} came with different values of created ({seconds}); nothing of it is published")
