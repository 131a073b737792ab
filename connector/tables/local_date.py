"""The day that a moment falls on in a place: a row's `created`, which is UTC, as a date on the wall there.

The zone's data are Python's (`zoneinfo`: the system's, else the package `tzdata`), never Arrow's, which looks for the
system's alone; so the same zone gives the same days wherever this runs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from connector.errors import ConfigError, UsageError
from connector.tables.arrow import SECOND
from connector.tables.fields import FIRST_INSTANT, LAST_INSTANT

LOCAL_DATE = pa.field("local_date", pa.date32())
"""The column of such days."""

_SLOT_SECONDS = 900
"""Offsets are looked up once for so many seconds: clocks are set forward and back at quarters of an hour."""

_MARGIN_SECONDS = 2 * 86_400
"""Moments so near to the ends of the years 1 and 9999 take the offset of those ends: Python has no others."""

_DAY_MICROSECONDS = 86_400 * SECOND

_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*[+\u2212-]\s*\d[\d:]*", re.IGNORECASE)
"""How people write an offset from UTC, which is the same in summer and in winter."""


def zone_named(name: object) -> ZoneInfo:
    """Return the time zone of a name such as `Europe/Paris`.

    Raises:
        UsageError: it is no text.
        ConfigError: there is no such zone, or this machine has no data of zones; both name `tzdata`.
    """
    if not isinstance(name, str):
        raise UsageError(f"the time zone is {name!r}: give a name such as 'Europe/Paris'")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # unknown; no name of a file; a folder of zones
        raise ConfigError(_unknown(name)) from error


def local_dates(created: pa.Array, zone: ZoneInfo) -> pa.Array:
    """Return the local date of each moment.

    Args:
        created: moments as `timestamp[us, tz=UTC]`, of whole seconds.
        zone: whose clocks count.
    """
    moments = created.cast(pa.int64())
    slots = _floored(moments, _SLOT_SECONDS)
    starts = [start for start in pc.unique(slots).to_pylist() if start is not None]
    last = (_SLOT_SECONDS - 1) * SECOND
    if any(_offset(start, zone) != _offset(start + last, zone) for start in starts):  # clocks set within a slot
        slots = _floored(moments, 1)
        starts = [start for start in pc.unique(slots).to_pylist() if start is not None]
    offsets = pa.array([_offset(start, zone) for start in starts], pa.int64())
    local = pc.add(moments, offsets.take(pc.index_in(slots, value_set=pa.array(starts, pa.int64()))))
    return pc.divide(_floored(local, 86_400), _DAY_MICROSECONDS).cast(pa.int32()).cast(pa.date32())


def _floored(microseconds: pa.Array, seconds: int) -> pa.Array:
    """Round down to a multiple of so many seconds, before 1970 as well."""
    unit = seconds * SECOND
    rest = pc.subtract(microseconds, pc.multiply(pc.divide(microseconds, unit), unit))
    rest = pc.if_else(pc.less(rest, 0), pc.add(rest, unit), rest)
    return pc.subtract(microseconds, rest)


def _offset(microseconds: int, zone: ZoneInfo) -> int:
    """Return how far the zone's clocks are ahead of UTC at a moment, both in microseconds."""
    second = min(max(microseconds // SECOND, FIRST_INSTANT + _MARGIN_SECONDS), LAST_INSTANT - _MARGIN_SECONDS)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    ahead = moment.astimezone(zone).utcoffset() or timedelta()
    return ahead // timedelta(microseconds=1)


def _unknown(name: str) -> str:
    known = available_timezones()
    if not known:
        return f"the time zone {name!r} is not known: this machine has no data of time zones; pip install tzdata"
    if _OFFSET.fullmatch(name.strip()):
        return f"{name!r} is an offset, and no time zone: a name, such as 'Europe/Paris', knows summer and winter time"
    meant = _meant(name, sorted(known))
    hint = f"; did you mean {meant!r}?" if meant else "; names are such as 'Europe/Paris'."
    return f"there is no time zone {name!r}{hint} If it is right, this machine's data lack it: pip install tzdata"


def _meant(name: str, known: list[str]) -> str | None:
    """Return the zone that a name was probably meant for: a city's, however it is written, else the closest."""
    city = name.strip().replace(" ", "_").lower()
    of_city = [zone for zone in known if city in {zone.lower(), zone.lower().rpartition("/")[2]} and "/" in zone]
    close = of_city or get_close_matches(name, known, n=1)
    return close[0] if close else None
