"""Whether data files are still as they were written: of the ones a record names, and of all that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from connector.errors import StorageError
from connector.lake.stores.disk import at_disk, sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from connector.core.state.unnamed import Unnamed
    from connector.lake.stores.base import Store


class Recorded(Protocol):
    """A data file as a state or a record names it: see `DataFile`."""

    @property
    def path(self) -> str:
        """Where it is, relative to the destination."""
        ...

    @property
    def bytes(self) -> int:
        """Its size."""
        ...

    @property
    def sha256(self) -> str:
        """Of its bytes, in hexadecimal."""
        ...


F = TypeVar("F", bound=Recorded)


@dataclass(frozen=True, slots=True, order=True)
class FileDifference:
    """A data file that is not as its record says.

    Attributes:
        path: relative to the destination.
        kind: `changed`, `missing`, or `extra`: a file no record names, which readers that glob take too.
    """

    path: str
    kind: Literal["changed", "missing", "extra"]


def beside_unnamed(differences: Iterable[FileDifference], unnamed: Iterable[Unnamed]) -> tuple[FileDifference, ...]:
    """Return the differences of files that a record names, and those it does not name under whatever name they have."""
    changed = [difference for difference in differences if difference.kind != "extra"]
    return tuple(sorted([*changed, *(FileDifference(unnamed_file.shown, "extra") for unnamed_file in unnamed)]))


def changed_files(store: Store, files: Iterable[F], *, full: bool = True) -> list[F]:
    """Return the files that are gone, of another size, or, when `full`, of other bytes than written. Blocks.

    A run that was killed between a file and its record leaves such a file, too.

    Raises:
        StorageError: when the destination cannot be read.
    """
    return [file for file in files if not _as_written(store, file, full=full)]


def differences(
    store: Store,
    folder: str,
    files: Mapping[str, Recorded],
    *,
    full: bool = False,
    since: int | None = None,
    trusted: Collection[str] = (),
) -> list[FileDifference]:
    """Compare a folder with the files it should hold, by existence and size. Blocks.

    A listing may not show a new file yet, so a file that it lacks is looked for by its name.

    Args:
        store: the destination.
        folder: where to look.
        files: those it should hold, by path.
        full: compare them all by their bytes, too.
        since: compare those by their bytes that were changed at or after this moment (`FileInfo.changed`), such as when
            their record was written: nobody but a run changes them before; None for none.
        trusted: paths of files that are known to have their bytes.

    Returns:
        The differences in order of path; empty when all is as it was written.

    Raises:
        StorageError: when the destination cannot be read.
    """
    there = {info.path: info for info in store.list(folder)}
    differing = [FileDifference(path, "extra") for path in there.keys() - files.keys()]
    for path, file in files.items():
        if path not in there:
            if changed_files(store, [file]):
                differing.append(FileDifference(path, "missing"))
            continue
        touched = full or (since is not None and there[path].changed >= since and path not in trusted)
        if there[path].bytes != file.bytes or (touched and changed_files(store, [file])):
            differing.append(FileDifference(path, "changed"))
    return sorted(differing)


def _as_written(store: Store, file: Recorded, *, full: bool) -> bool:
    with store.opened(file.path) as path:
        if path is None:
            return False
        try:
            with at_disk(f"reading {file.path}"):
                return path.stat().st_size == file.bytes and (not full or sha256_of(path) == file.sha256)
        except StorageError:
            if path.exists():
                raise
            return False  # another run has removed it meanwhile, as it does what it has taken up
