"""When a test takes place: a present in which no day ends, and stores whose clock is ahead of the machine's."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from connector.config.destination import Destination
from connector.core.units import DAY
from connector.lake.stores.base import open_store
from connector.lake.stores.local import LocalStore

if TYPE_CHECKING:
    from connector.lake.paths import FileInfo


UNDISTURBED_SECONDS = 3_600
"""For which a world of the present stays on one day of UTC: many rows become available when one begins."""


def present() -> int:
    """Return the time, in UTC seconds; up to an hour less where a day would end within the next one."""
    now = int(time.time())
    return min(now, (now // DAY + 1) * DAY - UNDISTURBED_SECONDS)


class Dating:
    """Makes a store whose clock is ahead: what is written here was changed then, for all who look through one."""

    def of(self, dates: dict[str, int], now: float) -> Any:
        object.__setattr__(self, "dates", dates)
        object.__setattr__(self, "ahead", int(now * 1e9))
        return self

    def write(self: Any, path: str, data: bytes, **condition: Any) -> str:
        version = super().write(path, data, **condition)
        self.dates[path] = self.ahead
        return version

    def info(self: Any, path: str) -> FileInfo | None:
        found = super().info(path)
        return found if found is None else replace(found, changed=self.dates.get(path, found.changed))


class Dated(Dating, LocalStore):
    """A folder whose clock is ahead."""


def dated(destination: Any, now: float) -> Destination:
    """The same destination, of which the store's clock says that it is then, in UTC seconds."""
    store: Any = open_store(destination)
    kind = type("DatedStore", (Dating, type(store)), {})
    ahead = kind(*(getattr(store, one.name) for one in fields(store) if one.init)).of({}, now)
    place = Destination(str(destination))
    place.once(lambda: ahead)
    return place


def later(monkeypatch: Any, destination: Any, days: float) -> Destination:
    """The same destination some days later, by the machine's clock and by the store's."""
    at = time.time() + days * DAY
    monkeypatch.setattr(time, "time", lambda: at)
    return dated(destination, at)
