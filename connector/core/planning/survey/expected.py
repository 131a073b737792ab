"""What a run is going to read, expected from a few pages: for people who want to know before."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from connector.core.api.page_size import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.time.intervals import Interval

PROBES = 6
"""Pages asked for at most, of each interval."""

BURST = 600
"""Seconds in which a page's rows say nothing of the time around them, where there are none on one side."""

OVERHEAD = 1.03
"""Requests of a run, over its rows by pages: half a page is lost at the end of each window."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What reading is going to take.

    Attributes:
        rows: to be read, those that the lake has already among them.
        requests: to read them.
        probes: requests that it took to know.
        exact: whether the pages asked for were all there is, and nothing is extrapolated.
    """

    rows: int = 0
    requests: int = 0
    probes: int = 0
    exact: bool = True

    def __add__(self, other: Expected) -> Expected:
        return Expected(
            self.rows + other.rows,
            self.requests + other.requests,
            self.probes + other.probes,
            exact=self.exact and other.exact,
        )


@dataclass(frozen=True, slots=True)
class NewestPage:
    """A newest page of an interval, with rows.

    Attributes:
        stop: second before which its rows are.
        rows: how many it has.
        newest: `created` of its newest row.
        oldest: `created` of its oldest row.
        more: whether there are older ones in the interval.
    """

    stop: int
    rows: int
    newest: int
    oldest: int
    more: bool

    @property
    def density(self) -> float:
        """Rows per second."""
        return self.rows / max(1, self.stop - self.oldest)

    @property
    def density_within(self) -> float:
        """Rows per second from its oldest row to its newest, taken to be `BURST` seconds apart at least."""
        return self.rows / max(1, self.newest + 1 - self.oldest, min(BURST, self.stop - self.oldest))


@dataclass(slots=True)
class CountSurvey:
    """Asks for pages of an interval until it is known about how many rows it has.

    Each page is asked for halfway between the oldest row seen and the second before which nothing is known to be.

    Attributes:
        interval: `[start, stop)` of `created`.
        most: pages to ask for at most.
        asked: how many pages have come.
    """

    interval: Interval
    most: int = PROBES
    asked: int = field(init=False, default=0)
    _pages: list[NewestPage] = field(default_factory=list[NewestPage])
    _floor: int = field(init=False)

    def __post_init__(self) -> None:
        self._floor = self.interval.start

    def next_stops(self) -> tuple[int, ...]:
        """Return the second before which to ask for a page of the interval; none when there is nothing more to ask."""
        if not self.asked:
            return (self.interval.stop,)
        if not self._pages or not self._pages[-1].more or self.asked >= self.most:
            return ()
        middle = (self._pages[-1].oldest + self._floor) // 2
        return (middle,) if self._floor < middle < self._pages[-1].oldest else ()

    def take(self, stop: int, rows: Sequence[int], *, more: bool) -> None:
        """Take the page that was asked for.

        Args:
            stop: second before which it was.
            rows: `created` of its rows, newest first.
            more: whether the list goes on in the interval.
        """
        self.asked += 1
        if not rows:
            self._floor = stop
            return
        self._pages.append(NewestPage(stop, len(rows), rows[0], rows[-1], more))

    @property
    def expected(self) -> Expected:
        """What was seen, and between two pages as many rows a second as on both, on average; thinning out to none."""
        seen, guessed = sum(page.rows for page in self._pages), 0.0
        for position, page in enumerate(self._pages):
            if page.more:
                after = self._pages[position + 1] if position + 1 < len(self._pages) else None
                stop, density = (after.stop, after.density) if after else (self._floor, self._below(page))
                guessed += max(0, page.oldest - stop) * (page.density + density) / 2
        rows = seen + round(guessed)
        exact = not any(page.more for page in self._pages)
        requests = max(1, ceil(rows / PAGE_SIZE * (1 if exact else OVERHEAD)))
        return Expected(rows, requests, self.asked, exact=exact)

    def _below(self, page: NewestPage) -> float:
        """Return the density to expect at the floor: none where nothing was found before it, else as on the page."""
        return 0.0 if self._floor > self.interval.start else page.density
