"""One account's record of payouts while a run changes it: written after the files it names, all of it counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from connector.core.planning.lost_payouts import LostPayouts
from connector.events import Committed
from connector.lake.state.lake_identity import commit_payouts
from connector.payouts.report import AccountPayoutsReport, holdings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.time.intervals import Interval
    from connector.lake.writing.payout_files import Written
    from connector.services import Services

T = TypeVar("T")

SAVE_SECONDS = 5.0
"""The record is written at most this long after a file it should name."""


@dataclass(slots=True)
class Book:
    """A record in work. The event loop owns it; what blocks is done in a worker thread.

    Attributes:
        services: what the run touches; the destination is held.
        threads: where files are read and written, for all accounts together.
        record: what durable files hold.
        saved: the record as it is on the disk; None for a new one.
        account: as it was asked for, for events.
        counts: what was found and done, by fields of `AccountPayoutsReport`.
        empty: ids of payouts whose list turned out to have nothing in it.
    """

    services: Services
    threads: anyio.CapacityLimiter
    record: PayoutsRecord
    saved: PayoutsRecord | None
    account: str | None = None
    counts: Counter[str] = field(init=False, default_factory=Counter[str])
    lost: LostPayouts = field(init=False, default_factory=LostPayouts)
    empty: set[str] = field(init=False, default_factory=set[str])
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

    def count(self, written: Written) -> None:
        """Count a file."""
        self.counts["files_unchanged" if written.unchanged else "files_written"] += 1

    async def commit(self, *, now_and_then: bool = False) -> None:
        """Write the record if it has changed; when only now and then, not again for `SAVE_SECONDS`."""
        clock = self.services.clock
        if now_and_then and clock.now() - self._committed <= SAVE_SECONDS:
            return
        async with self._committing:
            if self.record == self.saved:
                return
            saved = self.saved = await self.on_disk(partial(commit_payouts, self.services.store, self.record))
            self.record = replace(self.record, number=saved.number, written=saved.written, recorded=saved.recorded)
            self._committed = clock.now()
            files = (*saved.files.values(), *saved.transaction_files.values())
            rows = sum(file.rows for file in files)
            self.services.on_event(Committed(self.account, saved.number, len(files), rows))

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
            covered=tuple((part.start, part.stop) for part in self.record.covered),
            error=error,
            healed=mended.healed,
            rows_lost=mended.gone,
            **self.counts,
            **holdings_of(self.record, asked, self.empty),
        )
