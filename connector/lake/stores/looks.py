"""What was just seen of a lake's own folder, so that a run which looks at it ten times at its beginning asks once.

A listing is used again for a moment, and not beyond a put or a delete of ours: whoever looks may see what was there a
second ago, as with a slow network. Records of the state are written once, so one that was read stays as it is; whether
there is a later one is asked each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from connector.lake.paths import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.lake.stores.conditions import Content

LOOK_SECONDS = 1.0
"""How long a listing is used again."""

MOST_RECORDS = 512
"""Records that are kept; the first to come are the first to go."""

_RECORD = re.compile(rf"{STATE}/state/.+/\d{{14}}\.json")

FILES, FOLDERS = "files", "folders"
"""Kinds of listings: files below a folder; paths of the folders in it."""

T = TypeVar("T")


@dataclass(slots=True)
class Looks:
    """Listings of a moment, and records.

    Attributes:
        now: seconds of a clock that does not go back.
    """

    now: Callable[[], float]
    _listings: dict[tuple[str, str], tuple[float, Sequence[object]]] = field(
        default_factory=dict[tuple[str, str], tuple[float, "Sequence[object]"]]
    )
    _records: dict[str, Content] = field(default_factory=dict[str, "Content"])
    _changes: int = 0

    def listing(self, kind: str, prefix: str, ask: Callable[[], Sequence[T]]) -> Sequence[T]:
        """Return a listing of the lake's own folder, perhaps one of just now; of other folders always a new one.

        Args:
            kind: `FILES` or `FOLDERS`.
            prefix: of the folder.
            ask: reads it.
        """
        if prefix != STATE and not prefix.startswith(f"{STATE}/"):
            return ask()
        known = self._known(kind, prefix)
        if known is not None or self._is_absent(prefix):
            return cast("Sequence[T]", known or ())
        changes, began = self._changes, self.now()
        found = ask()
        if changes == self._changes:
            self._listings[kind, prefix] = (began, found)
        return found

    def _known(self, kind: str, prefix: str) -> Sequence[object] | None:
        """Return a listing of just now, if there was one."""
        at, known = self._listings.get((kind, prefix), (float("-inf"), None))
        return known if self.now() - at <= LOOK_SECONDS else None

    def _is_absent(self, prefix: str) -> bool:
        """Say whether a folder, or one above it, was just seen not to be there."""
        while prefix != STATE:
            parent = prefix.rpartition("/")[0]
            folders = self._known(FOLDERS, parent)
            if folders is not None and prefix not in folders:
                return True
            prefix = parent
        return False

    def content(self, path: str, ask: Callable[[], Content | None]) -> Content | None:
        """Return a file's content; of a record that was read before, that one."""
        if not _RECORD.fullmatch(path):
            return ask()
        if path not in self._records and (found := ask()) is not None:
            while len(self._records) >= MOST_RECORDS:
                self._records.pop(next(iter(self._records)), None)
            self._records[path] = found
        return self._records.get(path)

    def changed(self, path: str) -> None:
        """Take note that a file may have been put or deleted, by us or by somebody who came before."""
        self._changes += 1
        self._records.pop(path, None)
        for (kind, prefix), (_, found) in list(self._listings.items()):
            if path.startswith(f"{prefix}/") and not (kind == FOLDERS and _names_folder_of(found, prefix, path)):
                self._listings.pop((kind, prefix), None)


def _names_folder_of(found: Sequence[object], prefix: str, path: str) -> bool:
    """Say whether a listing of the folders in a folder is not changed by a put or a delete."""
    inner, slash, _ = path.removeprefix(f"{prefix}/").partition("/")
    return not slash or f"{prefix}/{inner}" in found
