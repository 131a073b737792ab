"""One pass over an account's list: from what is to be read to files and state, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.accounts.choice import keep_account
from connector.core.api.page import decode_page, ids_of
from connector.core.planning.absence.witness import SecondAnswers
from connector.core.planning.coverage.plan import usual_density
from connector.core.planning.windows.frontier import Frontier
from connector.core.run_report import Late
from connector.core.state.drift import Drift
from connector.core.state.table_state import TableState
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.events import AccountIdentified
from connector.ingest.batcher import Batcher
from connector.ingest.publisher import Publisher
from connector.ingest.writer import PartitionWriter
from connector.lake.state import table_states
from connector.lake.state.commits import Commits
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.row_buffer import RowBuffer
from connector.stripe.listing.query import ListSource
from connector.stripe.listing.scan import Scan
from connector.tables.transaction import decode_transactions

if TYPE_CHECKING:
    from connector.core.api.page import AnyRow
    from connector.core.state.account_record import AccountRecord
    from connector.ingest.account_plan import AccountWork
    from connector.ingest.context import SyncContext
    from connector.stripe.identity import Identity
    from connector.stripe.listing.scan import Received


@dataclass(frozen=True, slots=True)
class PassResult:
    """What passes over an account brought; those of several add up.

    Attributes:
        received: rows received.
        counts: what became of them.
        files_written: data files created or replaced.
        files_unchanged: data files found to be right already.
        drift: how rows differ from the schema.
        second_answers: what second answers came to.
    """

    received: int = 0
    counts: MergeCounts = field(default_factory=MergeCounts)
    files_written: int = 0
    files_unchanged: int = 0
    drift: Drift = field(default_factory=Drift)
    second_answers: SecondAnswers = field(default_factory=SecondAnswers)

    def __add__(self, other: PassResult) -> PassResult:
        return PassResult(
            self.received + other.received,
            self.counts + other.counts,
            self.files_written + other.files_written,
            self.files_unchanged + other.files_unchanged,
            self.drift.merge(other.drift),
            self.second_answers + other.second_answers,
        )

    def facts(self, now: int) -> dict[str, Any]:
        """Return it as fields of `AccountReport`.

        Args:
            now: UTC seconds, when it was read.
        """
        counts = self.counts
        return {
            "rows_received": self.received,
            "rows_new": counts.new,
            "rows_changed": counts.replaced,
            "rows_unchanged": counts.unchanged,
            "rows_disappeared": counts.disappeared,
            "late": Late(
                rows=counts.late,
                first_created=counts.late_first,
                last_created=counts.late_last,
                longest_lag_seconds=max(0, now - counts.late_first) if counts.late_first is not None else 0,
            ),
            "witnesses": self.second_answers.confirmed + self.second_answers.contradicted,
            "contradicted": self.second_answers.contradicted,
            "unstable_ties": self.second_answers.unstable_ties,
            "files_written": self.files_written,
            "files_unchanged": self.files_unchanged,
            "drift": tuple(
                {"kind": finding.kind, "name": finding.name, "count": finding.count, "example": finding.example}
                for finding in self.drift.findings
            ),
        }


@dataclass(slots=True)
class AccountPass:
    """One pass.

    Attributes:
        shared: what all accounts of the run have in common.
        account: connected account to read, or None for the key's own.
        work: what is to be read, and the state to go on from.
        record: what is known of the account besides; kept with its first state.
        most: requests to send, about: those of the first windows are sent in any case; what is left stays uncovered.
    """

    shared: SyncContext
    account: str | None
    work: AccountWork
    record: AccountRecord | None
    most: float
    _writer: PartitionWriter | None = field(init=False, default=None)
    _scan: Scan | None = field(init=False, default=None)
    _pages: int = field(init=False, default=0)

    async def go(self, identity: Identity | None) -> None:
        """Read and write.

        Args:
            identity: whose rows they are, and what time it is; None where that could not be learnt.

        Raises:
            ConnectorError: what ended it; what was complete by then is published.
        """
        shared = self.shared
        frontier = Frontier(
            self.work.plan.todo,
            likely_start=identity.created if identity else 0,
            wary=True,
            usual=usual_density(self.work.state),
            present=identity.now if identity else 0,
            first=Intervals.of(self.work.plan.in_part),
        )
        with RowBuffer(shared.lake.store.scratch, memory=shared.memory) as buffer:
            batcher = Batcher(shared.lake, buffer, frontier)
            writer = self._writer = PartitionWriter(batcher, shared.services, self.account)
            query = shared.options.query(self.account)
            decode = decode_page if query.expand or shared.lake.redactor else decode_transactions
            source = ListSource(shared.client, query, shared.sharers, decode)

            async def name() -> None:
                if identity is not None:
                    await self._name(writer, identity)

            with anyio.CancelScope() as scope:

                async def receive(got: Received) -> None:
                    await writer.receive(got)
                    self._pages += 1
                    if self._pages + len(frontier.walks) >= self.most and not frontier.done:  # one under way in each
                        scope.cancel()

                def take(rows: list[AnyRow], size: int) -> None:
                    if identity is not None and shared.options.several:
                        shared.claims.take(identity.account, ids_of(rows))
                    batcher.take(rows, size)

                scan = self._scan = Scan(source, frontier, receive, take, rereads=True)
                try:
                    await writer.run(name, scan.run)
                finally:
                    batcher.close()

    @property
    def pages(self) -> int:
        """Pages read."""
        return self._pages

    @property
    def state(self) -> TableState | None:
        """The state of the account as it is now; None while nothing is published."""
        publisher = self._writer.publisher if self._writer else None
        return publisher.state if publisher else None

    @property
    def written(self) -> frozenset[str]:
        """Paths of the files written."""
        publisher = self._writer.publisher if self._writer else None
        return frozenset(publisher.written) if publisher else frozenset()

    @property
    def durable(self) -> Intervals:
        """Seconds that were read and whose rows are in files."""
        publisher = self._writer.publisher if self._writer else None
        return publisher.durable if publisher else Intervals()

    @property
    def claimed(self) -> Intervals:
        """Seconds that it has read to the end, and recorded."""
        publisher = self._writer.publisher if self._writer else None
        return publisher.claimed if publisher else Intervals()

    @property
    def found(self) -> PassResult:
        """What it brought, so far."""
        writer, scan = self._writer, self._scan
        if writer is None or writer.publisher is None or scan is None:
            return PassResult()
        publisher, batcher = writer.publisher, writer.batcher
        return PassResult(
            batcher.rows,
            publisher.counts,
            publisher.files_written,
            publisher.files_unchanged,
            batcher.drift,
            scan.second_answers,
        )

    async def _name(self, writer: PartitionWriter, identity: Identity) -> None:
        """Give the writer its state: from here on files are written."""
        if self.work.state is None:
            await writer.answered.wait()  # no lake is begun for a key that may not list
        with anyio.CancelScope(shield=True):  # once a state is there, what came before an error is said in it
            writer.publish_to(await self._publisher(identity))

    async def _publisher(self, identity: Identity) -> Publisher:
        """Return what the account has, from a state that is on the disk."""
        shared, state = self.shared, self.work.state
        if state is None:  # written before any file, so that the lake stays of one kind whatever happens
            await shared.destination.begin()
            state = TableState(
                account=identity.account,
                format=shared.lake.form.name,
                partition=shared.lake.partition,
                livemode=shared.client.config.api_key.livemode,
                options=shared.options.of_lake,
                asked=Intervals((shared.options.asked,)),
                seen=shared.begun,
            )
            state = await anyio.to_thread.run_sync(
                partial(table_states.commit, shared.lake.store, state, run=shared.run_id)
            )
            if self.record is not None:
                await anyio.to_thread.run_sync(keep_account, shared.lake.store, shared.destination.facts, self.record)
        shared.services.on_event(AccountIdentified(self.account, identity.account))
        commits = Commits(shared.lake.store, TRANSACTIONS, identity.account, shared.run_id)
        return Publisher(
            shared.lake,
            state,
            self.work,
            identity,
            commits,
            asked=shared.options.asked,
            settle=shared.options.settle,
            versions=shared.client.versions,
            run_id=shared.run_id,
        )
