"""Reports on a lake as calls: `report`, and its twin for ordinary code."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import anyio.to_thread

from connector.options.calls import ReportOptions
from connector.options.signatures import takes
from connector.reporting.lake_report.document import to_document
from connector.reporting.lake_report.gather import Gathering
from connector.reporting.lake_report.page import to_page
from connector.reporting.lake_report.page_file import refuse_no_file, write_page
from connector.running.blocking import run_blocking

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from connector.reporting.lake_report.facts import LakeReport


@takes(ReportOptions)
async def report(
    destination: str | PathLike[str],
    *,
    on_account: Callable[[str], None] | None = None,
    **options: Unpack[ReportOptions],
) -> LakeReport:
    """Say what a lake holds and how it stands, from the lake alone; Stripe is asked nothing.

    What does not add up, and files that are gone or damaged, are in the report: they are no errors.

    Args:
        destination: the lake.
        on_account: called with each account before its files are read.
        options: see below.

    Returns:
        The facts.

    Raises:
        UsageError: `output` is a folder, or in none that is there.
        ConfigError: there is no lake, or no such account in it.
        LakeChangedError: runs changed an account each time that it was read.
        StorageError: the lake cannot be read, or the page cannot be written.
    """
    accounts, output = options.get("accounts", ()), options.get("output")
    if output is not None:
        await anyio.to_thread.run_sync(refuse_no_file, Path(output))
    gathering = Gathering(
        destination=destination,
        wanted=(accounts,) if isinstance(accounts, str) else tuple(accounts),
        now=int(time.time()),
        on_account=on_account or (lambda _: None),
    )
    lake_report = await anyio.to_thread.run_sync(gathering.go)
    if output is not None:
        await anyio.to_thread.run_sync(write_page, Path(output), to_page(lake_report))
    return lake_report


@takes(ReportOptions)
def run_report(destination: str | PathLike[str], **options: Unpack[ReportOptions]) -> dict[str, Any]:
    """Call `report` from ordinary code.

    Args:
        destination: the lake.
        options: see below.

    Returns:
        The document of `schemas/lake_report.json`.

    Raises:
        ConnectorError: as `report`.
    """

    async def main() -> LakeReport:
        return await report(destination, **options)

    return to_document(run_blocking(main, instead="await connector.report(…)"))
