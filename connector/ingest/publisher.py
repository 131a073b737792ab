"""What is published of one account: files first, then the state that names them, and the time they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.core.planning.parking import parked_keys, parked_of, with_parked, without_parked
from connector.core.planning.plan import concluded, reading_of
from connector.core.state.data_file import ParkedFile, parked_seconds
from connector.core.state.partition import partition_folder, partition_of
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.lake.state import table_states
from connector.lake.writing.merge_counts import Tally
from connector.lake.writing.parking import next_number, parked_folder, parked_path
from connector.lake.writing.rewrite import Day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.planning.whole import Reading
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


@dataclass(frozen=True, slots=True)
class Staged:
    """A whole partition whose file is staged: durable, and not visible yet.

    Attributes:
        key: the partition.
        day: what was written.
        sealed: the file.
        within: seconds that this run read of it.
        rows: rows of this run in it.
    """

    key: PartitionKey
    day: Day
    sealed: Sealed
    within: Intervals
    rows: int


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
        run_id: the run, for the files that it parks.
        staged: whole partitions that wait for the next commit, or for an older one in part.
        tally: what was found, in counts.
        files_written: files created or replaced.
        written: their paths.
        files_unchanged: files found to be right already.
        durable: seconds whose rows are in files.
    """

    lake: Lake
    state: TableState
    work: Work
    identity: Identity
    replacing: Replacements
    asked: Interval
    settle: int
    api_version: str
    run_id: str
    staged: dict[PartitionKey, Staged] = field(init=False, default_factory=dict["PartitionKey", "Staged"])
    tally: Tally = field(init=False, default_factory=Tally)
    files_written: int = field(init=False, default=0)
    files_unchanged: int = field(init=False, default=0)
    written: set[str] = field(init=False, default_factory=set[str])
    durable: Intervals = field(init=False, default_factory=Intervals)
    _taken_up: list[str] = field(init=False)
    _number: int = field(init=False)
    _saved: TableState = field(init=False)
    _drift: Drift = field(init=False)
    _newest: int = field(init=False)

    def __post_init__(self) -> None:
        self._saved = self.state
        self._drift = self.state.drift
        self._taken_up = list(self.work.unnamed)
        self._number = next_number(self.state.parked)
        self._newest = max((file.last_created for file in self.state.files.values()), default=0)

    @property
    def parked_keys(self) -> set[PartitionKey]:
        """The partitions that have parked rows."""
        return parked_keys(self.state)

    def reading(self, read: Intervals, *, newest: int) -> Reading:
        """Return what is known of the account's time.

        Args:
            read: seconds that this run has read.
            newest: the latest `created` received.
        """
        asked = self.work.plan.asked.union(Intervals((self.asked,)))
        known = reading_of(self.state, asked, settled=self._settled(newest))
        return replace(known, read=known.read.union(read))

    def day(self, key: PartitionKey, within: Intervals) -> Day:
        """Return what to write of a partition, beside what is durable already, and what files it is merged with."""
        parked = parked_of(self.state, key)
        return Day(
            self._folder(key),
            self.state.files.get(f"{self._folder(key)}/{self.lake.form.file_name}"),
            within.union(parked_seconds(parked)).minus(self.durable),
            self.work.plan.read_before,
            tuple(one.file for one in parked),
            self.work.counted,
        )

    def unheard(self, read: Intervals) -> list[PartitionKey]:
        """Return the partitions with files in whose time something was read, and of which nothing was written yet.

        Args:
            read: seconds that this run has read.
        """
        heard = self.durable.union(self.work.counted)
        return [
            partition_of(file.first_created, self.state.partition)
            for file in self.state.files.values()
            if read.minus(heard).within(file.span)
        ]

    def parked_path(self, key: PartitionKey) -> str:
        """Return a path for rows of a partition that are going to be parked."""
        number, self._number = self._number, self._number + 1
        return parked_path(parked_folder(table_states.TABLE, self.state.account), number, key, self.run_id)

    def park(self, key: PartitionKey, file: DataFile | None, within: Intervals, *, newest: int) -> None:
        """Let the next state name rows that are durable, and not visible yet.

        Args:
            key: their partition.
            file: their file, or None where there were none: then what was parked before answers for these seconds too.
            within: seconds that were read of the partition.
            newest: the latest `created` received.
        """
        settled = within.minus(Intervals.span(max(0, self._settled(newest)), END_OF_TIME))
        before = parked_of(self.state, key)
        if file is not None:
            parked = ParkedFile(file, self.run_id).answering(settled)
            self.state = self._with_version(with_parked(self.state, [parked]))
        elif before:
            self.state = with_parked(self.state, [before[-1].answering(before[-1].seconds.union(settled))])

    def record(self, staged: Sequence[Staged]) -> None:
        """Let the next state name files that are visible."""
        sealed = [one.sealed for one in staged]
        for one in sealed:
            self.tally += one.tally
            self.files_unchanged += one.unchanged
            self.files_written += not one.unchanged
        files = [one.file for one in sealed if one.file is not None]
        self.written.update(one.file.path for one in sealed if one.file is not None and not one.unchanged)
        taken_up = [file.path for one in staged for file in one.day.parked]
        self._taken_up += taken_up
        self.durable = Intervals.of([*self.durable, *(part for one in staged for part in one.day.within)])
        state = without_parked(self.state, taken_up) if taken_up else self.state
        self.state = self._with_version(state.with_files(files, Intervals())) if files else state

    def conclude(self, *, newest: int) -> None:
        """Let the next state say what a run may say that read everything."""
        now = self._present(newest)
        read_until = min(now, self.asked.stop)
        self.state = concluded(self.state, self.work.plan, read_until=read_until, now=now)

    async def save(self, read: Intervals, again: Intervals, *, newest: int, drift: Drift) -> bool:
        """Write the state if it has changed, then remove parked files whose rows are visible; one call at a time.

        Args:
            read: seconds that were read, whose rows, if any, are in files.
            again: seconds that were received, and have to be read again before they count.
            newest: the latest `created` received.
            drift: what the schema did not know, in this run.

        Returns:
            Whether it had.

        Raises:
            StorageError: when the destination refuses; the old state is then still whole.
        """
        unsettled = Intervals.span(max(0, self._settled(newest)), END_OF_TIME)
        covered = self.state.covered.union(self.durable.union(read).minus(unsettled)).minus(again)
        created = self.identity.created or self.state.account_created
        asked = self.state.asked.union(Intervals((self.asked,)))
        audits = replace(self.state.audits, lacking=self.state.audits.lacking.minus(covered))
        self.state = replace(
            self.state,
            covered=covered,
            asked=asked,
            audits=audits,
            drift=self._drift.merge(drift),
            account_created=created,
        )
        if self.state == self._saved:
            return False
        store, threads, taken_up = self.lake.store, self.lake.threads, list(self._taken_up)
        save = partial(table_states.commit, store, self.state, run=self.lake.run)
        self._saved = await anyio.to_thread.run_sync(save, limiter=threads)
        # Meanwhile other files may have been staged, or parked: they wait for the next state.
        self.state = replace(
            self.state,
            number=self._saved.number,
            written=self._saved.written,
            recorded=self._saved.recorded,
        )
        self.replacing.forget()
        for path in taken_up:
            await anyio.to_thread.run_sync(store.delete, path, limiter=threads)
            self._taken_up.remove(path)
        return True

    def _with_version(self, state: TableState) -> TableState:
        if self.api_version in state.api_versions:
            return state
        return replace(state, api_versions=(*state.api_versions, self.api_version))

    def _folder(self, key: PartitionKey) -> str:
        return partition_folder(table_states.TABLE, self.state.account, key)

    def _settled(self, newest: int) -> int:
        return self._present(newest) - self.settle

    def _present(self, newest: int) -> int:
        return self.identity.present(max(self._newest, newest))
