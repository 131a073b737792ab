"""The clocks that a statement goes by."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from connector.errors import ConfigError
from connector.tables.local_date import zone_named

if TYPE_CHECKING:
    from datetime import tzinfo

UTC_NAMES = frozenset({"UTC", "Etc/UTC"})


def clocks_of(name: str) -> tzinfo:
    """Return the clocks of a zone; UTC needs no data of zones.

    Raises:
        ConfigError: there is no such zone, or the machine has no data of zones; names the package `tzdata`.
    """
    try:
        return zone_named(name)
    except ConfigError:
        if name in UTC_NAMES:
            return UTC
        raise
