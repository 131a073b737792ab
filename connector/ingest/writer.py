"""Partitions of one account on their way into files: completed by a page, sealed in worker threads, committed.

The event loop owns everything here; worker threads get a taken set of runs and give back a sealed file. Data files come
first, the state last, and coverage is only ever what durable files hold.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.concurrency import tasks_with_one_error
from connector.core.time.intervals import Interval, Intervals
from connector.errors import ConnectorError
from connector.lake.layout import LARGE_ROWS, SEALERS
from connector.lake.writing.rewrite import Day, Sealed, write_each

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from anyio.abc import TaskGroup

    from connector.core.state.partition import PartitionKey
    from connector.ingest.batcher import Intake
    from connector.ingest.publisher import Published
    from connector.lake.writing.row_buffer import Runs
    from connector.stripe.listing.scan import Received

COMMIT_SECONDS = 2.0
"""A state is written about this long after a file it should name: what a kill loses is read again."""

COMMIT_SHARE = 0.05
"""Share of the time that may be spent on writing it: that of a large lake is written less often."""

HASTE = 2.0
"""The same after a file was replaced by a fuller one."""

HANDFUL = 16
"""Small partitions that are handed to a thread together."""

CHECKPOINT_SECONDS = 30.0
"""A partition too large to be complete soon is written in part this often."""

CHECKPOINT_ROWS = 20_000
"""Rows waiting for an incomplete partition before it is written in part."""

CHECKPOINT_SHARE = 0.05
"""The same, as a share of the rows its file has: rewriting a large file costs."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is complete of a partition: the seconds, and the rows to be merged with the file that is there."""

    key: PartitionKey
    within: Intervals
    day: Day
    runs: Runs


@dataclass(slots=True, eq=False)
class Harvest:
    """One account's run from pages to state.

    Attributes:
        intake: what came, and what waits to be written.
        published: files and state; None until the account is known, and nothing is written before.
        answered: set with the first page.
    """

    intake: Intake
    published: Published | None = field(init=False, default=None)
    answered: anyio.Event = field(init=False, default_factory=anyio.Event)
    _named: anyio.Event = field(init=False, default_factory=anyio.Event)
    _tasks: TaskGroup | None = field(init=False, default=None)
    _room: anyio.Semaphore = field(init=False, default_factory=lambda: anyio.Semaphore(2 * SEALERS))
    _queued: set[PartitionKey] = field(init=False, default_factory=set["PartitionKey"])
    _sealing: set[PartitionKey] = field(init=False, default_factory=set["PartitionKey"])
    _committing: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    def publish_to(self, published: Published) -> None:
        """Say whose rows these are: from here on files are written."""
        self.published = published
        self._named.set()

    async def run(self, *steps: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the steps that bring rows, writing what becomes complete; publish all that is, however they end.

        After an error that no other attempt would mend, nothing of the windows that were open is published; after an
        interruption, or an outage, what they had brought is.

        Raises:
            ConnectorError: what a step raised, or the destination.
        """
        try:
            async with tasks_with_one_error() as background:
                background.start_soon(self._keep_committing)
                async with tasks_with_one_error() as self._tasks:
                    for step in steps:
                        self._tasks.start_soon(step)
                background.cancel_scope.cancel()
        except BaseException as error:
            if isinstance(error, anyio.get_cancelled_exc_class()) or getattr(error, "retryable", False):
                self.intake.frontier.abandon()  # stopped from outside: nothing speaks against what has been read so far
            with anyio.CancelScope(shield=True), suppress(ConnectorError):  # the first error is on its way, and counts
                await self._settle_up()
            raise
        self.intake.show()
        with anyio.CancelScope(shield=True):
            await self._settle_up(complete=True)

    # The way in -------------------------------------------------------------------------------------------------------

    async def receive(self, got: Received) -> None:
        """Start sealing what a page completed; wait if sealing is behind."""
        self.answered.set()
        if got.walk.done:
            await self._seal_completed(got.walk.answers_for)

    async def _seal_completed(self, seconds: Interval) -> None:
        """Start sealing the partitions that a finished window completed."""
        completed: list[PartitionKey] = []
        for key in self.intake.shelf.partitions():
            touched = key.start < seconds.stop and seconds.start < key.stop
            if touched and key not in self._queued and self.intake.frontier.is_complete(key.bounds):
                self._queued.add(key)
                completed.append(key)
        for keys in self._handfuls(completed):
            await self._room.acquire()
            if self._tasks is not None:
                self._tasks.start_soon(self._seal_in_turn, keys)

    # The way out ------------------------------------------------------------------------------------------------------

    def _handfuls(self, keys: Sequence[PartitionKey]) -> Iterator[list[PartitionKey]]:
        """Put small partitions together: handing one to a thread costs as much as writing a few rows."""
        handful: list[PartitionKey] = []
        rows = 0
        for key in keys:
            handful.append(key)
            rows += self.intake.shelf.rows(key)
            if rows >= LARGE_ROWS or len(handful) == HANDFUL:
                yield handful
                handful, rows = [], 0
        if handful:
            yield handful

    async def _seal_in_turn(self, keys: Sequence[PartitionKey]) -> None:
        try:
            await self._named.wait()
            with anyio.CancelScope(shield=True):
                await self._seal(keys)
        finally:
            self._room.release()

    async def _seal(self, keys: Sequence[PartitionKey]) -> None:
        """Write what is complete of some partitions, merged with the files that are there.

        A key whose sealing fails stays in `_sealing`: its seconds never count as covered. One that is being sealed is
        left alone: what else it has is written when the run ends.

        Raises:
            ConnectorError: the first thing that failed; the other partitions are written.
        """
        published = self.published
        if published is None:
            return
        with ExitStack() as stack:
            parts = self._taken(published, keys, stack)
            written = [part for part in parts if len(part.runs)]
            outcomes = await self._written(published, written) if written else []
            safe = {part.key: part.runs.rows for part in written}
        failures = {
            part.key: told for part, told in zip(written, outcomes, strict=True) if not isinstance(told, Sealed)
        }
        sealed = [one for one in outcomes if isinstance(one, Sealed)]
        published.record(sealed)
        self.intake.progress.files_sealed += len(sealed)
        self.intake.progress.rows_safe += sum(rows for key, rows in safe.items() if key not in failures)
        whole = [part for part in parts if part.key not in failures]
        published.durable = Intervals.of([*published.durable, *(one for part in whole for one in part.within)])
        self._sealing.difference_update(part.key for part in whole)
        if any(part.day.old for part in whole) and anyio.current_time() - published.committed > HASTE:
            await self.commit()  # until then the state has the file that was replaced: it would be read again
        for failure in failures.values():
            raise failure

    def _taken(self, published: Published, keys: Sequence[PartitionKey], stack: ExitStack) -> list[_Part]:
        """Take what is complete of some partitions off the shelf; it keeps its space until the block ends."""
        frontier, shelf = self.intake.frontier, self.intake.shelf
        parts: list[_Part] = []
        for key in keys:
            kept_whole = published.keep_whole.touching(key.bounds) and not frontier.is_complete(key.bounds)
            if key in self._sealing or kept_whole:
                continue
            self._sealing.add(key)
            within = frontier.todo.within(key.bounds).minus(frontier.incomplete)
            day = published.day(key, within)
            parts.append(_Part(key, within, day, stack.enter_context(shelf.take(key, within))))
        return parts

    async def _written(self, published: Published, parts: list[_Part]) -> list[Sealed | ConnectorError]:
        """Seal and publish in a worker thread."""
        lake, days = self.intake.lake, [(part.day, part.runs) for part in parts]
        limiter = lake.press if sum(runs.rows for _, runs in days) >= LARGE_ROWS else lake.threads
        announce = published.replacing.announce
        return await anyio.to_thread.run_sync(write_each, lake.store, lake.form, days, announce, limiter=limiter)

    async def commit(self) -> None:
        """Write the state if it has changed."""
        async with self._committing:
            if self.published is not None:
                intake = self.intake
                frontier = intake.frontier
                again = frontier.reopened.both(frontier.incomplete) if frontier.reopened else frontier.reopened
                await self.published.save(self._read(), again, newest=intake.newest, drift=intake.drift)

    def _read(self) -> Intervals:
        """Return the seconds that were read and of which nothing waits to be written."""
        frontier = self.intake.frontier
        waiting = Intervals.of(key.bounds for key in {*self.intake.shelf.partitions(), *self._sealing})
        return frontier.todo.minus(frontier.incomplete).minus(waiting)

    async def _keep_committing(self) -> None:
        pause, checkpoint = COMMIT_SECONDS, anyio.current_time() + CHECKPOINT_SECONDS
        while True:
            await anyio.sleep(pause)
            if (began := anyio.current_time()) >= checkpoint:
                checkpoint = began + CHECKPOINT_SECONDS
                for key in self.intake.shelf.partitions():
                    if self._worth_a_checkpoint(key):
                        with anyio.CancelScope(shield=True):
                            await self._seal([key])
            began = anyio.current_time()
            with anyio.CancelScope(shield=True):
                await self.commit()
            pause = max(COMMIT_SECONDS, (anyio.current_time() - began) / COMMIT_SHARE)

    def _worth_a_checkpoint(self, key: PartitionKey) -> bool:
        if self.published is None:
            return False
        old = self.published.file(key)
        enough = max(CHECKPOINT_ROWS, CHECKPOINT_SHARE * old.rows if old else 0)
        return self.intake.shelf.rows(key) >= enough

    async def _settle_up(self, *, complete: bool = False) -> None:
        """Write what is complete and not yet written, then the state; one partition's failure spares the others.

        Args:
            complete: whether everything was read; the state says so once everything is written as well.

        Raises:
            ConnectorError: the first thing that failed.
        """
        published = self.published
        if published is None:
            return
        failure: ConnectorError | None = None
        for keys in self._handfuls(self.intake.shelf.partitions()):
            try:
                await self._seal(keys)
            except ConnectorError as error:
                failure = failure or error
        if complete and failure is None:
            published.conclude(newest=self.intake.newest)
        await self.commit()
        if failure is not None:
            raise failure
        if not self._sealing:
            await anyio.to_thread.run_sync(published.replacing.settle)
