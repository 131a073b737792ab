"""Partitions of one account on their way into files: completed by a page, staged in worker threads, committed.

The event loop owns everything here; worker threads get a taken set of runs and give back a staged file. A commit makes
staged files visible and writes the state that names them. Only whole partitions become visible, and none before an
older one that an earlier run left in part; rows of the others are parked when the run ends, or takes long. Coverage is
only ever what durable files hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.core.planning.coverage.plan import visible_in
from connector.core.planning.coverage.whole import may_become_visible
from connector.core.state.partition import in_order_of_time
from connector.core.time.intervals import Interval, Intervals
from connector.errors import AuthenticationError, CommitConflictError, ConnectorError, PermissionDeniedError
from connector.events import Committed, PartitionStaged
from connector.ingest.parker import Parker
from connector.ingest.publisher import Read, StagedPartition
from connector.ingest.stager import Stager
from connector.lake.layout import LARGE_ROWS, STAGING_THREADS
from connector.running.concurrency import tasks_with_one_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

    from anyio.abc import TaskGroup

    from connector.core.state.partition import PartitionKey
    from connector.ingest.batcher import Batcher
    from connector.ingest.publisher import Publisher
    from connector.lake.writing.rewrite import StagedFile
    from connector.services import Services
    from connector.stripe.listing.scan import Received

_REFUSALS = AuthenticationError, PermissionDeniedError
"""Ends that say nothing against what was read before: a key expires, an account takes back its access."""

PARTITIONS_PER_TASK = 16
"""Small partitions that are handed to a thread together."""


@dataclass(slots=True, eq=False)
class PartitionWriter:
    """One account's run from pages to state.

    Attributes:
        batcher: what came, and what waits to be written.
        services: what the run touches.
        account: as it was asked for, for events.
        publisher: files and state; None until the account is known, and nothing is written before.
        answered: set with the first page.
    """

    batcher: Batcher
    services: Services
    account: str | None = None
    publisher: Publisher | None = field(init=False, default=None)
    answered: anyio.Event = field(init=False, default_factory=anyio.Event)
    _named: anyio.Event = field(init=False, default_factory=anyio.Event)
    _tasks: TaskGroup | None = field(init=False, default=None)
    _room: anyio.Semaphore = field(init=False, default_factory=lambda: anyio.Semaphore(2 * STAGING_THREADS))
    _queued: set[PartitionKey] = field(init=False, default_factory=set["PartitionKey"])
    _stager: Stager = field(init=False)
    _parker: Parker = field(init=False)
    _safe: int = field(init=False, default=0)
    _committing: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        self._stager = Stager(self.batcher, self._tell_staged)
        self._parker = Parker(self.batcher, self._stager)

    def publish_to(self, publisher: Publisher) -> None:
        """Say whose rows these are: from here on files are written."""
        self.publisher = publisher
        self._named.set()

    async def run(self, *steps: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the steps that bring rows, writing what becomes complete; keep all that is, however they end.

        After an answer that breaks the contract, nothing of the windows that were open is kept; after an interruption,
        an outage, or a refusal, such as of a key that expires, what they had brought is.

        Raises:
            ConnectorError: what a step raised, or the destination.
        """
        try:
            async with tasks_with_one_error() as background:
                background.start_soon(self._keep_committing)
                async with tasks_with_one_error() as self._tasks:
                    self._tasks.start_soon(self._take_up)
                    for step in steps:
                        self._tasks.start_soon(step)
                background.cancel_scope.cancel()
        except BaseException as error:
            if isinstance(error, (anyio.get_cancelled_exc_class(), *_REFUSALS)) or getattr(error, "retryable", False):
                self.batcher.frontier.abandon()  # stopped from outside: nothing speaks against what was read
            with anyio.CancelScope(shield=True):
                await self._settle_up()  # the first error is on its way, and counts
            raise
        failure: ConnectorError | None = None
        with anyio.CancelScope(shield=True):
            failure = await self._settle_up(complete=True)
        if failure is not None:
            raise failure

    # The way in -------------------------------------------------------------------------------------------------------

    async def receive(self, got: Received) -> None:
        """Start staging what a page completed; wait if staging is behind."""
        self.answered.set()
        if got.walk.done:
            await self._stage_completed(got.walk.answers_for)

    async def _take_up(self) -> None:
        """Start staging the partitions whose rows were parked and of which nothing is left to be read."""
        await self._named.wait()
        await self._stage_completed(Interval(0, max((key.stop for key in self._waiting()), default=1)))

    async def _stage_completed(self, seconds: Interval) -> None:
        """Start staging the partitions that a finished window completed."""
        completed: list[PartitionKey] = []
        touched = (key for key in self._waiting() if key.start < seconds.stop and seconds.start < key.stop)
        for key in in_order_of_time(touched):
            if key not in self._queued and self.batcher.frontier.is_complete(key.bounds):
                self._queued.add(key)
                completed.append(key)
        for keys in self._together(completed):
            await self._room.acquire()
            if self._tasks is not None:
                self._tasks.start_soon(self._stage_in_turn, keys)

    def _waiting(self) -> set[PartitionKey]:
        """Return the partitions with rows that are not in data files."""
        return self.batcher.keys() | (self.publisher.parked_keys if self.publisher else set())

    # Staging ----------------------------------------------------------------------------------------------------------

    def _together(self, keys: Sequence[PartitionKey]) -> Iterator[list[PartitionKey]]:
        """Put small partitions together: handing one to a thread costs as much as writing a few rows."""
        together: list[PartitionKey] = []
        rows = 0
        for key in keys:
            together.append(key)
            rows += self.batcher.rows_of(key)
            if rows >= LARGE_ROWS or len(together) == PARTITIONS_PER_TASK:
                yield together
                together, rows = [], 0
        if together:
            yield together

    async def _stage_in_turn(self, keys: Sequence[PartitionKey]) -> None:
        try:
            await self._named.wait()
            with anyio.CancelScope(shield=True):
                await self._stage(keys)
        finally:
            self._room.release()

    async def _stage(self, keys: Sequence[PartitionKey]) -> None:
        if self.publisher is not None:
            await self._stager.stage(self.publisher, keys)

    def _tell_staged(self, staged: StagedFile, rows: int) -> None:
        path = staged.file.path if staged.file is not None else None
        self.services.on_event(PartitionStaged(self.account, path, rows, staged.unchanged))

    # Committing -------------------------------------------------------------------------------------------------------

    async def commit(self, *, complete: bool = False) -> None:
        """Make staged files visible, and write the state if it has changed.

        Args:
            complete: whether everything was read; the state says so unless something could not be written.

        Raises:
            ConnectorError: the first thing that failed; the other files are visible, and the state names them.
        """
        async with self._committing:
            publisher, batcher = self.publisher, self.batcher
            if publisher is None:
                return
            partitions = [publisher.staged.pop(key) for key in self._share_out(publisher)[0]]
            waiting = self._stager.busy.difference(partition.key for partition in partitions) or batcher.keys()
            done = await publisher.commit(
                self._in_order(publisher, partitions),
                self._read(),
                newest=batcher.newest,
                drift=batcher.drift,
                complete=complete and not waiting,
            )
            self._stager.busy.difference_update(partition.key for partition in done.visible)
            self._safe += sum(partition.rows for partition in done.visible)
            if done.recorded:
                self._tell_committed(publisher)
            for partition, failure in done.failed:
                if isinstance(failure, CommitConflictError):
                    publisher.staged[partition.key] = partition
            if done.failed:
                raise done.failed[0][1]

    def _tell_committed(self, publisher: Publisher) -> None:
        state, safe = publisher.state, self._safe + self._parker.safe
        self._safe = self._parker.safe = 0
        self.services.on_event(Committed(self.account, state.number, len(state.files), state.rows, safe))

    def _in_order(self, publisher: Publisher, partitions: Sequence[StagedPartition]) -> list[StagedPartition]:
        """Return partitions as they are to become visible, with those marked that what is newer waits for."""
        in_part = {bounds.start for bounds in publisher.work.plan.in_part}
        return [replace(partition, awaited=partition.key.start in in_part) for partition in partitions]

    def _share_out(self, publisher: Publisher) -> tuple[list[PartitionKey], list[PartitionKey]]:
        """Return the staged partitions that may become visible, oldest first, and those that wait for an older one."""
        frontier, staged = self.batcher.frontier, publisher.staged
        open_ones = {key.start for key in (*self._waiting(), *self._stager.busy) if key not in staged}
        in_part = (
            bounds.start
            for bounds in (*publisher.work.plan.in_part, *visible_in(publisher.state, frontier.left_again))
            if bounds.start in open_ones or not frontier.is_complete(bounds)
        )
        return may_become_visible(staged, min(in_part, default=None))

    def _read(self) -> Read:
        """Return what was read and of which nothing waits to be written."""
        waiting = Intervals.of(key.bounds for key in {*self._waiting(), *self._stager.busy})
        return Read(self.batcher.frontier.read.minus(waiting), self.batcher.frontier.left_again)

    async def _keep_committing(self) -> None:
        clock, tuning = self.services.clock, self.services.tuning
        pause, park_at = tuning.commit_seconds, clock.now() + tuning.park_seconds
        while True:
            await clock.sleep(pause)
            if (began := clock.now()) >= park_at:
                park_at = began + tuning.park_seconds
                if self.publisher is not None:
                    worth = [key for key in self.batcher.partitions() if self._worth_parking(key)]
                    with anyio.CancelScope(shield=True):
                        await self._parker.park(self.publisher, worth)
            began = clock.now()
            with anyio.CancelScope(shield=True):
                await self.commit()
            pause = max(tuning.commit_seconds, (clock.now() - began) / tuning.commit_share)

    def _worth_parking(self, key: PartitionKey) -> bool:
        return key not in self._queued and self.batcher.rows_of(key) >= self.services.tuning.park_rows

    # The end ----------------------------------------------------------------------------------------------------------

    async def _settle_up(self, *, complete: bool = False) -> ConnectorError | None:
        """Stage what is whole, park the rest, and commit; one partition's failure spares the others.

        Args:
            complete: whether everything was read; the state says so once everything is written as well.

        Returns:
            The first failure.
        """
        publisher = self.publisher
        if publisher is None:
            return None
        failures: list[ConnectorError] = []
        for _ in range(2):  # what was read again of a partition that was staged already is written after it
            waiting = in_order_of_time({*self._waiting(), *publisher.unheard(self._read().seconds)})
            for keys in self._together(self._stager.whole(publisher, waiting)):
                await _attempt(self._stager.stage(publisher, keys), failures)
            await _attempt(self._parker.park_staged(publisher, self._share_out(publisher)[1]), failures)
            await _attempt(self._parker.park(publisher, self.batcher.partitions()), failures)
            await _attempt(self.commit(complete=complete and not failures), failures)
            if failures:
                await _attempt(self.commit(), failures)  # what refused once may take it now
            if failures or not self._stager.whole(publisher, self.batcher.partitions()):
                break
        if not failures:
            await _attempt(self._publish_with_others(publisher), failures)
        if not (failures or self._stager.busy):
            await _attempt(anyio.to_thread.run_sync(publisher.commits.end), failures)
        return failures[0] if failures else None

    async def _publish_with_others(self, publisher: Publisher) -> None:
        """Make visible what this run and others have parked of partitions that are whole with what all have read.

        Two runs that share one may each have taken it for one in part; the one that ends last sees both.

        Raises:
            ConnectorError: what failed; the rows are parked, and the next run takes them up.
        """
        keys = await publisher.rejoin(self.batcher.frontier.read, newest=self.batcher.newest)
        if keys:
            await self._stager.stage(publisher, keys)
            await self.commit()


async def _attempt(step: Awaitable[None], failures: list[ConnectorError]) -> None:
    try:
        await step
    except ConnectorError as failure:
        failures.append(failure)
