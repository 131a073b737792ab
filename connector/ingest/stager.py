"""Whole partitions on their way into staged files: taken off the buffer, merged in threads with what is there."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.errors import CommitConflictError, ConnectorError
from connector.ingest.publisher import StagedPartition
from connector.lake.layout import LARGE_ROWS
from connector.lake.state.commits import SURE_ROUNDS
from connector.lake.writing.rewrite import PartitionRewrite, StagedFile, StaleFileError, stage_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.core.state.partition import PartitionKey
    from connector.core.time.intervals import Intervals
    from connector.ingest.batcher import Batcher
    from connector.ingest.publisher import Publisher
    from connector.lake.writing.runs import SortedRuns

ROUNDS = 8
"""Times that a partition is written with what others have made of it meanwhile."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A partition that is whole: the seconds that this run read of it, and the rows to be merged with what is there."""

    key: PartitionKey
    within: Intervals
    rewrite: PartitionRewrite
    runs: SortedRuns


@dataclass(slots=True, eq=False)
class Stager:
    """Stages whole partitions of one account.

    Attributes:
        batcher: what waits to be written.
        tell: told of each file that is staged, and of how many rows of this run are in it.
        busy: partitions whose rows are off the buffer, and neither visible nor parked yet.
    """

    batcher: Batcher
    tell: Callable[[StagedFile, int], None]
    busy: set[PartitionKey] = field(init=False, default_factory=set["PartitionKey"])

    async def stage(self, publisher: Publisher, keys: Sequence[PartitionKey]) -> None:
        """Stage those of some partitions that are whole, merged with the files that are there.

        A key whose staging fails stays in `busy`: its seconds never count as covered. One that is being staged is left
        alone: what else it has is written when the run ends.

        Args:
            publisher: which the staged files wait in.
            keys: the partitions.

        Raises:
            ConnectorError: the first thing that failed; the other partitions are staged.
        """
        failure: ConnectorError | None = None
        with ExitStack() as stack:
            parts = self._taken(publisher, keys, stack)
            for part, told in await self._staged_at_last(publisher, parts):
                if isinstance(told, StagedFile):
                    publisher.staged[part.key] = StagedPartition(
                        part.key, part.rewrite, told, part.within, part.runs.rows
                    )
                    self.tell(told, part.runs.rows)
                else:
                    failure = failure or told
        if failure is not None:
            raise failure

    def _taken(self, publisher: Publisher, keys: Sequence[PartitionKey], stack: ExitStack) -> list[_Part]:
        """Take partitions that are whole off the buffer; it keeps its space until the block ends."""
        parts: list[_Part] = []
        whole = self.whole(publisher, keys)
        self.batcher.encode(whole)
        for key in whole:
            within = self.read_of(key)
            part = _Part(key, within, publisher.rewrite_of(key, within), self.batcher.taken(key, within))
            if part.runs or part.rewrite.parked or part.rewrite.expects_old_rows:
                stack.enter_context(part.runs)
                self.busy.add(key)
                parts.append(part)
        return parts

    def whole(self, publisher: Publisher, keys: Sequence[PartitionKey]) -> list[PartitionKey]:
        """Return those of some partitions that are whole, and that nobody is at work on."""
        reading = publisher.reading(self.batcher.frontier.read, newest=self.batcher.newest)
        return [key for key in keys if key not in self.busy and reading.is_whole(key.bounds)]

    def read_of(self, key: PartitionKey) -> Intervals:
        """Return the seconds of a partition that this run has read."""
        frontier = self.batcher.frontier
        return frontier.todo.within(key.bounds).minus(frontier.incomplete)

    async def _staged_at_last(
        self, publisher: Publisher, parts: list[_Part]
    ) -> list[tuple[_Part, StagedFile | ConnectorError]]:
        """Write partitions; where a file is not as the state says, go on from what others have made of it meanwhile.

        Whoever made it takes back what he said of it once it is recorded: a look may come between the two, and see
        neither. So a file of nobody is looked at a few times before it counts as spoilt.
        """
        done: list[tuple[_Part, StagedFile | ConnectorError]] = []
        for tried in range(ROUNDS):
            told = list(zip(parts, await self._staged(parts) if parts else (), strict=True))
            done += [(part, outcome) for part, outcome in told if not isinstance(outcome, StaleFileError)]
            stale = [(part, outcome) for part, outcome in told if isinstance(outcome, StaleFileError)]
            if not stale:
                return done
            await publisher.catch_up()
            newer = [replace(part, rewrite=publisher.rewrite_of(part.key, part.within)) for part, _ in stale]
            same = [
                tried >= SURE_ROUNDS and renewed.rewrite == part.rewrite
                for renewed, (part, _) in zip(newer, stale, strict=True)
            ]
            done += [told for told, is_ in zip(stale, same, strict=True) if is_]
            parts = [part for part, is_ in zip(newer, same, strict=True) if not is_]
        return done + [(part, _overtaken(part)) for part in parts]

    async def _staged(self, parts: list[_Part]) -> list[StagedFile | ConnectorError]:
        """Write in a worker thread."""
        lake, rewrites = self.batcher.lake, [(part.rewrite, part.runs) for part in parts]
        limiter = lake.press if sum(runs.rows for _, runs in rewrites) >= LARGE_ROWS else lake.threads
        return await anyio.to_thread.run_sync(stage_each, lake.store, lake.form, rewrites, limiter=limiter)


def _overtaken(part: _Part) -> CommitConflictError:
    return CommitConflictError(f"others have changed {part.rewrite.folder} {ROUNDS} times in a row: run again")
