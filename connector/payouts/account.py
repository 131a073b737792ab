"""One account's payouts, into a lake: read what may be new, write it, then list the transactions of what is complete.

plan → payouts → files → record → transactions → files → record. Data files come first, the record last, so what the
record says is in durable files.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from connector.accounts import introduced, refuse_to_mix
from connector.core.failed_accounts import OWN
from connector.core.intervals import Interval, Intervals
from connector.core.payouts import SETTLE, Payout, days_due, likely_starts, plan_payouts
from connector.core.payouts_record import (
    PayoutsRecord,
    TransactionsFile,
    day_of_file,
    payouts_folder,
    transactions_folder,
)
from connector.core.times import END_OF_TIME
from connector.errors import ProtocolError
from connector.lake.facts import load_payouts, save_payouts
from connector.lake.payout_files import Listed, write_payouts, write_transactions
from connector.lake.sheets import changed, sheet
from connector.payouts.report import AccountPayoutsReport, holdings_of
from connector.stripe.payouts import fetch_payouts, transactions_of
from connector.tasks import in_turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.core.page import Row
    from connector.core.payouts import DayDue, PayoutsPlan
    from connector.core.stored import StoredFile
    from connector.core.units import AccountId
    from connector.errors import ConnectorError
    from connector.lake.facts import LakeFacts
    from connector.lake.payout_files import Written
    from connector.lake.store import Store
    from connector.report import Progress
    from connector.stripe.client import Client
    from connector.stripe.identity import Identity

T = TypeVar("T")

AT_ONCE = 24
"""Payouts listed, or retrieved, at once for one account; the pace holds their requests back further."""

WRITERS = 4
"""Files written at once: one waits for the disk while another is encoded."""

SAVE_SECONDS = 5.0
"""The record is written at most this long after a file it should name."""


@dataclass(slots=True)
class Shared:
    """What the accounts of a run have in common.

    Attributes:
        store: the destination.
        client: whom to ask.
        asked: seconds of `created` of the payouts asked for.
        full_refresh: list again what the lake has.
        progress: filled in as the run goes on.
        hold: takes the destination, if that is not done yet, and says what it holds.
        new: whether there was nothing in the destination when the run began.
        several: whether there is more than one account.
        taken: accounts that somebody of this run works on or has worked on.
    """

    store: Store
    client: Client
    asked: Interval
    full_refresh: bool
    progress: Progress
    hold: Callable[[], Awaitable[LakeFacts]]
    new: bool
    several: bool
    taken: set[AccountId] = field(default_factory=set["AccountId"])
    threads: anyio.CapacityLimiter = field(init=False, default_factory=lambda: anyio.CapacityLimiter(WRITERS))


@dataclass(slots=True)
class AccountPayouts:
    """One account's part of a run.

    Attributes:
        shared: what it has in common with the others.
        account: connected account to read, or None for the key's own.
        account_id: name of the key's own account, where it may not ask for it.
    """

    shared: Shared
    account: str | None
    account_id: str | None = None
    _identity: Identity | None = field(init=False, default=None)
    _record: PayoutsRecord | None = field(init=False, default=None)
    _saved: PayoutsRecord | None = field(init=False, default=None)
    _counts: Counter[str] = field(init=False, default_factory=Counter[str])
    _again: set[str] = field(init=False, default_factory=set[str])
    _empty: set[str] = field(init=False, default_factory=set[str])
    _committed: float = field(init=False, default=float("-inf"))
    _committing: anyio.Lock = field(init=False, default_factory=anyio.Lock)

    @property
    def name(self) -> str:
        """The account, as far as it is known."""
        return self._identity.account if self._identity else self.account or OWN

    async def go(self) -> None:
        """Bring payouts and transactions home; however it ends, the record names what was written.

        Raises:
            ConnectorError: what ended it; the next run goes on from what the record says.
        """
        shared = self.shared
        identity = self._identity = await introduced(
            shared.client, self.account, account_id=self.account_id, several=shared.several
        )
        if identity.account in shared.taken:  # under another name
            return
        shared.taken.add(identity.account)
        rows: list[Row] | None = None
        plan = plan_payouts(None, shared.asked, now=identity.now)
        if shared.new:  # a key that may not list payouts makes no lake
            rows, _ = await self._read(plan, identity)
        facts = await shared.hold()
        refuse_to_mix(
            facts, identity, livemode=shared.client.config.api_key.livemode, connected=self.account is not None
        )
        record = await self._on_disk(load_payouts, shared.store, identity.account)
        self._saved = record
        self._record = record or PayoutsRecord(
            identity.account, facts.format or "parquet", livemode=shared.client.config.api_key.livemode
        )
        absent: frozenset[str] = frozenset()
        try:
            if rows is None:
                plan = await self._on_disk(self._planned, self._record, identity.now)
                rows, absent = await self._read(plan, identity)
            await self._write_payouts(plan, rows, absent, identity)
            await self._commit()
            await self._list_transactions()
        finally:
            with anyio.CancelScope(shield=True):
                await self._commit()

    # Payouts ----------------------------------------------------------------------------------------------------------

    def _planned(self, record: PayoutsRecord, now: int) -> PayoutsPlan:
        """Forget files that are not as they were written, and plan. Blocks.

        Every file is looked at by its size, those to be merged with by their bytes, too: a run that was killed between
        a file and the record leaves a file that the record does not know.
        """
        store, shared = self.shared.store, self.shared
        record = self._forget(record, changed(store, record.all_files.values(), full=False))
        checked: set[str] = set()
        while True:
            plan = plan_payouts(record, shared.asked, now=now, full_refresh=shared.full_refresh)
            unchecked = [file for path, file in record.files.items() if path not in checked]
            touched = [file for file in unchecked if _touches(plan, record, file.path)]
            lost = changed(store, touched, full=True)
            if not lost:
                return plan
            checked.update(file.path for file in touched)
            record = self._forget(record, lost)

    def _forget(self, record: PayoutsRecord, lost: list[str]) -> PayoutsRecord:
        self._counts["files_lost"] += len(lost)
        self._record = record.without(lost)
        return self._record

    async def _read(self, plan: PayoutsPlan, identity: Identity) -> tuple[list[Row], frozenset[str]]:
        """Return the payouts planned for, and the ids of those that are not there any more."""
        return await fetch_payouts(
            self.shared.client, plan, account=self.account, likely_start=identity.created, came=self._show
        )

    async def _write_payouts(
        self, plan: PayoutsPlan, rows: list[Row], absent: frozenset[str], identity: Identity
    ) -> None:
        """Write the days of the payouts read, then call the seconds read covered."""
        record = self._now()
        sheet_ = sheet("payouts", record.format)
        came = {row["id"] for row in rows}
        missing = absent | {
            one.id for one in record.payouts.values() if one.created in plan.todo and one.id not in came
        }
        days: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: (row["created"], row["id"])):
            known = record.payouts.get(row["id"])
            if known is not None and known.created != row["created"]:
                raise ProtocolError(f"{row['id']} came with another value of created than before: nothing is kept")
            days.setdefault(payouts_folder(record.account, row["created"]), []).append(row)

        files: list[StoredFile] = []

        async def write(folder: str) -> None:
            old = record.files.get(f"{folder}/{sheet_.form.file_name}")
            written = await self._on_disk(write_payouts, self.shared.store, sheet_, folder, days[folder], old)
            self._count(written)
            self._counts.update(payouts_new=written.new, payouts_changed=written.changed, payouts_same=written.same)
            if written.file is not None:
                files.append(written.file)

        await in_turn(days, write, at_once=WRITERS)
        self._counts["payouts_disappeared"] = len(missing)
        self._again = came if self.shared.full_refresh else set()
        settled = Intervals.span(0, max(0, identity.now - SETTLE))
        read = plan.todo.both(settled)
        version = self.shared.client.config.api_version
        versions = record.api_versions
        if rows and version not in versions:
            versions = (*versions, version)
        record = record.with_payouts(files, map(Payout.of, rows))
        self._record = replace(record, covered=record.covered.union(read), api_versions=versions)

    # Transactions -----------------------------------------------------------------------------------------------------

    async def _list_transactions(self) -> None:
        """List and write what the lake lacks, day by day of arrival, newest first."""
        again = frozenset(self._again)
        due = days_due(self._now(), self.shared.asked, again=again)
        days = {day.start for day in due}
        files = [file for file in self._now().transaction_files.values() if file.day in days]
        lost = await self._on_disk(lambda: changed(self.shared.store, files, full=True))
        if lost:
            self._forget(self._now(), lost)
            due = days_due(self._now(), self.shared.asked, again=again)
        starts = likely_starts(self._now().payouts.values())

        async def list_day(day: DayDue) -> None:
            await self._write_day(day, [await self._list(payout.id, starts[payout.id]) for payout in day.to_list])

        await in_turn(due, list_day, at_once=AT_ONCE)

    async def _write_day(self, day: DayDue, listed: list[Listed]) -> None:
        record = self._now()
        sheet_ = sheet("payout_transactions", record.format)
        folder = transactions_folder(record.account, day.start)
        path = f"{folder}/{sheet_.form.file_name}"
        old = record.transaction_files.get(path)
        self._empty |= {one.payout for one in listed if not one.batches}
        written = await self._on_disk(write_transactions, self.shared.store, sheet_, folder, day, listed, old)
        self._count(written)
        self._counts.update(
            payouts_listed=len(listed), transactions_listed=written.new, transactions_disappeared=written.disappeared
        )
        file = written.file if isinstance(written.file, TransactionsFile) else None
        self._record = self._now().with_transactions(path, file)
        if anyio.current_time() - self._committed > SAVE_SECONDS:
            await self._commit()

    async def _list(self, payout: str, likely_start: int) -> Listed:
        """List the transactions of one payout: all of them, or an error."""
        listed = Listed(payout)
        stream = transactions_of(self.shared.client, payout, account=self.account, likely_start=likely_start)
        async with stream as pages:
            async for page in pages:
                listed.add(page)
                self._show(len(page))
        return listed

    # The record and the report ----------------------------------------------------------------------------------------

    async def _commit(self) -> None:
        """Write the record if it has changed."""
        async with self._committing:
            if self._record is None or self._record == self._saved:
                return
            self._record = replace(self._record, revision=self._record.revision + 1)
            saving = self._record
            await self._on_disk(save_payouts, self.shared.store, saving)
            self._saved = saving
            self._committed = anyio.current_time()

    def report(self, error: ConnectorError | None = None) -> AccountPayoutsReport | None:
        """Say what was done, so far; None when there is nothing to say.

        Args:
            error: what ended it, if something did.
        """
        asked, identity, record = self.shared.asked, self._identity, self._record
        stop = min(asked.stop, identity.now if identity else END_OF_TIME)
        account = identity.account if identity else self.account or ""
        text = None if error is None else str(error)
        if record is None:
            return None if error is None else AccountPayoutsReport(account, (asked.start, stop), error=text)
        counts = self._counts
        return AccountPayoutsReport(
            account=account,
            asked=(asked.start, stop),
            covered=tuple((part.start, part.stop) for part in record.covered),
            payouts_new=counts["payouts_new"],
            payouts_changed=counts["payouts_changed"],
            payouts_unchanged=counts["payouts_same"],
            payouts_disappeared=counts["payouts_disappeared"],
            payouts_listed=counts["payouts_listed"],
            transactions_listed=counts["transactions_listed"],
            transactions_disappeared=counts["transactions_disappeared"],
            files_written=counts["files_written"],
            files_unchanged=counts["files_unchanged"],
            files_lost=counts["files_lost"],
            error=text,
            **holdings_of(record, asked, self._empty),
        )

    def _now(self) -> PayoutsRecord:
        if self._record is None:
            raise RuntimeError("the record is there once the destination is held")
        return self._record

    def _count(self, written: Written) -> None:
        self._counts["files_unchanged" if written.unchanged else "files_written"] += 1
        self.shared.progress.files_sealed += 1

    def _show(self, rows: int) -> None:
        progress = self.shared.progress
        progress.rows, progress.pages = progress.rows + rows, progress.pages + 1

    async def _on_disk(self, call: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 - those of the call
        return await anyio.to_thread.run_sync(call, *arguments, limiter=self.shared.threads)


def _touches(plan: PayoutsPlan, record: PayoutsRecord, path: str) -> bool:
    """Say whether a file of payouts would be merged with what is planned."""
    day = day_of_file(path)
    return bool(plan.todo.touching(day)) or any(record.payouts[one].created in day for one in plan.retrieve)
