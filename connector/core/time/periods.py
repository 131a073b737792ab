"""Periods of the calendar in any zone, as half-open stretches of UTC seconds.

A local month begins when the zone's clocks first show its first day, and ends where the next one begins: periods that
follow each other leave no second out and share none, whatever the clocks do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo

from connector.core.time.intervals import Interval
from connector.core.time.times import Time, to_moment, to_seconds
from connector.errors import UsageError

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")
_YEAR = re.compile(r"(\d{4})")

_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""A zone's clocks may be half a day off: one year less at the end than what can be written."""

_MONTHS = 12

MONTHS_OF = {"month": 1, "quarter": 3, "year": _MONTHS}
"""Kinds of periods that have names, with their months."""

HELP = "choose one of `month`, `quarter`, `year`, or `since` and `until`, as in `month=last-month`"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that a statement is about.

    Attributes:
        name: as asked for: `2026-10`, `2026-Q4`, `2026`, or both ends.
        bounds: in UTC seconds.
        zone: whose clocks it goes by, its IANA name.
        clocks: the same, as Python knows it.
    """

    name: str
    bounds: Interval
    zone: str
    clocks: tzinfo

    def local(self, second: int) -> datetime:
        """Return a UTC second as the zone's clocks show it, with the offset."""
        return datetime.fromtimestamp(second, UTC).astimezone(self.clocks)

    def minute(self, second: int) -> str:
        """Return a UTC second as people read it by the zone's clocks: `2026-10-01 00:00 +0200`, or `… UTC`."""
        return self._said(second, "%Y-%m-%d %H:%M")

    def moment(self, second: int) -> str:
        """Return the same to the second."""
        return self._said(second, "%Y-%m-%d %H:%M:%S")

    def _said(self, second: int, form: str) -> str:
        return f"{self.local(second):{form}} {'UTC' if self.zone == 'UTC' else f'{self.local(second):%z}'}"

    def day_of(self, second: int) -> date:
        """Return the local day of a UTC second."""
        return self.local(second).date()

    @property
    def is_named(self) -> bool:
        """Whether it is a month, a quarter or a year of the calendar."""
        return any(pattern.fullmatch(self.name) for pattern in (_MONTH, _QUARTER, _YEAR))

    @property
    def last_day(self) -> date:
        """The local day it ends on; that day is in it, at least in part."""
        return self.day_of(self.bounds.stop - 1)


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """What period was asked for; one of the first three, or `since` with or without `until`.

    Attributes:
        month: `2026-10`, `this-month` or `last-month`.
        quarter: `2026-Q4`, or by today in the same way.
        year: `2026`, or by today in the same way.
        since: first moment; without an offset it is the zone's time.
        until: moment after the last.
    """

    month: str | None = None
    quarter: str | None = None
    year: str | int | None = None
    since: Time | None = None
    until: Time | None = None


def period_of(asked: PeriodChoice, zone: str, clocks: tzinfo, *, now: int) -> Period:
    """Return the period that was asked for.

    Args:
        asked: what was said of it.
        zone: IANA name.
        clocks: the zone.
        now: UTC seconds, where a period ends that has no other end.

    Raises:
        UsageError: it is no period, or none was named, or more than one.
    """
    named = [name for name in ("month", "quarter", "year") if getattr(asked, name) is not None]
    ends = asked.since is not None or asked.until is not None
    if len(named) + ends != 1:
        raise UsageError(f"{'which period? ' if not named and not ends else 'more than one period: '}{HELP}")
    if not named:
        return _between(asked, zone, clocks, now)
    text = str(getattr(asked, named[0])).strip()
    today = datetime.fromtimestamp(now, clocks).date()
    first, months = named_by_today(text, named[0], today) or _READERS[named[0]](text)
    start = start_of_day(first, clocks)
    stop = start_of_day(_later(first, months), clocks)
    name = {1: f"{first:%Y-%m}", 3: f"{first.year}-Q{(first.month + 2) // 3}"}.get(months, f"{first.year}")
    return Period(name, Interval(max(0, start), stop), zone, clocks)


def named_by_today(text: str, kind: str, today: date) -> tuple[date, int] | None:
    """Return the first day and the months of `this-month`, `last-quarter` and their kin; None of another text.

    Args:
        text: as asked for; spaces, dashes and underscores are one.
        kind: `month`, `quarter` or `year`, which `text` has to name.
        today: that they go by.
    """
    which, _, named = re.sub(r"[\s_-]+", "-", text.strip().lower()).partition("-")
    if named != kind or which not in {"this", "last"}:
        return None
    months = MONTHS_OF[kind]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    return (first if which == "this" else _later(first, -months)), months


def start_of_day(day: date, clocks: tzinfo) -> int:
    """Return the UTC second from which the zone's clocks show a day; where that midnight is skipped, what follows.

    Of a midnight that comes twice, the first counts.
    """
    return _utc(datetime.combine(day, time.min), clocks)


def _utc(naive: datetime, clocks: tzinfo) -> int:
    """Return the first UTC second at which the clocks show a time; one that they skip is where they skip it."""
    early, late = sorted(int(naive.replace(tzinfo=clocks, fold=fold).astimezone(UTC).timestamp()) for fold in (0, 1))
    shown = datetime.fromtimestamp(early, UTC).astimezone(clocks).replace(tzinfo=None)
    if early == late or shown == naive:
        return early
    before = datetime.fromtimestamp(early, UTC).astimezone(clocks).utcoffset()
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(clocks).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def _between(asked: PeriodChoice, zone: str, clocks: tzinfo, now: int) -> Period:
    if asked.since is None:
        raise UsageError(f"until what is said, but not since when: {HELP}")
    today = datetime.fromtimestamp(now, clocks).date()
    start = _moment(asked.since, clocks, "since", today)
    stop = now if asked.until is None else _moment(asked.until, clocks, "until", today)
    if start >= stop:
        raise UsageError("`until` must be later than `since`: `since` is included, `until` is not")
    _checked_year(str(datetime.fromtimestamp(stop - 1, UTC).year))
    period = Period("", Interval(start, stop), zone, clocks)
    name = f"{period.local(start).isoformat()}/{period.local(stop).isoformat()}"
    return Period(name, period.bounds, zone, clocks)


def _moment(value: Time, clocks: tzinfo, name: str, today: date) -> int:
    """Return UTC seconds of a time that, without an offset of its own, is the zone's."""
    seconds = to_seconds(value, name=name, today=today)  # refuses what lies outside
    moment = to_moment(value, name=name, today=today)
    return seconds if isinstance(moment, int) or moment.tzinfo else max(0, _utc(moment, clocks))


def _month(text: str) -> tuple[date, int]:
    match = _MONTH.fullmatch(text)
    if not match or not 1 <= int(match[2]) <= _MONTHS:
        raise UsageError(f"{text!r} is not a month: write 2026-10, this-month or last-month")
    return date(_checked_year(match[1]), int(match[2]), 1), 1


def _quarter(text: str) -> tuple[date, int]:
    match = _QUARTER.fullmatch(text)
    if not match:
        raise UsageError(f"{text!r} is not a quarter: write 2026-Q4, this-quarter or last-quarter")
    return date(_checked_year(match[1]), 3 * int(match[2]) - 2, 1), 3


def _year(text: str) -> tuple[date, int]:
    match = _YEAR.fullmatch(text)
    if not match:
        raise UsageError(f"{text!r} is not a year: write 2026, this-year or last-year")
    return date(_checked_year(match[1]), 1, 1), _MONTHS


def _checked_year(text: str) -> int:
    if not _FIRST_YEAR <= int(text) <= _LAST_YEAR:
        raise UsageError(f"{text} is not a year of Stripe's: {_FIRST_YEAR} to {_LAST_YEAR}")
    return int(text)


_READERS = {"month": _month, "quarter": _quarter, "year": _year}


def _later(first: date, months: int) -> date:
    """Return the first day of a month so many months later."""
    count = first.year * _MONTHS + first.month - 1 + months
    return date(count // _MONTHS, count % _MONTHS + 1, 1)


def as_date(second: int, clocks: tzinfo) -> int:
    """Return when a date that Stripe gives as a UTC midnight begins in a zone; any other time stays as it is.

    Stripe's `arrival_date` is a day, written as its first second in UTC: where clocks are behind, that second is still
    the day before (docs.stripe.com/api/payouts/object#payout_object-arrival_date).
    """
    at = datetime.fromtimestamp(second, UTC)
    return second if at.time() != time.min else start_of_day(at.date(), clocks)
