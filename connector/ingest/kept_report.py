"""A run's report: what the run came to, as a value, and its file in the lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

import connector
from connector.core.documents import to_json, to_line
from connector.core.run_report import Report, requests_of, to_document
from connector.core.state.unnamed import said_of
from connector.core.time.times import to_text
from connector.errors import StorageError
from connector.lake.paths import RUNS
from connector.lake.state.run_reports import thin_reports
from connector.outside_text import document_without_keys, in_json
from connector.stripe.client import LIST_TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.core.api.allocation import Savings
    from connector.core.run_report import AccountReport, Outcome
    from connector.core.state.unnamed import Unnamed
    from connector.lake.layout import Lake
    from connector.lake.state.destination import RunDestination
    from connector.lake.stores.base import Store
    from connector.services import Services
    from connector.stripe.client import Client

LINED_ACCOUNTS = 100
"""Accounts of a report that is laid out for people to read; one of more is one line, which takes half the bytes."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """Makes the report of one run, and keeps it in the lake.

    Attributes:
        services: what the run touches.
        client: whom it asked.
        store: the destination.
        run_id: names the run.
        began: when it did, by the services' clock.
        keep_days: how long reports are kept.
    """

    services: Services
    client: Client
    store: Store
    run_id: str
    began: float
    keep_days: int

    def made(
        self,
        lake: Lake,
        outcome: Outcome,
        accounts: Iterable[AccountReport],
        *,
        savings: Savings,
        beside: Sequence[Unnamed] = (),
        error: str | None = None,
    ) -> Report:
        """Return what the run has come to by now.

        Args:
            lake: what it wrote to.
            outcome: how it ended.
            accounts: what there is to say of each.
            savings: what it leaves in hand for asking about the past again.
            beside: files that no record names, where readers look.
            error: what it ended with.
        """
        seconds = self.services.clock.now() - self.began
        started = self.services.clock.moment() - seconds
        config = self.client.config
        return Report(
            run_id=self.run_id,
            outcome=outcome,
            error=error,
            destination=self.services.destination,
            format=lake.form.name,
            partition=lake.partition.value,
            livemode=config.api_key.livemode,
            savings=savings,
            api_version=config.api_version,
            connector_version=connector.__version__,
            started=to_text(started),
            duration_seconds=seconds,
            requests=requests_of(self.client.meter, rate=config.rate, seconds=seconds, endpoint=LIST_TRANSACTIONS.name),
            accounts=tuple(accounts),
            not_found=lake.redactor.not_found if lake.redactor else (),
            warnings=(
                *sorted(self.store.lacks),
                *_of_connections(len(self.client.transport.distrusted)),
                *self.client.versions.warnings,
                *said_of(beside),
            ),
        )

    async def kept(self, destination: RunDestination, report: Report) -> Report:
        """Keep the report of a run whose rows are all kept; where that fails, it says so: nothing is lost."""
        try:
            await self.keep(destination, report)
        except StorageError as error:
            return replace(report, warnings=(*report.warnings, f"the run's report could not be kept: {error}"))
        return report

    async def keep(self, destination: RunDestination, report: Report) -> None:
        """Write the report into the lake, if the run came to write to one.

        Raises:
            StorageError: the destination does not take it.
        """
        if not destination.written:
            return
        text = stored(report, self.client.config.api_key.reveal())
        with anyio.CancelScope(shield=True):
            if report.outcome == "complete":  # before there is one more: what was listed may tell it
                now = int(self.services.clock.utc())
                await anyio.to_thread.run_sync(partial(thin_reports, self.store, now=now, days=self.keep_days))
            await anyio.to_thread.run_sync(self.store.write, f"{RUNS}/{report.run_id}.json", text)


def stored(report: Report, key: str) -> bytes:
    """Return a report as the lake keeps it: in one line where it has very many accounts, without the key."""
    write = to_json if len(report.accounts) <= LINED_ACCOUNTS else to_line
    return in_json(write(document_without_keys(to_document(report), (key,))).decode()).encode()


def _of_connections(distrusted: int) -> tuple[str, ...]:
    """Say that connections were closed, as what came on them could not be believed."""
    if not distrusted:
        return ()
    connections = "a connection was" if distrusted == 1 else f"{distrusted:,} connections were"
    came = "an answer came that nobody had asked for, or that cannot be right"
    return (f"{connections} closed: {came}; is there a faulty proxy on the way?",)
