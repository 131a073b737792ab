"""One window being walked, how dense its rows are, and the choices that windows are planned by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from connector.core.api.page_size import PAGE_SIZE
from connector.core.time.intervals import Interval
from connector.core.units import DAY

if TYPE_CHECKING:
    from connector.core.planning.absence.absence import Doubt


@dataclass(frozen=True, slots=True)
class Tuning:
    """Choices found by simulation. Sizes are in pages.

    Attributes:
        page_size: rows of a full page; smaller when expanded pages are asked for in smaller pieces.
        longest: a window is planned for at most this many; bounds the days that are open at once.
        first: the same, before many pages have been seen.
        shortest: below this a window is not worth its half page.
        last: the same towards the end of a long list, where windows get short.
        share: parts that what is left is planned to be cut into, as a multiple like `most_open`.
        most_open: walks to keep open, as a multiple of the requests in flight that fill the rate.
        excess: a walk with this many times its fair share left gives the rest back.
        patience: pages one walk may be behind all others together before it is split.
        patient: pages received until it may be one more: of a long list much is left, and each part costs half a page.
        lead: pages before a walk would end after all the others from which it goes first.
        slow_start: walks opened before anything is known, where nothing hints at the first row's time, or the time to
            read is short, and a page of it says little of the rest.
        short: seconds that count as such.
        probes: windows opened far down, to learn how dense the rows are there.
        meanwhile: pages of a window at least that is opened until they have answered: what is left seems little then.
        proven: pages a walk has brought before it gives anything back, where one request at a time is all there is.
    """

    page_size: int = PAGE_SIZE
    longest: float = 100
    first: float = 40
    shortest: float = 2
    last: float = 4
    share: float = 1.0
    most_open: float = 1.2
    excess: float = 3
    patience: float = 1
    patient: int = 1_000
    lead: float = 15.0
    slow_start: int = 4
    short: int = 2 * DAY
    probes: int = 6
    meanwhile: float = 10
    proven: int = 8


@dataclass(slots=True)
class Density:
    """A running density of rows in time, older pages counting less.

    A page several times denser than the mean starts it afresh: a burst is not an outlier.
    """

    memory: float
    rows: float = 0.0
    seconds: float = 0.0

    SURPRISE: ClassVar[float] = 4.0

    @property
    def value(self) -> float:
        """Rows per second; 0 when nothing is known."""
        return self.rows / self.seconds if self.seconds else 0.0

    def add(self, rows: int, seconds: int) -> None:
        """Take a page of `rows` rows over `seconds` seconds (at least 1) into account."""
        if rows > self.SURPRISE * self.value * seconds:
            self.rows = self.seconds = 0.0
        self.rows = self.rows * self.memory + rows
        self.seconds = self.seconds * self.memory + seconds


@dataclass(frozen=True, slots=True)
class Left:
    """How many pages are expected in `[start, stop)`."""

    start: int
    stop: int
    pages: float


@dataclass(slots=True, eq=False)
class Walk:
    """One window being walked from its newest second to its oldest, page by page.

    Attributes:
        window: the seconds asked for, `[start, stop)`; the query's bounds, the same for every page.
        floor: the oldest second this walk answers for; rises when the older rest is given back.
        unread: every second at or above this one has been received.
        density: rows per second, as far as this walk has seen.
        planned: rows per second that it was planned for; 0 where nothing was known.
        pages: pages received.
        rows: rows received that it answers for.
        oldest: `created` of the last of them; None before the first.
        gap: seconds of the widest gap before a row of its last page.
        before_gap: rows per second before that page; 0 where nothing was known.
        done: whether nothing is left to ask for.
        doubted: what it is the second witness of, until it has said so; None for the others.
        raised: what of its own end is asked about again; None where that is believed.
        left: what it was last expected to have left; None where a page has come since.
    """

    window: Interval
    floor: int
    unread: int
    density: Density
    planned: float = 0.0
    pages: int = 0
    rows: int = 0
    oldest: int | None = None
    gap: int = 0
    before_gap: float = 0.0
    done: bool = False
    doubted: Doubt | None = None
    raised: Doubt | None = None
    left: Left | None = None

    @property
    def answers_for(self) -> Interval:
        """The seconds whose rows this walk brings; its window's last one where a second witness is to bring them."""
        return Interval(min(self.floor, self.window.stop - 1), self.window.stop)
