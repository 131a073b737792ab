"""Times as people write them, into whole UTC seconds and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

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
