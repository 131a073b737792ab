"""The data source as a stream: what is new since the last batch, once it has settled.

Spark keeps the offsets. A reader keeps nothing that matters: Spark makes it twice, calls it from two processes, and
commits the last batch of a run with the next one.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxRows,
    SupportsTriggerAvailableNow,
)

from connector.core.api.page_size import PAGE_SIZE
from connector.core.time.intervals import Interval
from connector.running.blocking import run_blocking
from connector.spark import offsets
from connector.spark.reading import batches_of, reached, streamed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from connector.spark.executor_settings import ExecutorSettings
    from connector.spark.read_options import ReadOptions

_ALONE = "a thread of its own"


class StripeBalanceStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads what is new in batches, each up to where rows may still come."""

    def __init__(self, carried: ExecutorSettings, asked: ReadOptions, schema: pa.Schema) -> None:
        self._carried, self._asked, self._schema = carried, asked, schema
        self._last: int | None = None
        self._known: tuple[int, int] | None = None

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """Return where a stream begins: at `since`."""
        return offsets.offset(self._asked.within.start)

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - Spark's name
        """Return how many rows a batch is to have, about."""
        pages = self._asked.pages_per_batch
        return ReadAllAvailable() if pages is None else ReadMaxRows(pages * PAGE_SIZE)

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's name
        """Have the stream end with what has settled by now."""
        self._last = self._latest(self._asked.within.start)

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """Return where the next batch ends: by the clock, unless a large one is to be cut."""
        begin = offsets.second_of(start)
        end = self._latest(begin)
        if end - begin > offsets.SHORT and isinstance(limit, ReadMaxRows):
            end = min(end, self._reach(begin, end, limit.max_rows))
        return offsets.offset(end)

    def reportLatestOffset(self) -> dict[str, Any] | None:  # noqa: N802 - Spark's name
        """Return what a batch could reach."""
        return offsets.offset(self._latest(self._asked.within.start))

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """Cut a batch into partitions."""
        begin, stop, asked = offsets.second_of(start), offsets.second_of(end), self._asked
        within = offsets.batch(asked.within, begin, stop, lateness=asked.lateness)
        if within is None:
            return []
        few = {"partitions": 1} if within.seconds <= offsets.SHORT else {}
        cut = replace(asked, within=within, settle=0, **few)
        parts = run_blocking(lambda: streamed(self._carried.config, cut), instead=_ALONE)
        return [InputPartition(part) for part in parts]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read one partition."""
        return batches_of(self._carried.config, partition.value, self._schema)

    def _latest(self, start: int) -> int:
        end = offsets.latest(self._asked.within, start, now=time.time(), settle=self._asked.settle)
        return end if self._last is None else max(start, min(end, self._last))

    def _reach(self, start: int, end: int, rows: int) -> int:
        """Ask for a few pages once for each batch: Spark may ask for its end again."""
        if self._known is None or self._known[0] != start:
            asked = replace(self._asked, within=Interval(start, end))
            reach = run_blocking(lambda: reached(self._carried.config, asked, rows), instead=_ALONE)
            self._known = (start, reach)
        return self._known[1]
