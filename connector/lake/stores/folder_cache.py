"""What was just seen of a lake's own folder, so that a run which looks at it ten times at its beginning asks once.

The folder is listed as a whole, once, unless it holds too much for that: then folder by folder. A listing is used again
for a moment, and not beyond a put or a delete of ours: whoever looks may see what was there a second ago, as with a
slow network; who meets a file that is another than that says has it forgotten. Records of the state are written once,
so one that was read, or written, stays as it is; that there is no later one is remembered for a moment, too. Who has to
know it as of now asks for the version, which never is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from connector.lake.paths import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.lake.stores.conditions import Content

LOOK_SECONDS = 1.0
"""How long a listing is used again."""

MOST_LISTED = 2_000
"""Files in the lake's own folder up to which it is listed as a whole: two requests."""

MOST_RECORDS = 512
"""Records that are kept; the first to come are the first to go."""

_ABOUT = f"{STATE}/lake.json"
"""What a lake says of itself: asked for again and again while it begins, and put under conditions."""

_RECORD = re.compile(rf"{STATE}/state/.+/\d{{14}}\.json")

FILES, FOLDERS = "files", "folders"
"""Kinds of listings: files below a folder; paths of the folders in it."""

T = TypeVar("T")


class HasPath(Protocol):
    """A file that is listed."""

    @property
    def path(self) -> str:
        """Its path in the lake."""
        ...


@dataclass(frozen=True, slots=True)
class FolderListing:
    """All files below the lake's own folder, as they were at a moment.

    Attributes:
        at: when that was.
        files: in order of path.
        changed: paths of which that may not be so any more.
    """

    at: float
    files: Sequence[HasPath]
    changed: set[str] = field(default_factory=set[str])

    def listing(self, kind: str, prefix: str) -> Sequence[object] | None:
        """Return what is listed below a folder; None where something has changed there."""
        below = f"{prefix}/"
        if kind == FILES:
            return None if any(path.startswith(below) for path in self.changed) else self._below(below)
        paths = (
            *(file.path for file in self._below(below)),
            *(path for path in self.changed if path.startswith(below)),
        )
        inner = (path.removeprefix(below).partition("/") for path in paths)
        return sorted({f"{below}{name}" for name, slash, _ in inner if slash})  # perhaps one that once had a file

    def _below(self, below: str) -> list[HasPath]:
        return [file for file in self.files if file.path.startswith(below)]


@dataclass(slots=True)
class FolderCache:
    """Listings of a moment, and records.

    Attributes:
        now: seconds of a clock that does not go back.
        whole: reads all files below the lake's own folder, in order of path; None where there are too many.
    """

    now: Callable[[], float]
    whole: Callable[[int], Sequence[HasPath] | None] = lambda _most: None
    _listings: dict[tuple[str, str], tuple[float, Sequence[object]]] = field(
        default_factory=dict[tuple[str, str], tuple[float, "Sequence[object]"]]
    )
    _records: dict[str, Content] = field(default_factory=dict[str, "Content"])
    _absent: dict[str, float] = field(default_factory=dict[str, float])
    _said: tuple[float, Content | None] = (float("-inf"), None)
    _walk: FolderListing | None = None
    _is_large: bool = False
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
        if known is None and not self._is_absent(prefix):
            known = self._walked(kind, prefix)
            if known is None:
                return self._asked(kind, prefix, ask)
        return cast("Sequence[T]", known or ())

    def _walked(self, kind: str, prefix: str) -> Sequence[object] | None:
        """Return a listing out of that of the whole folder; None where that does not tell."""
        if self._is_large:
            return None
        if self._walk is None or self.now() - self._walk.at > LOOK_SECONDS:
            changes, began = self._changes, self.now()
            objects = self.whole(MOST_LISTED)
            if objects is None:
                self._is_large = True
                return None
            if changes != self._changes:
                return None
            self._walk = FolderListing(began, objects)
        return self._walk.listing(kind, prefix)

    def _asked(self, kind: str, prefix: str, ask: Callable[[], Sequence[T]]) -> Sequence[T]:
        """Ask for a listing, and remember it unless something has changed meanwhile."""
        changes, began = self._changes, self.now()
        listing = ask()
        if changes == self._changes:
            self._listings[kind, prefix] = (began, listing)
        return listing

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
        """Return a file's content; of a record that was read before, that one; of one that was just not there, none.

        What a lake says of itself is known for a moment after we have put it, and none while a walk does not show it.
        """
        if path == _ABOUT:
            return self._about(ask)
        if not _RECORD.fullmatch(path):
            return ask()
        if path in self._records:
            return self._records[path]
        if self.now() - self._absent.get(path, float("-inf")) <= LOOK_SECONDS:
            return None
        changes, began = self._changes, self.now()
        there = ask()
        if there is not None:
            self._keep(path, there)
        elif changes == self._changes:
            self._absent[path] = began
        return there

    def _about(self, ask: Callable[[], Content | None]) -> Content | None:
        at, content = self._said
        if content is not None and self.now() - at <= LOOK_SECONDS:
            return content
        walk = self._walk
        if walk is None or self.now() - walk.at > LOOK_SECONDS or _ABOUT in walk.changed:
            return ask()
        return ask() if any(file.path == _ABOUT for file in walk.files) else None

    def written(self, path: str, content: Content) -> None:
        """Take note of a record, or what a lake says of itself, just written by us; of other files nothing is kept."""
        if path == _ABOUT:
            self._said = (self.now(), content)
        if _RECORD.fullmatch(path):
            self._keep(path, content)

    def forget(self) -> None:
        """Use no listing again, nor that something was not there."""
        self._changes += 1
        self._absent.clear()
        self._listings.clear()
        self._said = (float("-inf"), None)
        self._walk = None

    def there(self, path: str) -> None:
        """Take note that a file is there, whatever was seen before."""
        self._absent.pop(path, None)

    def _keep(self, path: str, content: Content) -> None:
        while len(self._records) >= MOST_RECORDS:
            self._records.pop(next(iter(self._records)), None)
        self._records[path] = content

    def changed(self, path: str) -> None:
        """Take note that a file may have been put or deleted, by us or by somebody who came before."""
        self._changes += 1
        self._records.pop(path, None)
        self._absent.pop(path, None)
        if path == _ABOUT:
            self._said = (float("-inf"), None)
        if self._walk is not None:
            self._walk.changed.add(path)
        for (kind, prefix), (_, listing) in list(self._listings.items()):
            if path.startswith(f"{prefix}/") and not (kind == FOLDERS and _names_folder_of(listing, prefix, path)):
                self._listings.pop((kind, prefix), None)


def _names_folder_of(folders: Sequence[object], prefix: str, path: str) -> bool:
    """Say whether a listing of the folders in a folder is not changed by a put or a delete."""
    inner, slash, _ = path.removeprefix(f"{prefix}/").partition("/")
    return not slash or f"{prefix}/{inner}" in folders
