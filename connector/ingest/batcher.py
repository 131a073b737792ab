"""Pages of one account on their way to the buffer: looked at for drift, shared out to their partitions, encoded.

Rows that are as documented wait as they were decoded, and are encoded when their partition is taken, or when too many
wait: Arrow's cost per call is that of thirty rows, and a partition in one piece needs no merging.
"""

from __future__ import annotations

from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from connector.core.api.page import created_of, in_file_order
from connector.core.state.drift import Drift
from connector.core.state.partition import in_order_of_time, shares
from connector.core.time.intervals import Interval
from connector.errors import StorageError
from connector.tables.columnize import columnize
from connector.tables.drift import drift
from connector.tables.transaction import are_documented

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from connector.core.api.page import AnyRow
    from connector.core.planning.windows.frontier import Frontier
    from connector.core.state.partition import PartitionKey
    from connector.core.time.intervals import Intervals
    from connector.lake.layout import Lake
    from connector.lake.writing.row_buffer import RowBuffer
    from connector.lake.writing.runs import SortedRuns
    from connector.tables.transaction import Transaction

Place: TypeAlias = "tuple[PartitionKey, int, int]"
"""A partition, and the positions `[start, stop)` of its rows."""

MOST_DECODED = 2_048
"""Rows that wait to be encoded, in all accounts together: two megabytes of them, and four at most."""

LARGE_ROW = 2_048
"""Bytes a row of a page beyond which none of it waits; Stripe's are of about 700."""


@dataclass(slots=True, eq=False)
class Batcher:
    """What came of one account in this run, and where it waits to be written.

    Attributes:
        lake: where rows go.
        buffer: where they wait once they are encoded.
        frontier: says what is complete.
        drift: what the schema does not know.
        rows: rows received.
        newest: the latest `created` among them, UTC seconds; 0 before the first.
    """

    lake: Lake
    buffer: RowBuffer
    frontier: Frontier
    drift: Drift = field(init=False, default_factory=Drift)
    rows: int = field(init=False, default=0)
    newest: int = field(init=False, default=0)
    _decoded: dict[PartitionKey, list[Sequence[Transaction]]] = field(
        init=False, default_factory=dict["PartitionKey", "list[Sequence[Transaction]]"]
    )

    def take(self, rows: list[AnyRow], size: int = 0) -> None:
        """Take in a page's rows, newest first, and what was missed of the second at its head.

        Args:
            rows: of the page, and of those that another reading of a second showed: each decoded in one of the ways.
            size: of the page's body, in bytes.

        Raises:
            SchemaError: a row lacks what a ledger cannot do without, or differs from the schema where that is refused.
            StorageError: what does not fit in memory finds no room on the disk.
        """
        for _, alike in groupby(rows, key=type):
            self._take(list(alike), size)

    def _take(self, rows: list[AnyRow], size: int) -> None:
        """Take in rows that were decoded in one way."""
        ordered = in_file_order(rows)  # what is in order is not sorted again
        created = created_of(ordered)
        documented = are_documented(ordered)
        looked_at = ordered if documented else columnize(ordered)
        if drifted := drift(looked_at):
            told = self.lake.spare(drifted)
            self.drift = self.drift.merge(told)
            self.lake.accept(told)
        places = list(shares(created, self.lake.partition))
        if documented and size <= LARGE_ROW * len(rows):
            self._wait(ordered, places)
        else:
            self._encode([key for key, _, _ in places])  # of two rows with one id, the one that is put later counts
            self._put(self.lake.encode(looked_at), created, places)
        self.rows += len(rows)
        self.newest = max(self.newest, created[-1])

    def keys(self) -> set[PartitionKey]:
        """Return the partitions that have rows waiting."""
        return self.buffer.keys() | self._decoded.keys()

    def partitions(self) -> list[PartitionKey]:
        """Return the same, oldest first."""
        return in_order_of_time(self.keys())

    def rows_of(self, key: PartitionKey) -> int:
        """Return how many rows wait for a partition."""
        return self.buffer.rows(key) + self._waiting(key)

    def encode(self, keys: Iterable[PartitionKey]) -> None:
        """Encode what waits of some partitions, before they are taken.

        A disk without room is none of their business: their rows are in the buffer all the same, and the next page is
        refused.
        """
        with suppress(StorageError):
            self._encode(keys, whole=True)

    def taken(self, key: PartitionKey, within: Intervals) -> SortedRuns:
        """Remove and return the rows of a partition whose `created` is in `within`; see `RowBuffer.take`."""
        self.encode([key])
        return self.buffer.take(key, within)

    def close(self) -> None:
        """Let go of what was not encoded."""
        self._forget(list(self._decoded))

    def _waiting(self, key: PartitionKey) -> int:
        return sum(map(len, self._decoded.get(key, ())))

    def _wait(self, page: Sequence[Transaction], places: Sequence[Place]) -> None:
        """Let rows wait to be encoded, and encode half of all where too many do: the most of one partition first."""
        for key, start, stop in places:
            self._decoded.setdefault(key, []).append(page[start:stop])
        self.buffer.memory.decoded += len(page)
        if self.buffer.memory.decoded > self._most:
            self._encode(self._longest())

    def _longest(self) -> list[PartitionKey]:
        """Return the partitions of which most waits, with half of all that does."""
        keys = sorted(self._decoded, key=self._waiting, reverse=True)
        sums = accumulate(map(self._waiting, keys))
        return keys[: 1 + bisect_left(list(sums), self._most // 2)]

    @property
    def _most(self) -> int:
        """Rows that may wait decoded: those of the largest size that wait take no more than all rows may."""
        return min(MOST_DECODED, self.buffer.memory.budget // LARGE_ROW)

    def _encode(self, keys: Iterable[PartitionKey], *, whole: bool = False) -> None:
        """Put what waits of some partitions in the buffer.

        Args:
            keys: the partitions.
            whole: whether all there is of them goes together: the rows of one that has none in the buffer become one
                run. Of others each page stays one, since a run that reaches over those to come has to be held, all of
                it, as long as they are merged.

        Raises:
            StorageError: what does not fit in memory finds no room on the disk. The rows are in the buffer all the
                same.
        """
        chosen = [key for key in keys if key in self._decoded]
        runs = [(key, piece) for key in chosen for piece in self._pieces(key, whole=whole)]
        if not runs:
            return
        rows = list(chain.from_iterable(piece for _, piece in runs))
        stops = accumulate(len(piece) for _, piece in runs)
        places = [(key, stop - len(piece), stop) for (key, piece), stop in zip(runs, stops, strict=True)]
        try:
            self._put(self.lake.encode(rows), created_of(rows), places)
        except StorageError:
            self._forget(chosen)
            raise
        self._forget(chosen)  # not before: after any other error they still wait, and their seconds are not read

    def _pieces(self, key: PartitionKey, *, whole: bool) -> list[Sequence[Transaction]]:
        pieces = self._decoded[key]
        return [_in_order(pieces)] if whole and len(pieces) > 1 and not self.buffer.rows(key) else pieces

    def _forget(self, keys: Iterable[PartitionKey]) -> None:
        self.buffer.memory.decoded -= sum(sum(map(len, self._decoded.pop(key))) for key in keys)

    def _put(self, batch: pa.RecordBatch, created: Sequence[int], places: Iterable[Place]) -> None:
        """Put rows in the buffer, all of them whatever the disk says."""
        failure: StorageError | None = None
        for key, start, stop in places:
            try:
                self.buffer.put(key, batch.slice(start, stop - start), Interval(created[start], created[stop - 1] + 1))
            except StorageError as error:
                failure = failure or error
        if failure is not None:
            raise failure


def _in_order(pieces: list[Sequence[Transaction]]) -> Sequence[Transaction]:
    """Join rows that are each sorted by `(created, id)`; of equal ones, those of the later piece come last."""
    by_time = sorted(pieces, key=lambda piece: piece[0].created)
    if all(batch[-1].created < other[0].created for batch, other in pairwise(by_time)):
        return [*chain.from_iterable(by_time)]
    return sorted(chain.from_iterable(pieces), key=attrgetter("created", "id"))
