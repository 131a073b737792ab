"""What reading some time is going to take, expected from a few pages of it."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING, Protocol

from connector.core.api.page_size import PAGE_SIZE
from connector.core.planning.survey.expected import OVERHEAD, PROBES, CountSurvey, Expected
from connector.core.planning.survey.survey import DensitySurvey
from connector.core.time.intervals import Interval
from connector.running.concurrency import in_turn
from connector.stripe.listing.place import Place
from connector.stripe.listing.query import ListSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.time.intervals import Intervals
    from connector.stripe.client import Client
    from connector.stripe.listing.query import Query

SURVEYED = 3
"""Intervals of which pages are asked for: the longest; the others are taken to be like them."""

FEW = 2
"""Pages asked for of an account among several."""


class _Survey(Protocol):
    """Says which pages of an interval to ask for, by those that came."""

    @property
    def interval(self) -> Interval: ...

    def next_stops(self) -> Sequence[int]: ...

    def take(self, stop: int, rows: Sequence[int], *, more: bool) -> None: ...


async def expect(client: Client, query: Query, todo: Intervals, *, begun: int, now: int, few: bool) -> Expected:
    """Ask for a few pages, and say about how many rows and requests there are.

    Args:
        client: whom to ask.
        query: what is to be read.
        todo: seconds of `created`.
        begun: second before which no row is expected; 0 where that is not known.
        now: UTC seconds; no row is expected after it.
        few: whether to ask for two pages only, of the longest interval: there are other accounts.

    Raises:
        ApiError: see `connector.errors`.
    """
    if begun >= now:
        return Expected()
    parts = sorted(todo.within(Interval(max(0, begun), now)), key=lambda part: -part.seconds)
    expected, surveyed = Expected(), 1 if few else SURVEYED
    for part in parts[:surveyed]:
        counted = CountSurvey(part, FEW if few else PROBES)
        await _ask_pages(client, query, counted)
        expected += counted.expected
    rest, known = (sum(part.seconds for part in some) for some in (parts[surveyed:], parts[:surveyed]))
    if rest:
        rows = round(expected.rows * rest / known)
        requests = max(len(parts) - surveyed, ceil(rows / PAGE_SIZE * OVERHEAD))
        expected += Expected(rows, requests, exact=False)
    return expected


async def survey(client: Client, query: Query, interval: Interval) -> DensitySurvey:
    """Ask for some pages of an interval, many at once, to know where its rows lie.

    Raises:
        ApiError: see `connector.errors`.
    """
    density_survey = DensitySurvey(interval)
    await _ask_pages(client, query, density_survey)
    return density_survey


async def _ask_pages(client: Client, query: Query, wanted: _Survey) -> None:
    """Ask for the pages that a survey wants, those of a round at once, until it wants no more."""
    source = ListSource(client, query)

    async def ask(stop: int) -> None:
        page = await source.page(Interval(wanted.interval.start, stop), Place(), urgency=lambda: 0.0)
        created = [row["created"] for row in page.rows]
        source.events.received(page, created, pages_left=inf)
        wanted.take(stop, created, more=page.has_more)

    while stops := wanted.next_stops():
        await in_turn(stops, ask, at_once=len(stops))
