"""Scans in tests: of a Stripe in the process, to their end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Tuning
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.stripe.listing.scan import Received, Scan

if TYPE_CHECKING:
    from tests.support.fakes import FakeStripe

EVERYTHING = Intervals.span(0, END_OF_TIME)


async def scanned(source: FakeStripe, within: Intervals = EVERYTHING, *, hint: int = 0) -> list[Received]:
    tuning = Tuning(page_size=source.size, first=2)
    got: list[Received] = []

    async def receive(page: Received) -> None:
        got.append(page)
        await asyncio.sleep(0)

    await Scan(source, Frontier(within, likely_start=hint, tuning=tuning), receive).run()
    return got


def ids(got: list[Received]) -> list[str]:
    return [row["id"] for page in got for row in page.rows]


async def wary(source: FakeStripe, within: Intervals = EVERYTHING, **options) -> tuple[list[str], Scan]:
    got: list[str] = []

    async def receive(page: Received) -> None:
        got.extend(row["id"] for row in page.rows)
        await asyncio.sleep(0)

    tuning = Tuning(page_size=source.size, first=2)
    scan = Scan(source, Frontier(within, tuning=tuning, wary=True, **options), receive)
    await scan.run()
    return got, scan
