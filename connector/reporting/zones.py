"""Time zones by their IANA names."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from connector.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

UTC_NAMES = frozenset({"UTC", "Etc/UTC"})


def zone_named(name: str) -> tzinfo:
    """Return the clocks of a zone.

    Raises:
        UsageError: there is no such zone.
        ConfigError: the machine has no data of any zone; says how to get it.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        if name in UTC_NAMES:
            from datetime import UTC  # noqa: PLC0415 - only where there is no data of zones

            return UTC
        if not _any_data():
            raise ConfigError(
                f"this machine has no time zone data, so {name} means nothing here: install the package `tzdata` "
                "(`pip install tzdata`, or the system's), or leave the zone out for UTC"
            ) from error
        raise UsageError(
            f"there is no time zone {name!r}: use a name such as Europe/Paris or America/New_York"
        ) from error


def _any_data() -> bool:
    """Say whether zones can be read at all; a few that every collection has are tried."""
    for name in ("Europe/Paris", "America/New_York", "UTC"):
        try:
            zoneinfo.ZoneInfo.no_cache(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            continue
        return True
    return False
