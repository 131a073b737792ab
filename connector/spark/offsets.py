"""How far a stream has come, as seconds of `created`: by the clock, not by asking. Pure.

A batch is `[last offset, now - settle)`. Spark asks for the latest offset a hundred times a second while nothing
happens, so that it is told of a new one once a minute, and Stripe is asked nothing for it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from connector.core.time.intervals import Interval
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.planning.survey.profile import DensityProfile

STEP = 60
"""Seconds between two offsets: a batch costs some requests, and an account has 10,000 in 30 days."""

SHORT = 3_600
"""Seconds of a batch that is not worth cutting, nor asking how many rows it has."""

_NAME = "created"


def offset(second: int) -> dict[str, int]:
    """Return an offset as Spark keeps it."""
    return {_NAME: second}


def second_of(given: Mapping[str, object]) -> int:
    """Return the second that an offset stands for.

    Raises:
        ConfigError: it is of another source.
    """
    second = given.get(_NAME)
    if not isinstance(second, int):
        raise ConfigError(f"the checkpoint holds {dict(given)!r}, which is no offset of this source: use another one")
    return second


def latest(within: Interval, start: int, *, now: float, settle: int) -> int:
    """Return the offset that a batch may reach; `start` where there is nothing new.

    Args:
        within: seconds that the stream is about.
        start: the last offset.
        now: UTC seconds by the machine's clock.
        settle: seconds before now from which on rows may still come.
    """
    settled = int(now) - settle
    return max(start, min(within.stop, settled - settled % STEP))


def batch(within: Interval, start: int, end: int, *, lateness: int) -> Interval | None:
    """Return the seconds that a batch reads; None for none.

    It begins where the last one ended, also where `since` is said otherwise by now, as `yesterday` is each day.

    Args:
        within: seconds that the stream is about.
        start: the last offset.
        end: the next one.
        lateness: seconds that each batch but the first begins earlier, for rows that became visible later than others.
    """
    if end <= start:
        return None
    return Interval(max(min(within.start, start), start - lateness), end)


def reach(profile: DensityProfile, within: Interval, rows: int) -> int:
    """Return up to where an interval is to be read, for about so many rows; one second at least.

    Args:
        profile: of the rows to expect.
        within: the interval.
        rows: at most, at least 1.
    """
    if profile.rows(within) <= rows:
        return within.stop
    stops = range(within.start + 1, within.stop + 1)
    fitting = bisect_right(stops, rows, key=lambda stop: profile.rows(Interval(within.start, stop)))
    return within.start + max(1, fitting)


def refuse_future(end: int, *, now: int) -> None:
    """Refuse to count seconds as read that have not come yet by Stripe's clock.

    Args:
        end: offset of a batch.
        now: UTC seconds by Stripe's clock.

    Raises:
        ConfigError: the machine's clock is ahead of it by more than `settle`.
    """
    if end > now:
        raise ConfigError(
            f"the clock of this machine is ahead of Stripe's by more than `settle` ({end - now} seconds more): rows"
            " would be left out; set the clock, or a larger `settle`"
        )
