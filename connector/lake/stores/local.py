"""A destination that is a folder on a local disk.

A file is written under a staging name, forced to disk, and renamed into place. Folders are forced to disk before the
next record is written: what a record says is durable, and a thousand small files cost the disk one moment, not many.
Staging names lie in `_stripe_balance/staging`, in a folder for each run, not beside the final place: one folder holds
everything a crash can leave, so the next run clears it without walking the lake, and no glob over the data can meet
half a file. The names begin with a dot (Spark opens everything else) and end otherwise than data does (DuckDB's
`**/*.parquet` takes dotted names).
The destination must be one file system, or a rename would not be atomic.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from errno import EBUSY, EEXIST, ENOTEMPTY
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

from connector.core.state.unnamed import Unnamed
from connector.errors import CommitConflictError, LockedError
from connector.lake.paths import STAGED, STATE, FileInfo, checked_path, is_clean, is_clean_name
from connector.lake.stores.conditions import ABSENT, ANY, Content
from connector.lake.stores.disk import (
    UNFORCED,
    WITHOUT_LINKS,
    at_disk,
    make_folder,
    open_file,
    refuse_dead_link,
    sync_file,
    sync_folder,
)
from connector.lake.stores.locks import LOCK_FLAGS, LOCK_MODE, lock, try_to_lock, unlock
from connector.lake.stores.nested_lakes import lake_around, lake_below
from connector.lake.stores.staged_names import staged_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator

    from connector.lake.stores.conditions import Condition


TURN_SECONDS = 60.0
"""How long to wait for others who commit: a commit takes milliseconds, on a slow disk a second."""


@dataclass(frozen=True)
class LocalStore:
    """A folder as a `Store`. Nothing is created before the first write or lock.

    Attributes:
        root: absolute path of the destination.
        run: id of the run that stages files; empty for writers that are none.
    """

    root: Path
    run: str = ""
    _unsynced: set[Path] = field(init=False, repr=False, compare=False, default_factory=set["Path"])
    _lacks: set[str] = field(init=False, repr=False, compare=False, default_factory=set[str])
    _syncing: Lock = field(init=False, repr=False, compare=False, default_factory=Lock)

    @property
    def scratch(self) -> Path:
        """The run's staging folder."""
        return self._staged_folder / self.run

    @property
    def _staged_folder(self) -> Path:
        return self.root / STAGED

    @property
    def lacks(self) -> Collection[str]:
        """See `Store.lacks`."""
        return self._lacks

    def of_run(self, run: str) -> Self:
        """See `Store.of_run`; both force what either has written onto the disk."""
        mine = copy(self)
        object.__setattr__(mine, "run", run)
        return mine

    @property
    def at_once(self) -> int:
        """One: a rename waits for nobody."""
        return 1

    @property
    def versions_last(self) -> bool:
        """They do not: they tell one file of the disk from another, and a copy of the lake has others."""
        return False

    def version(self, path: str) -> str | None:
        """Return a file's version, or None when there is none."""
        with at_disk(f"reading {path}"):
            try:
                return _version(self._at(path).stat())
            except FileNotFoundError:
                return None

    def look_again(self) -> None:
        """Nothing is remembered."""

    def read(self, path: str) -> Content | None:
        """Return a file's content and its version, or None when there is none."""
        with at_disk(f"reading {path}"):
            try:
                with open_file(self._at(path)) as file:
                    return Content(file.read(), _version(os.fstat(file.fileno())))
            except FileNotFoundError:
                return None

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        """Create or replace a file as a whole, once everything published before is durable."""
        staged = self.staging(path)
        try:
            with at_disk(f"writing {path}"):
                staged.write_bytes(data)
                sync_file(staged)
                self._sync_folders()
            version = self.publish(staged, path, condition=condition)
        except BaseException:
            with suppress(OSError):  # the next run clears the staging folder; the reason for leaving matters more
                staged.unlink(missing_ok=True)
            raise
        with at_disk(f"writing {path}"):
            self._sync_folders()
        return version

    def staging(self, path: str) -> Path:
        """Return a new path in the staging folder."""
        name, folder = staged_name(path), self.scratch
        with at_disk(f"preparing to write {path}"):
            self._unsynced.update(make_folder(folder))
        return folder / name

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        """Move a staged file into place; its folder is forced to disk before the next `write` is visible."""
        final = self._at(path)
        with at_disk(f"publishing {path}"):
            self._unsynced.update(make_folder(final.parent))
            if condition is ANY:
                staged.replace(final)
            elif condition is ABSENT:
                self._create(staged, final, path)
            else:
                self._replace(staged, final, path, condition)
            self._unsynced.add(final.parent)
            return _version(final.stat())

    def _create(self, staged: Path, final: Path, path: str) -> None:
        """Give a staged file its name, if nobody has it: the file system decides between writers at once."""
        try:
            os.link(staged, final)
        except FileExistsError:
            refuse_dead_link(final)
            raise CommitConflictError(f"{path} is there already: another writer came first") from None
        except OSError as error:
            if error.errno not in WITHOUT_LINKS:
                raise
            self._replace(staged, final, path, ABSENT)
        else:
            with suppress(OSError):  # what matters is done; the next run clears the staging folder
                staged.unlink()

    def _replace(self, staged: Path, final: Path, path: str, condition: Condition) -> None:
        """Move a staged file into place if what is there is as expected; all who expect something take turns."""
        with self._turn():
            try:
                there = _version(final.stat())
            except FileNotFoundError:
                there = ABSENT
            if there != condition:
                raise CommitConflictError(f"{path} was changed by another writer meanwhile")
            staged.replace(final)

    @contextmanager
    def _turn(self) -> Generator[None]:
        """Hold the lock of conditional writes: of all processes, and of all threads of this one."""
        path = self.root / STATE / "turn"
        self._unsynced.update(make_folder(path.parent))
        descriptor = os.open(path, LOCK_FLAGS, LOCK_MODE)
        try:
            lock(descriptor)
            try:
                yield
            finally:
                unlock(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def turn(self, folder: str) -> Generator[bool]:
        """Hold a lock of the operating system in the folder: it ends with the process that holds it."""
        path = self._at(folder) / ".turn"
        with at_disk(f"locking {folder}"):
            self._unsynced.update(make_folder(path.parent))
            descriptor = os.open(path, LOCK_FLAGS, LOCK_MODE)
        try:
            with at_disk(f"locking {folder}"):
                _wait_for(descriptor, folder)
            try:
                yield True
            finally:
                unlock(descriptor)
        finally:
            os.close(descriptor)

    def delete(self, path: str) -> None:
        """Remove a file, durably."""
        final = self._at(path)
        with at_disk(f"deleting {path}"):
            try:
                final.unlink()
            except FileNotFoundError:
                return
            self._force(final.parent)

    def list(self, prefix: str) -> Iterator[FileInfo]:
        """Yield the files below a folder, in order of path, without those whose name begins with a dot."""
        with at_disk(f"listing {prefix}"):
            files = sorted(
                f"{folder}/{name}"
                for folder, _, names in os.walk(self._at(prefix), onerror=_refuse_unless_missing)
                for name in names
                if not name.startswith(".") and is_clean(self._path(f"{folder}/{name}"))
            )
        for file in files:  # each is looked at when it is asked for: many want the first alone
            with at_disk(f"listing {prefix}"):
                info = self._info(file)
            if info is not None:
                yield info

    def names(self, prefix: str) -> list[str]:
        """Return the names of the visible files right in a folder, sorted; nothing is asked about each."""
        with at_disk(f"listing {prefix}"):
            try:
                with os.scandir(self._at(prefix)) as entries:
                    names = sorted([entry.name for entry in entries if entry.name[0] != "." and not entry.is_dir()])
            except FileNotFoundError:
                return []
        return names if is_clean_name("".join(names)) else [*filter(is_clean_name, names)]

    def info(self, path: str) -> FileInfo | None:
        """Return what a listing tells of a visible file; None where it shows none."""
        with at_disk(f"reading {path}"):
            return self._info(str(self._at(path)))

    def besides(self, prefix: str, known: Collection[str]) -> Iterator[Unnamed]:
        """Yield what else is below a folder: hidden files, links, and names that are no paths of ours, too."""
        with at_disk(f"listing {prefix}"):
            for folder, inner, names in os.walk(self._at(prefix), onerror=_refuse_unless_missing):
                links = [name for name in inner if Path(folder, name).is_symlink()]
                for name in (*names, *links):
                    unnamed_file = self._unnamed(os.path.join(folder, name), known)  # noqa: PTH118 - quicker for many
                    if unnamed_file is not None:
                        yield unnamed_file

    def folders(self, prefix: str, *, among: Collection[str] | None = None) -> list[str]:
        """Return the names of the folders in a folder that hold a visible file, sorted."""
        with at_disk(f"listing {prefix}"):
            try:
                with os.scandir(self._at(prefix)) as entries:
                    inner = [entry for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
            except FileNotFoundError:
                return []
            asked = inner if among is None else [entry for entry in inner if entry.name in among]
            return sorted(entry.name for entry in asked if _holds_a_file(entry.path))

    @contextmanager
    def opened(self, path: str) -> Generator[Path | None]:
        """Offer the file where it is; None when it is not there."""
        final = self._at(path)
        with at_disk(f"reading {path}"):
            there = _is_file(final)
        yield final if there else None

    def other_lake(self) -> str | None:
        """See `Store.other_lake`."""
        with at_disk(f"looking around {self.root}"):
            place = self.root.resolve()
            lake = lake_around(place) or lake_below(place)
        return None if lake is None else str(lake)

    def address(self, path: str) -> str:
        """Return the file's absolute path."""
        return str(self._at(path))

    def clear(self, may_take: Callable[[str, int], bool]) -> None:
        """Remove what runs left in the staging folder; see `Store.clear`."""
        with at_disk(f"clearing {self._staged_folder}"):
            try:
                with os.scandir(self._staged_folder) as entries:
                    there = [(Path(entry.path), entry.name if entry.is_dir() else "") for entry in entries]
            except FileNotFoundError:
                return
            for path, run in there:
                with _gone_or_in_use():
                    if may_take(run, _last_changed(path)):
                        shutil.rmtree(path) if run else path.unlink(missing_ok=True)

    def _sync_folders(self) -> None:
        """Force to disk every folder that has new names; whoever comes meanwhile waits until it is done."""
        with self._syncing:
            while self._unsynced:
                folder = self._unsynced.pop()
                try:
                    self._force(folder)
                except OSError:
                    self._unsynced.add(folder)
                    raise

    def _force(self, folder: Path) -> None:
        if not sync_folder(folder):
            self._lacks.add(UNFORCED)

    def _unnamed(self, file: str, known: Collection[str]) -> Unnamed | None:
        """Return a file, or a link, that is not known; None for one that is, or is gone meanwhile."""
        path = self._path(file)
        try:
            there = os.lstat(file)
        except FileNotFoundError:
            return None
        link = stat.S_ISLNK(there.st_mode)
        return None if path in known and not link else Unnamed(path, 0 if link else there.st_size, link)

    def _info(self, file: str) -> FileInfo | None:
        """Return what there is to say of a file; None for one that was removed meanwhile, or a link to nothing."""
        try:
            status = os.stat(file)  # noqa: PTH116 - a third of the time, and a folder may hold very many
        except FileNotFoundError:
            return None
        return FileInfo(self._path(file), status.st_size, status.st_ctime_ns)

    def _path(self, file: str) -> str:
        """Return the path of a file below the destination."""
        return file[len(str(self.root)) :].lstrip("/")

    def _at(self, path: str) -> Path:
        return self.root / checked_path(path)


def _wait_for(descriptor: int, folder: str) -> None:
    """Take a lock that is never held for long.

    Raises:
        LockedError: somebody has it all the same.
    """
    end, pause = time.monotonic() + TURN_SECONDS, 0.001
    while not try_to_lock(descriptor):
        if time.monotonic() > end:
            raise LockedError(
                f"another run has been committing to {folder} for {TURN_SECONDS:.0f} s: it may have been suspended;"
                " let it go on, or end it"
            )
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


@contextmanager
def _gone_or_in_use() -> Generator[None]:
    """Leave to the next time what somebody else removes just now, or has open, or writes to: its run may be alive.

    NFS keeps what is open under a name of its own (`.nfs…`), which cannot be removed (EBUSY) until it is closed.
    """
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in {ENOTEMPTY, EEXIST, EBUSY}:
            raise


def _last_changed(path: Path) -> int:
    """Return when a file, or anything in a folder, was last changed; nanoseconds of the disk's clock."""
    inside = path.rglob("*") if path.is_dir() else ()
    return max((removed.lstat().st_ctime_ns for removed in [path, *inside] if removed.exists()), default=0)


def _version(status: os.stat_result) -> str:
    """Name what is at a path: each write makes a file of its own."""
    return f"{status.st_ino:x}-{status.st_ctime_ns:x}-{status.st_size:x}"


def _holds_a_file(folder: str) -> bool:
    """Say whether a visible file is anywhere below a folder: the first that is found will do.

    Raises:
        OSError: it cannot be looked into, which does not mean that it is empty.
    """
    inner: list[str] = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if _is_visible(entry):
                return True
            if entry.is_dir(follow_symlinks=False):
                inner.append(entry.path)
    return any(map(_holds_a_file, inner))


def _is_file(path: Path) -> bool:
    """Say whether a file is there; `Path.is_file` calls a path that may not be looked at none from Python 3.14 on."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _is_visible(entry: os.DirEntry[str]) -> bool:
    return entry.name[0] != "." and not entry.is_dir()


def _refuse_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
