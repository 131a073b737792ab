"""Times as people write them, into whole UTC seconds and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from connector.core.intervals import Interval
from connector.errors import UsageError

Time = int | str | date | datetime
"""UTC seconds, an ISO 8601 date or time (`2026-01-31`, `2026-01-31T12:00:00Z`), a date, or an aware datetime."""

END_OF_TIME = 253_402_300_800
"""First second of the year 10000: no row is newer."""


def to_seconds(value: Time, *, name: str) -> int:
    """Return UTC seconds, 0 to `END_OF_TIME`.

    Args:
        value: what was given; without a time zone it is UTC, a date is its first second.
        name: how the reader calls it, for the message.

    Raises:
        UsageError: when it is no such time.
    """
    seconds = _seconds(value, name)
    if not 0 <= seconds <= END_OF_TIME:
        raise UsageError(f"{name} {value} lies outside 1970 to 9999")
    return seconds


def interval_of(since: Time | None, until: Time | None, *, names: tuple[str, str] = ("--since", "--until")) -> Interval:
    """Return the seconds from the one, everything by default, to the other, exclusive.

    Args:
        since: first moment.
        until: moment after the last.
        names: how the reader calls them, for messages.

    Raises:
        UsageError: one is no time, or there is nothing between them.
    """
    start = 0 if since is None else to_seconds(since, name=names[0])
    stop = END_OF_TIME if until is None else to_seconds(until, name=names[1])
    if start >= stop:
        raise UsageError(f"{names[1]} must be later than {names[0]}: {names[0]} is included, {names[1]} is not")
    return Interval(start, stop)


def to_text(seconds: float) -> str:
    """Return `2026-01-31T12:00:00Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _seconds(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str | date):
        raise UsageError(f"{name} must be a time, not {value!r}: UTC seconds, ISO 8601, a date or a datetime")
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdigit() and len(text) > 8:  # noqa: PLR2004 - 20260131 is a date
            return int(text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(
                f"{name} {value!r} is not a time: write 2026-01-31, 2026-01-31T12:00:00Z or UTC seconds"
            ) from error
    elif isinstance(value, datetime):
        moment = value
    else:
        moment = datetime.combine(value, time.min)
    if moment.microsecond:
        raise UsageError(f"{name} {value!r} has a fraction of a second: `created` is in whole seconds")
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
