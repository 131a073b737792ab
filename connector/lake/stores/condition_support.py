"""Whether a bucket's store heeds the conditions of puts: asked before the first such put, and remembered in the lake.

It is asked by an object whose bytes are always the same, so that a store that takes it all the same does no harm by it.
That it refuses is remembered for a day, under the name of the store that it is true of: of a lake that was copied to
another one it is asked again.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from connector.core.units import DAY
from connector.errors import StorageError
from connector.lake.paths import STATE
from connector.lake.stores.folder_cache import FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.lake.stores.bucket import Bucket
    from connector.lake.stores.folder_cache import FolderCache

PROBE = f"{STATE}/conditions.json"
"""What is put to find out: always the same bytes, so that no put of it does harm."""

PROBE_TEXT = b'{"what": "put again and again under conditions that do not hold: a store that takes it is not used"}\n'

REMEMBERED = f"{STATE}/conditions"
"""Where it is remembered."""

REMEMBERED_SECONDS = DAY
"""So two small requests a day for each kind of condition find out a store that has stopped heeding it."""


@dataclass(frozen=True, slots=True)
class ConditionSupport:
    """What a store does with conditions.

    Attributes:
        bucket: the store.
        cache: what was just seen of the lake's own folder.
        utc: UTC seconds.
    """

    bucket: Bucket
    cache: FolderCache
    utc: Callable[[], float] = time.time
    _known: dict[bool, bool] = field(init=False, repr=False, default_factory=dict[bool, bool])
    _asking: Lock = field(init=False, repr=False, default_factory=Lock)

    @property
    def unheeded(self) -> bool:
        """Whether the store is known not to heed one of the conditions."""
        return not all(self._known.values())

    def heeds(self, *, replacing: bool) -> bool:
        """Say whether the store heeds a condition; asks it at most once.

        Args:
            replacing: whether something is to be replaced; else there is to be nothing.

        Raises:
            StorageError: it cannot be asked.
        """
        with self._asking:
            if replacing not in self._known:
                self._known[replacing] = self._is_remembered(replacing) or self._asked(replacing)
            return self._known[replacing]

    def _is_remembered(self, replacing: bool) -> bool:  # noqa: FBT001 - as `heeds` has it
        where = self._where(replacing)
        objects = self.cache.listing(FILES, REMEMBERED, lambda: list(self.bucket.list(REMEMBERED)))
        at = next((listed.modified for listed in objects if listed.path == where), 0) / 1e9
        return 0 <= self.utc() - at < REMEMBERED_SECONDS

    def _asked(self, replacing: bool) -> bool:  # noqa: FBT001 - as above
        heeds = self._refuses_versions() if replacing else self._refuses_presence()
        if heeds:
            with suppress(StorageError):  # then it is asked again
                self.bucket.overwrite(self._where(replacing), PROBE_TEXT)
            self.cache.changed(self._where(replacing))
        return heeds

    def _refuses_presence(self) -> bool:
        return any(
            self.bucket.is_refused(PROBE, PROBE_TEXT, replaces=None) for _ in range(2)
        )  # the first may create it

    def _refuses_versions(self) -> bool:
        return self.bucket.is_refused(PROBE, PROBE_TEXT, replaces=self.bucket.nobodys)

    def _where(self, replacing: bool) -> str:  # noqa: FBT001 - as above
        told = self.bucket.access()
        address = f"{told.get('endpoint') or told.get('base_url')} {self.bucket.url}"
        store = hashlib.sha256(address.encode()).hexdigest()[:12]
        return f"{REMEMBERED}/{'version' if replacing else 'absence'}-{store}.json"
