"""Rows of one account on their way into files: sifted, encoded, put on the shelf, sealed, committed.

The event loop owns everything here; worker threads get a taken set of runs and give back a sealed file. Data files come
first, the manifest last, and coverage is only ever what durable files hold.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.core.drift import Drift
from connector.core.intervals import Interval, Intervals
from connector.core.page import created_of, in_file_order
from connector.core.partition import partition_folder, shares
from connector.core.plan import touched_files
from connector.core.times import END_OF_TIME
from connector.destination import LARGE_ROWS, SEALERS
from connector.errors import ConnectorError
from connector.lake import commit
from connector.lake.day import Day, Sealed, write_each
from connector.lake.journal import Replacements
from connector.lake.tally import Tally
from connector.tables.drift import drift
from connector.tables.sift import sift
from connector.tables.transaction import are_documented
from connector.tasks import tasks_with_one_error

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from anyio.abc import TaskGroup

    from connector.core.frontier import Frontier
    from connector.core.manifest import Manifest
    from connector.core.page import AnyRow
    from connector.core.partition import PartitionKey
    from connector.destination import Lake
    from connector.lake.shelf import Runs, Shelf
    from connector.report import Progress
    from connector.stripe.scan import Received

COMMIT_SECONDS = 2.0
"""A manifest is written about this long after a file it should name: what a kill loses is read again."""

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
    """One account's run from pages to manifest.

    Attributes:
        lake: where rows go.
        shelf: where they wait.
        frontier: says what is complete.
        progress: told how far we are.
        api_version: `Stripe-Version` of the rows.
        manifest: the state, replaced by the next one with every file; None until the account is known.
        settled: seconds at or after this one are written but not covered.
        read_before: seconds an earlier run had read.
        tally: what was found, in counts.
        drift: what the schema does not know.
        rows: rows received.
        files_written: files created or replaced.
        files_unchanged: files found to be right already.
        answered: set with the first page.
    """

    lake: Lake
    shelf: Shelf
    frontier: Frontier
    progress: Progress
    api_version: str
    manifest: Manifest | None = None
    settled: int = 0
    read_before: Intervals = field(default_factory=Intervals)
    tally: Tally = field(default_factory=Tally)
    drift: Drift = field(default_factory=Drift)
    rows: int = 0
    files_written: int = 0
    files_unchanged: int = 0
    answered: anyio.Event = field(init=False, default_factory=anyio.Event)
    _saved: Manifest | None = field(init=False, default=None)
    _known: Drift = field(init=False, default_factory=Drift)
    _ended: Callable[[Manifest], Manifest] = field(init=False, default=lambda manifest: manifest)
    _keep_whole: Intervals = field(init=False, default_factory=Intervals)
    _committed: float = field(init=False, default=float("-inf"))
    _named: anyio.Event = field(init=False, default_factory=anyio.Event)
    _tasks: TaskGroup | None = field(init=False, default=None)
    _room: anyio.Semaphore = field(init=False, default_factory=lambda: anyio.Semaphore(2 * SEALERS))
    _queued: set[PartitionKey] = field(init=False, default_factory=set["PartitionKey"])
    _sealing: set[PartitionKey] = field(init=False, default_factory=set["PartitionKey"])
    _durable: Intervals = field(init=False, default_factory=Intervals)
    _replacing: Replacements = field(init=False)
    _clock_is_stripes: bool = field(init=False, default=True)
    _newest: int = field(init=False, default=0)
    _committing: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    def named(
        self,
        manifest: Manifest,
        ended: Callable[[Manifest], Manifest],
        *,
        settled: int,
        clock_is_stripes: bool = True,
        keep_whole: Intervals | None = None,
        left_behind: frozenset[str] = frozenset(),
    ) -> None:
        """Say whose rows these are and up to where they count as settled; nothing is written before.

        Args:
            manifest: the state as it is on the disk.
            ended: adds what a run may say of itself that read everything.
            settled: seconds at or after this one are written but not covered.
            clock_is_stripes: whether that is by Stripe's clock; by any other, nothing after the newest row counts.
            keep_whole: partitions whose files cannot be trusted, and may hold more than we have: replaced whole only.
            left_behind: files that a run before announced it would replace, and did not live to say what came of it.
        """
        self.manifest = self._saved = manifest
        self._known = manifest.drift
        self._ended = ended
        self.settled = settled
        self._clock_is_stripes = clock_is_stripes
        self._newest = max(self._newest, *(file.last_created for file in manifest.files.values()), 0)
        self._keep_whole = keep_whole or Intervals()
        touched = (file.path for file in touched_files(manifest, self.frontier.todo))
        self._replacing = Replacements(self.lake.store, manifest.account, tuple(touched), left_behind)
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
                self.frontier.abandon()  # stopped from outside: nothing speaks against what has been read so far
            with anyio.CancelScope(shield=True), suppress(ConnectorError):  # the first error is on its way, and counts
                await self._settle_up()
            raise
        self._show()
        with anyio.CancelScope(shield=True):
            if self.manifest is not None:
                self.manifest = self._ended(self.manifest)
            await self._settle_up()

    # The way in -------------------------------------------------------------------------------------------------------

    async def receive(self, got: Received) -> None:
        """Start sealing what a page completed; wait if sealing is behind."""
        self.answered.set()
        if got.walk.done:
            await self._seal_completed(got.walk.answers_for)

    def take(self, rows: list[AnyRow]) -> None:
        """Put a page's rows, newest first, on the shelf.

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
            self.shelf.put(key, batch.slice(start, stop - start), Interval(created[start], created[stop - 1] + 1))
        self.rows += len(rows)
        self._newest = max(self._newest, created[-1])
        progress = self.progress
        progress.rows, progress.pages = progress.rows + len(rows), progress.pages + 1
        progress.newest = max(created[-1], progress.newest or 0)
        progress.oldest = min(created[0], progress.oldest or created[0])
        self._show()

    def _show(self) -> None:
        """Tell whoever watches how much there is to do."""
        self.progress.show(self, len(self.frontier.walks), self.frontier.expected_pages)

    async def _seal_completed(self, seconds: Interval) -> None:
        """Start sealing the partitions that a finished window completed."""
        completed: list[PartitionKey] = []
        for key in self.shelf.partitions():
            touched = key.start < seconds.stop and seconds.start < key.stop
            if touched and key not in self._queued and self.frontier.is_complete(key.bounds):
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
            rows += self.shelf.rows(key)
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
        manifest = self.manifest
        if manifest is None:
            return
        with ExitStack() as stack:
            parts = self._taken(manifest, keys, stack)
            written = [part for part in parts if len(part.runs)]
            outcomes = await self._written(written) if written else []
        failures = {
            part.key: told for part, told in zip(written, outcomes, strict=True) if not isinstance(told, Sealed)
        }
        self._record([one for one in outcomes if isinstance(one, Sealed)])
        whole = [part for part in parts if part.key not in failures]
        self._durable = Intervals.of([*self._durable, *(one for part in whole for one in part.within)])
        self._sealing.difference_update(part.key for part in whole)
        if any(part.day.old for part in whole) and anyio.current_time() - self._committed > HASTE:
            await self.commit()  # until then the manifest has the file that was replaced: it would be read again
        for failure in failures.values():
            raise failure

    def _taken(self, manifest: Manifest, keys: Sequence[PartitionKey], stack: ExitStack) -> list[_Part]:
        """Take what is complete of some partitions off the shelf; it keeps its space until the block ends."""
        parts: list[_Part] = []
        for key in keys:
            kept_whole = self._keep_whole.touching(key.bounds) and not self.frontier.is_complete(key.bounds)
            if key in self._sealing or kept_whole:
                continue
            self._sealing.add(key)
            within = self.frontier.todo.within(key.bounds).minus(self.frontier.incomplete)
            folder = partition_folder(commit.TABLE, manifest.account, key)
            old = manifest.files.get(f"{folder}/{self.lake.form.file_name}")
            day = Day(folder, old, within.minus(self._durable), self.read_before)
            parts.append(_Part(key, within, day, stack.enter_context(self.shelf.take(key, within))))
        return parts

    async def _written(self, parts: list[_Part]) -> list[Sealed | ConnectorError]:
        """Seal and publish in a worker thread."""
        lake, days = self.lake, [(part.day, part.runs) for part in parts]
        limiter = lake.press if sum(runs.rows for _, runs in days) >= LARGE_ROWS else lake.threads
        announce = self._replacing.announce
        return await anyio.to_thread.run_sync(write_each, lake.store, lake.form, days, announce, limiter=limiter)

    def _record(self, sealed: Sequence[Sealed]) -> None:
        for one in sealed:
            self.tally += one.tally
            self.files_unchanged += one.unchanged
            self.files_written += not one.unchanged
        self.progress.files_sealed += len(sealed)
        files = [one.file for one in sealed if one.file is not None]
        if files and self.manifest is not None:
            manifest = self.manifest.with_files(files, Intervals())
            if self.api_version not in manifest.api_versions:
                manifest = replace(manifest, api_versions=(*manifest.api_versions, self.api_version))
            self.manifest = manifest

    async def commit(self) -> None:
        """Write the manifest if it has changed."""
        async with self._committing:
            if self.manifest is None:
                return
            covered = self.manifest.covered.union(self._covered())
            self.manifest = replace(self.manifest, covered=covered, drift=self._known.merge(self.drift))
            if self.manifest != self._saved:
                save = commit.save
                written = await anyio.to_thread.run_sync(
                    save, self.lake.store, self.manifest, limiter=self.lake.threads
                )
                self._committed = anyio.current_time()
                self._saved = written  # meanwhile other files may have been sealed: they wait for the next commit
                self.manifest = replace(self.manifest, revision=written.revision)

    def _covered(self) -> Intervals:
        """Return the settled seconds that were read and whose rows, if any, are in durable files."""
        settled = self.settled
        if not self._clock_is_stripes:  # a machine whose clock is ahead would call time covered that has not come yet
            settled = min(settled, self._newest)
        waiting = Intervals.of(key.bounds for key in {*self.shelf.partitions(), *self._sealing})
        read = self.frontier.todo.minus(self.frontier.incomplete)
        return self._durable.union(read.minus(waiting)).minus(Intervals.span(settled, END_OF_TIME))

    async def _keep_committing(self) -> None:
        pause, checkpoint = COMMIT_SECONDS, anyio.current_time() + CHECKPOINT_SECONDS
        while True:
            await anyio.sleep(pause)
            if (began := anyio.current_time()) >= checkpoint:
                checkpoint = began + CHECKPOINT_SECONDS
                for key in self.shelf.partitions():
                    if self._worth_a_checkpoint(key):
                        with anyio.CancelScope(shield=True):
                            await self._seal([key])
            began = anyio.current_time()
            with anyio.CancelScope(shield=True):
                await self.commit()
            pause = max(COMMIT_SECONDS, (anyio.current_time() - began) / COMMIT_SHARE)

    def _worth_a_checkpoint(self, key: PartitionKey) -> bool:
        if self.manifest is None:
            return False
        folder = partition_folder(commit.TABLE, self.manifest.account, key)
        old = self.manifest.files.get(f"{folder}/{self.lake.form.file_name}")
        enough = max(CHECKPOINT_ROWS, CHECKPOINT_SHARE * old.rows if old else 0)
        return self.shelf.rows(key) >= enough

    async def _settle_up(self) -> None:
        """Write what is complete and not yet written, then the manifest; one partition's failure spares the others.

        Raises:
            ConnectorError: the first thing that failed.
        """
        if self.manifest is None:
            return
        failure: ConnectorError | None = None
        for keys in self._handfuls(self.shelf.partitions()):
            try:
                await self._seal(keys)
            except ConnectorError as error:
                failure = failure or error
        await self.commit()
        if failure is not None:
            raise failure
        if not self._sealing:
            await anyio.to_thread.run_sync(self._replacing.settle)
