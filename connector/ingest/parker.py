"""Rows of partitions that are not whole, or wait for an older one: parked in threads, named by the next state."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.errors import ConnectorError
from connector.lake.writing.parking import Leftover, park_each

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.core.state.partition import PartitionKey
    from connector.ingest.batcher import Batcher
    from connector.ingest.publisher import Publisher
    from connector.ingest.stager import Stager


@dataclass(slots=True, eq=False)
class Parker:
    """Parks rows of one account.

    Attributes:
        batcher: what waits to be written.
        stager: what of it is being staged.
        safe: rows that were parked, since somebody took note of how many.
    """

    batcher: Batcher
    stager: Stager
    safe: int = field(init=False, default=0)

    async def park(self, publisher: Publisher, keys: Iterable[PartitionKey]) -> None:
        """Park what has been read of some partitions that are not whole; those that are being staged are left alone.

        Raises:
            ConnectorError: the first thing that failed; its rows are read again.
        """
        with ExitStack() as stack:
            leftovers: list[Leftover] = []
            for key in keys:
                if key not in self.stager.busy:
                    self.stager.busy.add(key)
                    within = self.stager.read_of(key)
                    runs = stack.enter_context(self.batcher.taken(key, within))
                    leftovers.append(Leftover(key, publisher.parked_path(key), within, runs))
            await self._park_each(publisher, leftovers)

    async def park_staged(self, publisher: Publisher, keys: Iterable[PartitionKey]) -> None:
        """Park what this run read of staged partitions that wait for an older one, which it did not complete.

        Raises:
            ConnectorError: the first thing that failed; its rows are read again.
        """
        leftovers = [
            Leftover(
                partition.key,
                publisher.parked_path(partition.key),
                partition.within,
                partition.staged.path,
                partition.rows,
            )
            for partition in map(publisher.staged.pop, keys)
        ]
        await self._park_each(publisher, leftovers)

    async def _park_each(self, publisher: Publisher, leftovers: Sequence[Leftover]) -> None:
        if not leftovers:
            return
        lake, newest = self.batcher.lake, self.batcher.newest
        outcomes = await anyio.to_thread.run_sync(park_each, lake.store, lake.form, leftovers, limiter=lake.press)
        failure: ConnectorError | None = None
        for leftover, told in zip(leftovers, outcomes, strict=True):
            if isinstance(told, ConnectorError):
                failure = failure or told
                continue
            publisher.park(leftover.key, told, leftover.within, newest=newest)
            self.safe += leftover.rows
            self.stager.busy.discard(leftover.key)
        if failure is not None:
            raise failure
