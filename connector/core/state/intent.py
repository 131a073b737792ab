"""What a run is about to make visible, said before it does: by it, whoever finds such a file knows what it is.

Between a file and the record that names it a process may die, or another may look. The intent says all that the record
would have said of the file, so anybody can record it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from connector.core.state.data_file import DataFile, folder_of
from connector.core.state.newer import newer
from connector.core.state.payouts import Payout  # noqa: TC001 - as above
from connector.core.time.intervals import Interval, Intervals
from connector.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.record import Parts

INTENT_VERSION = 1
"""Version of the shape of intents; a newer one is refused."""


class IntendedFile(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A partition's file that is to become visible, and what its record will say besides.

    Attributes:
        folder: of the partition; a partition has one file.
        file: the file; None where the partition is going to have none.
        replaces: SHA-256 of the file that it takes the place of; None where there is none.
        covered: seconds that are covered once it is visible, as pairs `[start, stop)`.
        parked: paths of the parked files whose rows it holds.
        payouts: those in it, of a file of payouts.
    """

    folder: str
    file: DataFile | None = None
    replaces: str | None = None
    covered: tuple[tuple[int, int], ...] = ()
    parked: tuple[str, ...] = ()
    payouts: tuple[Payout, ...] = ()

    @property
    def sha256(self) -> str | None:
        """Of what the partition is going to hold; None for nothing."""
        return None if self.file is None else self.file.sha256

    def of(self, file: DataFile) -> IntendedFile:
        """Return the entry with the file as it is known by now."""
        return msgspec.structs.replace(self, file=file)

    @property
    def changes_files(self) -> bool:
        """Whether the partition gets another file than it has."""
        return self.sha256 != self.replaces


class Intent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one run is about to make visible of one table and account.

    Attributes:
        intent_version: of this shape.
        table: folder of the records that it is about.
        account: whose rows.
        run: id of the run.
        attempt: counts what the run has said, so that no two of its intents are the same bytes.
        base: number of the record that it goes on from.
        files: what is to become visible, and what may have become so in earlier attempts.
    """

    intent_version: int
    table: str
    account: str
    run: str
    attempt: int
    base: int
    files: tuple[IntendedFile, ...]


def file_in(files: Mapping[str, DataFile], folder: str) -> DataFile | None:
    """Return the file that a state has of a partition; None for none."""
    return next((file for path, file in files.items() if folder_of(path) == folder), None)


def contents(files: Mapping[str, DataFile]) -> dict[str, DataFile]:
    """Return the file that a state has of each partition, by its folder."""
    return {folder_of(path): file for path, file in files.items()}


def with_visible(parts: Parts, visible: Iterable[IntendedFile]) -> Parts:
    """Return the state once these files are visible: each takes the place of its partition's."""
    entries = list(visible)
    if not entries:
        return parts
    taken = {entry.folder for entry in entries if entry.file is not None or entry.replaces is not None}
    files = {path: file for path, file in parts.files.items() if folder_of(path) not in taken}
    files |= {entry.file.path: entry.file for entry in entries if entry.file is not None}
    parked = {path for entry in entries for path in entry.parked}
    read = Intervals.of(Interval(*pair) for entry in entries for pair in entry.covered)
    covered = parts.of("covered").union(read)
    left = {name: parts.of(name).minus(read) for name in ("lacking", "bare")}
    return replace(
        parts,
        files=MappingProxyType(files),
        seconds=MappingProxyType({**parts.seconds, "covered": covered, **left}),
        parked=MappingProxyType({path: file for path, file in parts.parked.items() if path not in parked}),
        payouts=MappingProxyType({**parts.payouts, **{paid.id: paid for entry in entries for paid in entry.payouts}}),
    )


def follows(parts: Parts, intended: IntendedFile) -> bool:
    """Say whether a file was to take the place of exactly what the state has, so that nothing newer would be undone."""
    there = file_in(parts.files, intended.folder)
    return intended.changes_files and intended.replaces == (None if there is None else there.sha256)


def from_json(data: bytes, where: str) -> Intent:
    """Read an intent strictly.

    Args:
        data: its text.
        where: its path, for messages.

    Raises:
        StateError: it is damaged, or newer than this version knows.
    """
    try:
        intent = msgspec.json.decode(data, type=Intent)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StateError(
            f"{where} is damaged ({error}): remove it, and sync with `repair`, which looks at every file"
        ) from error
    if intent.intent_version != INTENT_VERSION:
        raise newer(where, intent.intent_version, INTENT_VERSION)
    return intent
