"""What a run reads again of one account: what is lost, what is known to be lacking, what the lake expands since."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.core.planning.audit.audit import doubted
from connector.core.planning.coverage.plan import NOTHING, Plan, bounds_of, touched_files
from connector.core.planning.rereading.backfill import next_bare
from connector.core.planning.rereading.rereading import affordable, completing, rereading
from connector.core.state.data_file import parked_seconds
from connector.core.time.intervals import Intervals
from connector.ingest.account_plan import AccountWork, lost_files, work_to_mend
from connector.lake.reading.lost_rows import Mended
from connector.lake.reading.rows_within import ids_within
from connector.lake.writing.rewrite import StaleFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.planning.audit.audit import Difference
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.ingest.account_rows import AccountRows

MENDINGS = 2
"""Times that a run reads again, at its end, what was lost while it ran."""

BEYOND = 16
"""Pages that reading rows again may take beyond twice what their number says: windows end within pages."""


@dataclass(slots=True)
class AccountRereading:
    """What one account's part of a run reads again.

    Attributes:
        rows: what was read so far, and how more is read.
        damaged: lost files that were not read again.
        stale: files that an audit found not to be as they were written.
    """

    rows: AccountRows
    damaged: int = field(init=False, default=0)
    stale: tuple[DataFile, ...] = field(init=False, default=())

    async def mend(self, work: AccountWork) -> None:
        """Look at every file once more, and read again what was lost meanwhile, this run's own files included.

        What cannot be had again is counted.

        Args:
            work: what the run began with.
        """
        rows, left = self.rows, work.left
        for attempt in range(MENDINGS + 1):
            lost = await self._lost_meanwhile(work, left)
            if not lost or attempt == MENDINGS or rows.state is None:
                self.damaged = len(lost) + len(left)
                return
            again, more = rows.shared.allowance.share_out(lost)
            left = (*left, *more)
            if again:
                await rows.read(work_to_mend(rows.state, again))

    async def settle(self, differences: Sequence[Difference], work: AccountWork) -> None:
        """Read again what an answer and the lake do not agree on; a row that was seen has to be there in the end.

        Args:
            differences: what does not agree.
            work: what the run began with.
        """
        rows = self.rows
        seen = {name: difference.again for difference in differences for name in difference.missing}
        for _ in range(MENDINGS):
            await self.fill()
            if rows.state is None or rows.lacking_of(rows.state):
                return
            seconds = Intervals.of(part for again in seen.values() for part in again)
            there = await self._ids_within(seconds, work)
            seen = {name: again for name, again in seen.items() if name not in there}
            if not seen:
                return
            await self.doubt(rows.state, Intervals.of(part for again in seen.values() for part in again))
        rows.mended += Mended(gone=len(seen))
        await self.fill()

    async def doubt(self, state: TableState, seconds: Intervals) -> None:
        """Let the state say that rows are lacking; of seconds that are not covered, a run says nothing."""
        self.rows.doubted = self.rows.doubted.union(seconds.both(state.covered))
        await self.rows.keep(doubted(state, seconds))

    async def _ids_within(self, seconds: Intervals, work: AccountWork) -> set[str]:
        """Return the ids of the rows of some seconds; files that others have replaced meanwhile are theirs.

        Raises:
            StaleFileError: a file is not as it was written, and reading it again did not help.
        """
        lake = self.rows.shared.lake
        for attempt in range(MENDINGS + 1):
            if self.rows.state is None:
                break
            try:
                return await anyio.to_thread.run_sync(ids_within, lake.store, lake.form, self.rows.state, seconds)
            except StaleFileError as stale:
                if attempt == MENDINGS:
                    raise
                self.stale = (*self.stale, stale.file)
                await self.mend(work)
        return set()

    async def fill_first(self, work: AccountWork) -> AccountWork:
        """Read what an earlier run left lacking of partitions that readers see, before anything newer is visible.

        What this run reads in any case is left to it, lost files are read again as a whole.

        Args:
            work: what the run begins with.

        Returns:
            What is left of it.
        """
        if work.state is None or not work.state.audits.lacking:
            return work
        whole = Intervals.of(bounds_of(file, work.state.partition) for file in (*work.lost, *work.left))
        self.rows.state = work.state
        await self.fill(but_for=work.plan.todo.union(whole))
        return replace(work, state=self.rows.state)

    async def fill(self, *, but_for: Intervals = NOTHING) -> None:
        """Read what is known to be lacking, as far as what a run may spend on that goes.

        Args:
            but_for: seconds to leave alone.
        """
        rows, allowance = self.rows, self.rows.shared.allowance
        state = rows.state
        lacking = NOTHING if state is None else state.audits.lacking.minus(but_for)
        if state is None or not lacking or allowance.requests < 1:
            return
        unread = lacking.minus(parked_seconds(state.parked.values()))
        work = AccountWork(rereading(state, unread, read_before=state.covered.union(lacking)), state)
        touched = touched_files(state, unread)
        if len(affordable(touched, allowance.requests)[0]) < len(touched):
            work = replace(work, plan=replace(work.plan, in_part=()))  # what takes several runs holds nothing up
        before = rows.found.counts.new
        pages = await rows.read(work, most=allowance.requests)
        allowance.spend(pages)
        rows.mended += Mended(rows=rows.found.counts.new - before)

    async def backfill(self) -> None:
        """Read rows again for what the lake expands now, as far as what a run may spend on that goes."""
        rows, shared = self.rows, self.rows.shared
        state = rows.state
        while shared.options.backfill and state is not None and shared.backfill.requests >= 1:
            chosen, cost = next_bare(state, shared.options.asked, shared.backfill.requests)
            if not chosen:
                await rows.keep(replace(state, bare=Intervals()) if not state.bare_rows else state)
                return
            shared.backfill.spend(ceil(cost))
            work = AccountWork(Plan(completing(state, chosen), read_before=state.covered), state)
            await rows.read(work, most=2 * ceil(cost) + BEYOND)
            before, state = state, rows.state
            if state is not None and state.bare == before.bare:  # others are at it
                return

    async def _lost_meanwhile(self, work: AccountWork, left: Sequence[DataFile]) -> list[DataFile]:
        state = self.rows.state
        if state is None or not (self.rows.written or self.stale):
            return []  # nothing was made visible since the files were looked at
        known = {file.path for file in left}
        trusted = self.rows.written.difference(file.path for file in self.stale)
        look = partial(lost_files, self.rows.shared.lake, state, work.since, trusted)
        state, lost = await anyio.to_thread.run_sync(look)
        self.rows.state = state
        stale = [file for file in map(state.files.get, (file.path for file in self.stale)) if file is not None]
        known_as = {file.sha256 for file in self.stale}  # what another run has replaced meanwhile is not lost
        stale, self.stale = [file for file in stale if file.sha256 in known_as], ()
        return [file for file in {file.path: file for file in (*lost, *stale)}.values() if file.path not in known]
