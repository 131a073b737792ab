"""What is published of one account: files first, then the state that names them, and the time they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.core.planning.coverage.parked_together import rejoined, whole_together
from connector.core.planning.coverage.parking import parked_keys, parked_of, setting_aside, with_parked
from connector.core.planning.coverage.plan import concluded, reading_of, visible_in
from connector.core.planning.rereading.rereading import forgetting
from connector.core.state.data_file import ParkedFile, folder_of, parked_seconds, with_changes
from connector.core.state.drift import Drift
from connector.core.state.intent import IntendedFile, contents, file_in
from connector.core.state.partition import in_order_of_time, partition_folder, partition_of
from connector.core.state.rebase import with_more_drift
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.lake.state import state_log, table_states
from connector.lake.state.writes import Write
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.parked_names import next_number, parked_folder, parked_path
from connector.lake.writing.rewrite import PartitionRewrite, StaleFileError, stage_again

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from connector.core.api.versions import Versions
    from connector.core.planning.coverage.whole import Reading
    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import PartitionKey
    from connector.core.state.table_state import TableState
    from connector.core.time.intervals import Interval
    from connector.errors import ConnectorError
    from connector.ingest.account_plan import AccountWork
    from connector.lake.layout import Lake
    from connector.lake.state.commits import Commits
    from connector.lake.writing.rewrite import StagedFile
    from connector.stripe.identity import Identity


@dataclass(frozen=True, slots=True)
class StagedPartition:
    """A whole partition whose file is staged: durable, and not visible yet.

    Attributes:
        key: the partition.
        rewrite: what was written.
        staged: the file.
        within: seconds that this run read of it.
        rows: rows of this run in it.
        awaited: whether what is newer waits for it.
    """

    key: PartitionKey
    rewrite: PartitionRewrite
    staged: StagedFile
    within: Intervals
    rows: int
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What a run has read.

    Attributes:
        seconds: those whose rows, if any, are in files.
        again: seconds that were received, and have to be read again before they count.
    """

    seconds: Intervals = field(default_factory=Intervals)
    again: Intervals = field(default_factory=Intervals)


@dataclass(frozen=True, slots=True)
class Committed:
    """What came of a commit.

    Attributes:
        visible: whole partitions whose files are visible.
        failed: the others, and what they failed with.
        recorded: whether there was anything to record.
    """

    visible: Sequence[StagedPartition] = ()
    failed: Sequence[tuple[StagedPartition, ConnectorError]] = ()
    recorded: bool = False


def _as_it_is(state: TableState) -> TableState:
    return state


@dataclass(slots=True, eq=False)
class Publisher:
    """The files of one account and their state: as it is on the disk, and as the next one will be.

    Attributes:
        lake: where they are.
        state: the next one; in the beginning, what is on the disk.
        work: what the run has to do.
        identity: whose rows they are, and what time it was when the run began.
        commits: makes files visible, and records them.
        asked: seconds asked for.
        settle: seconds before the present up to which rows are written but not covered.
        versions: versions that rows came under.
        run_id: the run, for the files that it parks.
        staged: whole partitions that wait for the next commit, or for an older one in part.
        counts: what was found, in counts.
        files_written: files created or replaced.
        files_unchanged: files found to be right already.
        written: paths of the files created or replaced.
        durable: seconds whose rows are in files.
    """

    lake: Lake
    state: TableState
    work: AccountWork
    identity: Identity
    commits: Commits[TableState]
    asked: Interval
    settle: int
    versions: Versions
    run_id: str
    staged: dict[PartitionKey, StagedPartition] = field(
        init=False, default_factory=dict["PartitionKey", "StagedPartition"]
    )
    counts: MergeCounts = field(init=False, default_factory=MergeCounts)
    files_written: int = field(init=False, default=0)
    files_unchanged: int = field(init=False, default=0)
    written: set[str] = field(init=False, default_factory=set[str])
    durable: Intervals = field(init=False, default_factory=Intervals)
    _taken_up: list[str] = field(init=False)
    _number: int = field(init=False)
    _saved: TableState = field(init=False)
    _ours: frozenset[str] = field(init=False)
    _drift: Drift = field(init=False, default_factory=Drift)
    _claimed: Intervals = field(init=False, default_factory=Intervals)
    _again: Intervals = field(init=False, default_factory=Intervals)
    _newest: int = field(init=False)
    _lost: dict[str, DataFile] = field(init=False)
    _taking_over: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        self._saved = self.state
        self._ours = frozenset(self.state.parked)
        self._taken_up = list(self.work.unnamed)
        self._number = next_number(self.state.parked)
        self._newest = max((file.last_created for file in self.state.files.values()), default=0)
        self._lost = contents({file.path: file for file in self.work.lost})

    @property
    def parked_keys(self) -> set[PartitionKey]:
        """The partitions that have parked rows."""
        return parked_keys(self.state)

    @property
    def claimed(self) -> Intervals:
        """Seconds that this run has read to the end, and recorded, whatever others say of them later."""
        return self._claimed.union(self.durable).minus(self._again)

    def reading(self, read: Intervals, *, newest: int) -> Reading:
        """Return what is known of the account's time.

        Args:
            read: seconds that this run has read.
            newest: the latest `created` received.
        """
        asked = self.work.plan.asked.union(Intervals((self.asked,)))
        lacking = self.state.audits.lacking
        unseen = lacking.minus(Intervals.of(visible_in(self.state, lacking)))  # what nobody sees is not shown in part
        again = self.work.plan.todo.union(unseen)
        known = reading_of(self.state, asked, settled=self._settled(newest), again=again)
        return replace(known, read=known.read.union(read))

    def rewrite_of(self, key: PartitionKey, within: Intervals) -> PartitionRewrite:
        """Return what to write of a partition, beside what is durable already, and what files it is merged with."""
        parked, folder = parked_of(self.state, key), self._folder(key)
        there = self.lake.form.file_of(self.state.files, folder)
        lost = folder in self._lost and (there is None or there.sha256 == self._lost[folder].sha256)
        return PartitionRewrite(
            folder,
            None if lost else there,
            within.union(parked_seconds(parked)).minus(self.durable),
            self.work.plan.read_before,
            tuple(parked_file.file for parked_file in parked),
            self.work.counted,
            lost=lost,
        )

    def unheard(self, read: Intervals) -> list[PartitionKey]:
        """Return the partitions with files in whose time something was read, and of which nothing was written yet.

        Args:
            read: seconds that this run has read.
        """
        unheard = read.minus(self.durable.union(self.work.counted))
        return [
            partition_of(file.first_created, self.state.partition)
            for file in self.state.files.values()
            if unheard.touching(file.span)
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
            self.state = self._with_versions(with_parked(self.state, [parked]))
        elif before:
            self.state = with_parked(self.state, [before[-1].answering(before[-1].seconds.union(settled))])

    async def rejoin(self, read: Intervals, *, newest: int) -> list[PartitionKey]:
        """Take up what this run and others have parked of partitions that are whole by now; return these, oldest first.

        Args:
            read: seconds that this run has read.
            newest: the latest `created` received.

        Raises:
            ConnectorError: what others have made cannot be read.
        """
        if not (self.state.aside or self.state.parked):
            return []
        await self.catch_up()
        keys = whole_together(self.state, self.reading(read, newest=newest))
        self.state = rejoined(self.state, keys)
        self._ours |= self.state.parked.keys()
        return in_order_of_time(keys)

    async def catch_up(self) -> None:
        """Go on from what others have made of the lake meanwhile; a commit under way is waited for.

        Raises:
            ConnectorError: what they made cannot be read, or is another lake.
        """
        async with self._taking_over:
            recorded = state_log.recorded_as(TRANSACTIONS, self._saved, self._saved.recorded)
            catch_up = partial(self.commits.catch_up, recorded)
            newest = await anyio.to_thread.run_sync(catch_up, limiter=self.lake.threads)
            if newest is not recorded:
                self._take_over(recorded, newest)

    async def commit(
        self, partitions: Sequence[StagedPartition], read: Read, *, newest: int, drift: Drift, complete: bool
    ) -> Committed:
        """Make staged files visible, and write the state if it has changed; one call at a time.

        Parked files whose rows are visible are removed in the end.

        Args:
            partitions: those whose files become visible, in this order.
            read: what the run has read.
            newest: the latest `created` received.
            drift: what the schema did not know, in this run.
            complete: whether the run has read everything, if all of these files become visible.

        Returns:
            What came of it; files that failed by conflict are staged again.

        Raises:
            StorageError: when the destination refuses the state; the old one is then still whole.
        """
        async with self._taking_over:  # what others made is taken over by one at a time: each goes on from the last
            return await self._commit(partitions, read, newest=newest, drift=drift, complete=complete)

    async def _commit(
        self, partitions: Sequence[StagedPartition], read: Read, *, newest: int, drift: Drift, complete: bool
    ) -> Committed:
        writes = [
            self._write(partition, self._replaced(partition.rewrite), read, newest=newest) for partition in partitions
        ]
        written = {partition.rewrite.folder for partition in partitions}
        finish = partial(self._concluded, newest=newest, written=written) if complete else _as_it_is
        began = self.state = self._with_read(
            read, newest=newest, drift=drift, files=any(write.staged for write in writes)
        )
        if not (writes or self.commits.owes) and finish(began) == self._saved:
            return Committed()
        call = partial(self.commits.commit, began, writes, finish=finish)
        outcome = await anyio.to_thread.run_sync(call, limiter=self.lake.threads)
        self._take_over(began, outcome.state)
        visible = [write.result for write in outcome.visible]
        self._count(outcome.visible)
        await self._remove_taken_up()
        return Committed(visible, [(write.result, error) for write, error in outcome.failed], recorded=True)

    def _replaced(self, rewrite: PartitionRewrite) -> DataFile | None:
        """Return the file that one takes the place of, as it is recorded: also one that is lost."""
        return file_in(self._saved.recorded.files, rewrite.folder) if rewrite.lost else rewrite.old

    def _write(
        self, partition: StagedPartition, replaced: DataFile | None, read: Read, *, newest: int
    ) -> Write[StagedPartition]:
        """Return a staged file as it is to be committed."""
        folder, staged, old = partition.rewrite.folder, partition.staged, partition.rewrite.old
        file = staged.file
        if file is not None and old is not None:
            file = with_changes(file, witnessed=max(file.witnessed, old.witnessed))
        covered = partition.rewrite.within.within(partition.key.bounds).minus(self._unsettled(newest)).minus(read.again)
        intended = IntendedFile(
            folder=folder,
            file=file,
            replaces=None if replaced is None else replaced.sha256,
            covered=covered.pairs,
            parked=tuple(file.path for file in partition.rewrite.parked),
        )

        def again(newest_file: DataFile | None) -> Write[StagedPartition]:
            if newest_file is None and staged.unchanged and file is not None:
                raise StaleFileError(file, "another run found it lost")
            rewrite = replace(partition.rewrite, old=newest_file)
            made = stage_again(self.lake.store, self.lake.form, rewrite, staged)
            return self._write(replace(partition, rewrite=rewrite, staged=made), newest_file, read, newest=newest)

        return Write(intended, staged.path, staged.condition, again, partition, awaited=partition.awaited)

    def _take_over(self, began: TableState, newest: TableState) -> None:
        """Go on from the newest state with what was changed since a commit began: rows that were parked meanwhile."""
        self._saved = newest
        state = state_log.rebased_state(TRANSACTIONS, began, self.state, newest)
        self.state = setting_aside(
            state, lambda parked_file: parked_file.run != self.run_id and parked_file.path not in self._ours
        )

    def _count(self, writes: Sequence[Write[StagedPartition]]) -> None:
        """Count what has become visible; what another run has made of the same rows is new in its report."""
        visible = [write.result for write in writes]
        for write, staged in zip(writes, (partition.staged for partition in visible), strict=True):
            unchanged = staged.unchanged or write.met
            self.counts += staged.counts.met if write.met else staged.counts
            self.files_unchanged += unchanged
            self.files_written += not unchanged
            if staged.file is not None and not staged.unchanged:
                self.written.add(staged.file.path)
                self._lost.pop(folder_of(staged.file.path), None)
        self._taken_up += [file.path for partition in visible for file in partition.rewrite.parked]
        self.durable = Intervals.of(
            [*self.durable, *(part for partition in visible for part in partition.rewrite.within)]
        )

    async def _remove_taken_up(self) -> None:
        """Remove parked files that the state on the disk does not name any more."""
        for path in [path for path in self._taken_up if path not in self._saved.parked]:
            await anyio.to_thread.run_sync(self.lake.store.delete, path, limiter=self.lake.threads)
            self._taken_up.remove(path)

    def _concluded(self, state: TableState, *, newest: int, written: Collection[str]) -> TableState:
        """Return the state with what a run may say that read everything.

        Lost files are forgotten where nothing has taken their place: Stripe lists none of their rows any more.

        Args:
            state: with the run's files.
            newest: the latest `created` received.
            written: folders of the files that have just become visible.
        """
        now = self._present(newest)
        gone = [file for folder, file in self._lost.items() if folder not in written]
        left = forgetting(state, gone)
        return concluded(left, self.work.plan, read_until=min(now, self.asked.stop), now=now)

    def _with_read(self, read: Read, *, newest: int, drift: Drift, files: bool) -> TableState:
        """Return the state with what has been read, and whose rows, if any, are in files."""
        state = self._with_versions(self.state) if files else self.state
        unsettled = self._unsettled(newest)
        claimed = self.durable.union(read.seconds).minus(unsettled)
        covered = state.covered.union(claimed.minus(self._claimed)).minus(read.again)
        self._claimed, self._again = self._claimed.union(claimed), read.again
        noted, self._drift = self._drift, drift
        return replace(
            state,
            covered=covered,
            bare=state.bare.minus(claimed),
            asked=state.asked.union(Intervals((self.asked,))),
            audits=replace(state.audits, lacking=state.audits.lacking.minus(covered)),
            drift=Drift(with_more_drift(noted.findings, drift.findings, state.drift.findings)),
            account_created=self.identity.created or state.account_created,
        )

    def _unsettled(self, newest: int) -> Intervals:
        return Intervals.span(max(0, self._settled(newest)), END_OF_TIME)

    def _with_versions(self, state: TableState) -> TableState:
        return replace(state, api_versions=self.versions.added_to(state.api_versions))

    def _folder(self, key: PartitionKey) -> str:
        return partition_folder(table_states.TABLE, self.state.account, key)

    def _settled(self, newest: int) -> int:
        return self._present(newest) - self.settle

    def _present(self, newest: int) -> int:
        return self.identity.present(max(self._newest, newest))
