"""The rows of one account in a run: one pass over its list after the other, and what all of them came to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING

import anyio.to_thread

from connector.core.time.intervals import Intervals
from connector.ingest.account_pass import AccountPass, PassResult
from connector.lake.reading.lost_rows import Mended, mended
from connector.lake.state import table_states

if TYPE_CHECKING:
    from connector.core.state.account_record import AccountRecord
    from connector.core.state.table_state import TableState
    from connector.ingest.account_plan import AccountWork
    from connector.ingest.context import SyncContext
    from connector.stripe.identity import Identity


@dataclass(slots=True)
class AccountRows:
    """What a run has read of an account.

    Attributes:
        shared: what it has in common with the others.
        account: connected account to read, or None for the key's own.
        identity: whose rows these are; None where that is not known.
        record: what is known of the account besides.
        state: of the account, after the last pass.
        mended: what reading lost files again came to.
        written: paths of the files written.
        doubted: seconds found lacking, or known to be at first, and not read since.
    """

    shared: SyncContext
    account: str | None
    identity: Identity | None = None
    record: AccountRecord | None = None
    state: TableState | None = field(init=False, default=None)
    mended: Mended = field(init=False, default_factory=Mended)
    written: frozenset[str] = field(init=False, default=frozenset())
    doubted: Intervals = field(init=False, default_factory=Intervals)
    _found: PassResult = field(init=False, default_factory=PassResult)
    _pass: AccountPass | None = field(init=False, default=None)
    _counted: Intervals = field(init=False, default_factory=Intervals)

    @property
    def found(self) -> PassResult:
        """What all passes brought, the one under way included."""
        return self._found + self._pass.found if self._pass else self._found

    @property
    def newest_state(self) -> TableState | None:
        """The state of the account as it is now; None while nothing is published."""
        return (self._pass.state if self._pass else None) or self.state

    async def read(self, work: AccountWork, *, most: float = inf) -> int:
        """Read and write what is to be read, and count what of the lost files is there again.

        Args:
            work: what is to be read.
            most: pages to read; the rest stays uncovered.

        Returns:
            The pages read.

        Raises:
            ConnectorError: what ended it; what was complete by then is published.
        """
        work = replace(work, counted=self._counted)
        under_way = self._pass = AccountPass(self.shared, self.account, work, self.record, most)
        await under_way.go(self.identity)
        self._counted = self._counted.union(under_way.durable)
        self.doubted = self.doubted.minus(under_way.claimed)
        self.state, self._found, self._pass = under_way.state, self.found, None
        self.written |= under_way.written
        if work.lost and self.state is not None:
            lake = self.shared.lake
            self.mended += await anyio.to_thread.run_sync(mended, lake.store, lake.form, work.lost, self.state)
        return under_way.pages

    def lacking_of(self, state: TableState | None) -> Intervals:
        """Return the seconds of a state that are lacking by what this run knows: others read what they find."""
        return state.audits.lacking.both(self.doubted) if state else Intervals()

    async def keep(self, state: TableState) -> None:
        """Write the state if it says something new."""
        if state != self.state:
            commit = partial(table_states.commit, self.shared.lake.store, state, run=self.shared.run_id)
            self.state = await anyio.to_thread.run_sync(commit)
