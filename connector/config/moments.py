"""Times as callers give them, some of which go by today's date: the clock is looked at here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.core.time.times import interval_of, to_date, to_seconds

if TYPE_CHECKING:
    from datetime import date

    from connector.core.time.intervals import Interval
    from connector.core.time.times import Time


def seconds_given(value: Time, *, name: str) -> int:
    """Return UTC seconds: `to_seconds`, by today's UTC date."""
    return to_seconds(value, name=name, today=datetime.now(UTC).date())


def day_given(value: str | date | None) -> str | date | None:
    """Return the UTC day that `today` or `yesterday` is; anything else as it is."""
    if not isinstance(value, str) or value.strip().lower() not in {"today", "yesterday"}:
        return value
    return to_date(seconds_given(value, name="arrives"))


def interval_given(since: Time | None, until: Time | None, *, names: tuple[str, str] = ("since", "until")) -> Interval:
    """Return the seconds between two times: `interval_of`, by today's UTC date."""
    return interval_of(since, until, names=names, today=datetime.now(UTC).date())
