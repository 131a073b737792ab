"""What is published of one account: files first, then the state that names them, and the time they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.core.planning.plan import bounds_of, concluded
from connector.core.state.partition import partition_folder
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.lake.state import table_states
from connector.lake.writing.merge_counts import Tally
from connector.lake.writing.rewrite import Day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.state.data_file import DataFile
    from connector.core.state.drift import Drift
    from connector.core.state.partition import PartitionKey
    from connector.core.state.table_state import TableState
    from connector.core.time.intervals import Interval
    from connector.ingest.account_plan import Work
    from connector.lake.layout import Lake
    from connector.lake.state.intents import Replacements
    from connector.lake.writing.rewrite import Sealed
    from connector.stripe.identity import Identity


@dataclass(slots=True, eq=False)
class Published:
    """The files of one account and their state: as it is on the disk, and as the next one will be.

    Attributes:
        lake: where they are.
        state: the next one; in the beginning, what is on the disk.
        work: what the run has to do.
        identity: whose rows they are, and what time it was when the run began.
        replacing: announces which files may be replaced, before one is.
        asked: seconds asked for.
        settle: seconds before the present up to which rows are written but not covered.
        api_version: `Stripe-Version` of the rows.
        tally: what was found, in counts.
        files_written: files created or replaced.
        written: their paths.
        files_unchanged: files found to be right already.
        durable: seconds whose rows are in files.
        committed: when the state was last written, by the event loop's clock.
        keep_whole: partitions of lost files, which may hold more than we have: replaced whole only.
    """

    lake: Lake
    state: TableState
    work: Work
    identity: Identity
    replacing: Replacements
    asked: Interval
    settle: int
    api_version: str
    tally: Tally = field(init=False, default_factory=Tally)
    files_written: int = field(init=False, default=0)
    files_unchanged: int = field(init=False, default=0)
    written: set[str] = field(init=False, default_factory=set[str])
    durable: Intervals = field(init=False, default_factory=Intervals)
    committed: float = field(init=False, default=float("-inf"))
    keep_whole: Intervals = field(init=False)
    _saved: TableState = field(init=False)
    _drift: Drift = field(init=False)
    _newest: int = field(init=False)

    def __post_init__(self) -> None:
        self._saved = self.state
        self._drift = self.state.drift
        self.keep_whole = Intervals.of(bounds_of(file, self.state.partition) for file in self.work.lost)
        self._newest = max((file.last_created for file in self.state.files.values()), default=0)

    def file(self, key: PartitionKey) -> DataFile | None:
        """Return the state's entry of a partition's file."""
        return self.state.files.get(f"{self._folder(key)}/{self.lake.form.file_name}")

    def day(self, key: PartitionKey, within: Intervals) -> Day:
        """Return what to write of a partition, beside what is durable already, and what file it is merged with."""
        return Day(self._folder(key), self.file(key), within.minus(self.durable), self.work.plan.read_before)

    def _folder(self, key: PartitionKey) -> str:
        return partition_folder(table_states.TABLE, self.state.account, key)

    def record(self, sealed: Sequence[Sealed]) -> None:
        """Let the next state name files that are visible and durable."""
        for one in sealed:
            self.tally += one.tally
            self.files_unchanged += one.unchanged
            self.files_written += not one.unchanged
        files = [one.file for one in sealed if one.file is not None]
        self.written.update(one.file.path for one in sealed if one.file is not None and not one.unchanged)
        if files:
            state = self.state.with_files(files, Intervals())
            if self.api_version not in state.api_versions:
                state = replace(state, api_versions=(*state.api_versions, self.api_version))
            self.state = state

    def conclude(self, *, newest: int) -> None:
        """Let the next state say what a run may say that read everything."""
        now = self._present(newest)
        read_until = min(now, self.asked.stop)
        self.state = concluded(self.state, self.work.plan, read_until=read_until, now=now)

    async def save(self, read: Intervals, again: Intervals, *, newest: int, drift: Drift) -> None:
        """Write the state if it has changed; one call at a time.

        Args:
            read: seconds that were read, whose rows, if any, are in files.
            again: seconds that were received, and have to be read again before they count.
            newest: the latest `created` received.
            drift: what the schema did not know, in this run.

        Raises:
            StorageError: when the destination refuses; the old state is then still whole.
        """
        unsettled = Intervals.span(max(0, self._present(newest) - self.settle), END_OF_TIME)
        covered = self.state.covered.union(self.durable.union(read).minus(unsettled)).minus(again)
        created = self.identity.created or self.state.account_created
        audits = replace(self.state.audits, lacking=self.state.audits.lacking.minus(covered))
        drift = self._drift.merge(drift)
        self.state = replace(self.state, covered=covered, audits=audits, drift=drift, account_created=created)
        if self.state == self._saved:
            return
        store, threads = self.lake.store, self.lake.threads
        self._saved = await anyio.to_thread.run_sync(table_states.save, store, self.state, limiter=threads)
        self.committed = anyio.current_time()
        # Meanwhile other files may have been sealed: they wait for the next state.
        self.state = replace(self.state, revision=self._saved.revision)

    def _present(self, newest: int) -> int:
        return self.identity.present(max(self._newest, newest))
