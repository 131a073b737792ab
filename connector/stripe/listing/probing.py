"""What reading some time is going to take, expected from a few pages of it."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING

from connector.core.planning.expected import OVERHEAD, PAGE, PROBES, Expected, Sounding
from connector.core.planning.survey import Survey
from connector.core.time.intervals import Interval
from connector.running.concurrency import in_turn
from connector.stripe.listing.place import Place
from connector.stripe.listing.query import ListSource

if TYPE_CHECKING:
    from connector.core.time.intervals import Intervals
    from connector.stripe.client import Client
    from connector.stripe.listing.query import Query

SOUNDED = 3
"""Intervals of which pages are asked for: the longest; the others are taken to be like them."""


FEW = 2
"""Pages asked for of an account among several."""


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
    found, sounded = Expected(), 1 if few else SOUNDED
    for part in parts[:sounded]:
        sounding = Sounding(part, FEW if few else PROBES)
        await sound(client, query, sounding)
        found += sounding.expected
    rest, known = (sum(part.seconds for part in some) for some in (parts[sounded:], parts[:sounded]))
    if rest:
        rows = round(found.rows * rest / known)
        requests = max(len(parts) - sounded, ceil(rows / PAGE * OVERHEAD))
        found += Expected(rows, requests, exact=False)
    return found


async def survey(client: Client, query: Query, interval: Interval) -> Survey:
    """Ask for some pages of an interval, many at once, to know where its rows lie.

    Raises:
        ApiError: see `connector.errors`.
    """
    source, found = ListSource(client, query), Survey(interval)

    async def ask(stop: int) -> None:
        page = await source.page(Interval(interval.start, stop), Place(), urgency=lambda: 0.0)
        created = [row["created"] for row in page.rows]
        source.events.received(page, created, pages_left=inf)
        found.take(stop, created, more=page.has_more)

    while stops := found.next_stops():
        await in_turn(stops, ask, at_once=len(stops))
    return found


async def sound(client: Client, query: Query, sounding: Sounding) -> None:
    """Ask for the pages that an interval's sounding wants.

    Raises:
        ApiError: see `connector.errors`.
    """
    source = ListSource(client, query)
    while (stop := sounding.next_stop) is not None:
        page = await source.page(Interval(sounding.interval.start, stop), Place(), urgency=lambda: 0.0)
        created = [row["created"] for row in page.rows]
        source.events.received(page, created, pages_left=inf)
        sounding.take(stop, created, more=page.has_more)
