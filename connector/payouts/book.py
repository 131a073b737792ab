"""One account's record of payouts while a run changes it: written after the files it names, all of it counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from connector.core.planning.rereading.lost_payouts import LostPayouts
from connector.core.state.data_file import folder_of
from connector.core.state.intent import IntendedFile, file_in
from connector.core.state.tables import PAYOUTS
from connector.events import Committed
from connector.lake.state import state_log
from connector.lake.state.writes import Write
from connector.lake.writing.rewrite import PartitionRewrite, StaleFileError
from connector.payouts.report import AccountPayoutsReport, holdings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts import Payout
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.time.intervals import Interval
    from connector.lake.formats.formats import Format
    from connector.lake.state.commits import Commits
    from connector.lake.writing.rewrite import StagedFile
    from connector.services import Services

T = TypeVar("T")


def _as_it_is(record: PayoutsRecord) -> PayoutsRecord:
    return record


def _write(
    rewrite: PartitionRewrite,
    there: DataFile | None,
    staged: StagedFile,
    made: tuple[Callable[[PartitionRewrite], StagedFile], tuple[Payout, ...]],
) -> Write[StagedFile]:
    """Return a day's file as it is to be committed.

    Args:
        rewrite: the day, and whether its file is lost, as it is also where it has to be made again.
        there: what is recorded of it.
        staged: the file.
        made: how, and the payouts in it.
    """
    make, payouts = made

    def again(newest: DataFile | None) -> Write[StagedFile]:
        if staged.path is not None:
            staged.path.unlink(missing_ok=True)
        on_newest = replace(rewrite, old=newest)
        return _write(on_newest, newest, make(on_newest), made)

    replaces = None if there is None else there.sha256
    intended = IntendedFile(folder=rewrite.folder, file=staged.file, replaces=replaces, payouts=payouts)
    return Write(intended, staged.path, staged.condition, again, staged)


@dataclass(slots=True)
class Book:
    """A record in work. The event loop owns it; what blocks is done in a worker thread.

    Attributes:
        services: what the run touches.
        commits: makes files visible, and records them.
        threads: where files are read and written, for all accounts together.
        record: what durable files hold.
        saved: the record as it is on the disk; None for a new one.
        account: as it was asked for, for events.
        counts: what was found and done, by fields of `AccountPayoutsReport`.
        lost: files that are not as they were written, and what they held.
        empty: ids of payouts whose list turned out to have nothing in it.
    """

    services: Services
    commits: Commits[PayoutsRecord]
    threads: anyio.CapacityLimiter
    record: PayoutsRecord
    saved: PayoutsRecord | None
    account: str | None
    counts: Counter[str] = field(init=False, default_factory=Counter[str])
    lost: LostPayouts = field(init=False, default_factory=LostPayouts)
    empty: set[str] = field(init=False, default_factory=set[str])
    _writes: list[Write[StagedFile]] = field(init=False, default_factory=list["Write[StagedFile]"])
    _committed: float = field(init=False, default=float("-inf"))
    _committing: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    def forget(self, lost: Collection[DataFile]) -> PayoutsRecord:
        """Forget files that are not as they were written, and return the record."""
        self.lost = self.lost.with_files(lost, self.record)
        self.record = self.record.without(file.path for file in lost)
        return self.record

    def recall(self) -> None:
        """Name the lost files again that did not get to be written, so that the next run knows of them."""
        self.lost, self.record = self.lost.recalled(self.record)

    async def stage(
        self,
        form: Format,
        folder: str,
        make: Callable[[PartitionRewrite], StagedFile],
        *,
        payouts: Iterable[Payout] = (),
        newest: bool = True,
    ) -> StagedFile:
        """Write a day's file, which the next commit makes visible.

        Args:
            form: format of the file.
            folder: of the day.
            make: writes it, of the file that is there.
            payouts: those in it, of a file of payouts.
            newest: whether to go on from what others have made of the day, if it is not as the record says.

        Raises:
            ConnectorError: it cannot be written.
        """
        lost = folder in {folder_of(path) for path in self.lost.files}
        rewrite = PartitionRewrite(folder, form.file_of(self.record.all_files, folder), lost=lost)
        try:
            staged = await self.on_disk(make, rewrite)
        except StaleFileError:
            if not (newest and await self.catch_up()):
                raise
            return await self.stage(form, folder, make, payouts=payouts, newest=False)
        self.counts["files_unchanged" if staged.unchanged else "files_written"] += 1
        there = file_in(self.record.recorded.files, folder)
        self._writes.append(_write(rewrite, there, staged, (make, tuple(payouts))))
        return staged

    async def catch_up(self) -> bool:
        """Go on from what others have made of the lake meanwhile, and say whether there was anything."""
        recorded = state_log.recorded_as(PAYOUTS, self.record, self.record.recorded)
        newest = await self.on_disk(self.commits.catch_up, recorded)
        if newest is recorded:
            return False
        self.record = self.saved = state_log.rebased_state(PAYOUTS, recorded, self.record, newest)
        return True

    async def commit(
        self, *, now_and_then: bool = False, finish: Callable[[PayoutsRecord], PayoutsRecord] = _as_it_is
    ) -> None:
        """Make what was written visible, and write the record if it has changed.

        Args:
            now_and_then: not again for the tuning's `book_seconds`.
            finish: what the record is to say besides once all of it is visible.

        Raises:
            ConnectorError: the first thing that failed; all else is visible, and the record names it.
        """
        clock = self.services.clock
        if now_and_then and clock.now() - self._committed <= self.services.tuning.book_seconds:
            return
        async with self._committing:
            writes, began, self._writes = self._writes, self.record, []
            if not (writes or self.commits.owes) and self.saved is not None and finish(began) == self.saved:
                return
            outcome = await self.on_disk(partial(self.commits.commit, began, writes, finish=finish))
            saved = self.saved = outcome.state
            self.record = state_log.rebased_state(PAYOUTS, began, self.record, saved)
            self._committed = clock.now()
            files = (*saved.files.values(), *saved.transaction_files.values())
            rows = sum(file.rows for file in files)
            self.services.on_event(Committed(self.account, saved.number, len(files), rows))
            for _, failure in outcome.failed:
                raise failure

    async def on_disk(self, call: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 - those of the call
        """Do what blocks."""
        return await anyio.to_thread.run_sync(call, *arguments, limiter=self.threads)

    def report(self, asked: Interval, *, now: int, error: str | None) -> AccountPayoutsReport:
        """Say what was done, so far.

        Args:
            asked: seconds of `created` that were asked for.
            now: UTC seconds, beyond which nothing was.
            error: what ended it, if something did.
        """
        mended = self.lost.mended(self.record)
        return AccountPayoutsReport(
            account=self.record.account,
            asked=(asked.start, min(asked.stop, now)),
            covered=self.record.covered.pairs,
            error=error,
            healed=mended.healed,
            rows_lost=mended.gone,
            **self.counts,
            **holdings_of(self.record, asked, self.empty),
        )
