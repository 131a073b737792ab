"""Pages of one account on their way to the buffer: looked at for drift, encoded, shared out to their partitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.api.page import created_of, in_file_order
from connector.core.state.drift import Drift
from connector.core.state.partition import shares
from connector.core.time.intervals import Interval
from connector.tables.columnize import sift
from connector.tables.drift import drift
from connector.tables.transaction import are_documented

if TYPE_CHECKING:
    from connector.core.api.page import AnyRow
    from connector.core.planning.frontier import Frontier
    from connector.lake.layout import Lake
    from connector.lake.writing.row_buffer import RowBuffer


@dataclass(slots=True, eq=False)
class Batcher:
    """What came of one account in this run, and where it waits to be written.

    Attributes:
        lake: where rows go.
        buffer: where they wait.
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

    def take(self, rows: list[AnyRow]) -> None:
        """Put a page's rows, newest first, in the buffer.

        Raises:
            SchemaError: a row lacks what a ledger cannot do without, or differs from the schema where that is refused.
            StorageError: what does not fit in memory finds no room on the disk.
        """
        if not rows:
            return
        ordered = in_file_order(rows)  # what is in order is not sorted again
        looked_at = ordered if are_documented(ordered) else sift(ordered)
        if found := drift(looked_at):
            told = self.lake.spare(found)
            self.drift = self.drift.merge(told)
            self.lake.accept(told)
        batch = self.lake.encode(looked_at)
        created = created_of(ordered)
        for key, start, stop in shares(created, self.lake.partition):
            self.buffer.put(key, batch.slice(start, stop - start), Interval(created[start], created[stop - 1] + 1))
        self.rows += len(rows)
        self.newest = max(self.newest, created[-1])
