"""Times as people write them, into whole UTC seconds and back."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from operator import index
from typing import TYPE_CHECKING, cast

from connector.core.time.intervals import Interval
from connector.errors import UsageError

if TYPE_CHECKING:
    from typing import SupportsIndex

Time = int | str | date | datetime
"""UTC seconds, an ISO 8601 date or time (`2026-01-31`, `2026-01-31T12:00:00+01:00`), a date or a datetime; a month
(`2026-01`), a year or one of `WORDS`, which stand for their first second."""

WORDS = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year", "last-year")
"""Days, weeks (from Monday), months and years that are named by today's date."""

EXAMPLES = "2026-01-31, 2026-01, 2026-01-31T12:00:00+01:00, yesterday, last-month or UTC seconds"

END_OF_TIME = 253_402_300_800
"""First second of the year 10000: no row is newer."""

START_OF_STRIPE, END_OF_STRIPE = 1_293_840_000, 4_102_444_800
"""UTC seconds, 2011 to 2100: a number that says one of these moments in another unit is taken for one that does."""

_AGO = re.compile(r"-?\s*([0-9]{1,6})\s*([dw])(?:ays?|eeks?)?(?:\s*ago)?")

START_OF_TIME = -62_135_596_800
"""First second of the year 1: Python and SQL engines know no moment before it."""


def to_seconds(value: Time, *, name: str, today: date | None = None) -> int:
    """Return UTC seconds, 0 to `END_OF_TIME`.

    Args:
        value: what was given; without a time zone it is UTC, a date is its first second.
        name: how the reader calls it, for the message.
        today: the UTC day that words go by; without it they are refused.

    Raises:
        UsageError: when it is no such time.
    """
    moment = to_moment(value, name=name, today=today)
    if isinstance(moment, int):
        seconds = moment
    else:
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if not 0 <= seconds <= END_OF_TIME:
        raise UsageError(f"`{name}` {value} lies outside 1970 to 9999{_in_fractions(seconds)}")
    return seconds


def interval_of(
    since: Time | None,
    until: Time | None,
    *,
    names: tuple[str, str] = ("since", "until"),
    today: date | None = None,
) -> Interval:
    """Return the seconds from the one, everything by default, to the other, exclusive.

    Args:
        since: first moment.
        until: moment after the last.
        names: how the reader calls them, for messages.
        today: see `to_seconds`.

    Raises:
        UsageError: one is no time, or there is nothing between them.
    """
    start = 0 if since is None else to_seconds(since, name=names[0], today=today)
    stop = END_OF_TIME if until is None else to_seconds(until, name=names[1], today=today)
    if start >= stop:
        raise UsageError(
            f"`{names[1]}` must be later than `{names[0]}`: `{names[0]}` is included, `{names[1]}` is not, and a day,"
            " month or year stands for its first moment"
        )
    return Interval(start, stop)


def to_words(second: int) -> str:
    """Return `2026-01-31 12:00:00 UTC`, as people read it on every screen."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S} UTC"


def to_date(second: int) -> date:
    """Return the UTC day of a second."""
    return datetime.fromtimestamp(second, UTC).date()


def in_words(text: str) -> str:
    """Return what `to_text` gave as people read it; any other text as it is."""
    try:
        return to_words(to_seconds(text, name="time"))
    except UsageError:
        return text


def to_text(seconds: float) -> str:
    """Return `2026-01-31T12:00:00Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def to_moment(value: object, *, name: str, today: date | None) -> int | datetime:
    """Return what was given as UTC seconds, or as a time in whole seconds, without a zone where it has none.

    Raises:
        UsageError: when it is no such time.
    """
    if not isinstance(value, bool | date | str):
        with suppress(TypeError):
            value = index(cast("SupportsIndex", value))  # numpy's whole numbers, which are no int
    # pandas' NaT is a datetime that differs from itself
    if isinstance(value, bool) or not isinstance(value, int | str | date) or value != value:  # noqa: PLR0124 - see above
        raise UsageError(f"`{name}` must be a time, not {value!r}: {EXAMPLES}, a date or a datetime")
    if isinstance(value, int):
        if written := _date_like(value):
            raise UsageError(
                f"`{name}` {value} as a number is UTC seconds, {to_words(value)}: write '{written}', as a text"
            )
        return value
    moment = _read(value, name, today) if isinstance(value, str) else value
    if isinstance(moment, int):
        return moment
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    if moment.microsecond:
        raise UsageError(f"`{name}` {value!r} has a fraction of a second: `created` is in whole seconds")
    return moment


def _read(value: str, name: str, today: date | None) -> int | date:
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) > 8:  # noqa: PLR2004 - 20260131 is a date
        return int(text)
    word = re.sub(r"[\s_-]+", "-", text.lower())
    if word in WORDS:
        if today is None:
            raise UsageError(f"`{name}` {value!r} goes by the day it is, which is not known here: write a date")
        return _day_of(word, today)
    month = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?", text)
    try:
        return date(int(month[1]), int(month[2] or 1), 1) if month else datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"`{name}` {value!r} is not a time: {_ago(text, today)}write {EXAMPLES}") from error


def _date_like(number: int) -> str:
    """Return the date, month or year that a number is written like: as seconds it would be a day of 1970."""
    digits = str(number)
    for form, shown in (("%Y%m%d", "%Y-%m-%d"), ("%Y%m", "%Y-%m"), ("%Y", "%Y")):
        with suppress(ValueError):
            day = datetime.strptime(digits, form).replace(tzinfo=UTC)
            if f"{day:{form}}" == digits and START_OF_STRIPE <= day.timestamp() < END_OF_STRIPE:
                return f"{day:{shown}}"
    return ""


def _in_fractions(number: int) -> str:
    """Say of a number that it is one of milliseconds, or of less, where it probably is."""
    for unit, many in (("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)):
        if START_OF_STRIPE <= number // many < END_OF_STRIPE:
            return f": it looks like {unit}, and as seconds it is {number // many}"
    return ""


def _ago(text: str, today: date | None) -> str:
    """Say how a time is written that was given as so many days or weeks, back from today."""
    match = _AGO.fullmatch(text.lower())
    if match is None or today is None:
        return ""
    days = int(match[1]) * (7 if match[2] == "w" else 1)
    day = date.fromordinal(max(date(1970, 1, 1).toordinal(), today.toordinal() - days))
    return f"times are not relative, {days:,} days ago is {day.isoformat()}; "


def _day_of(word: str, today: date) -> date:
    """Return the first day of what one of `WORDS` names."""
    one_day = timedelta(days=1)
    if word in {"today", "yesterday"}:
        return today if word == "today" else today - one_day
    which, _, span = word.partition("-")

    def first(day: date) -> date:
        if span == "week":
            return day - day.weekday() * one_day
        return day.replace(day=1) if span == "month" else day.replace(month=1, day=1)

    return first(today) if which == "this" else first(first(today) - one_day)
