"""The seam to the local disk: operating system errors become errors that say what to do, and writes become durable."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING

from connector.errors import StorageError
from connector.lake.paths import STAGED

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "no space left on the disk, or no inodes: free some, or choose another destination; what was"
    " published is whole",
    errno.EDQUOT: "the disk quota is used up: free some space, or choose another destination",
    errno.EACCES: "not permitted: run as a user who may read and write the destination, or change its permissions",
    errno.EPERM: "not permitted: run as a user who may read and write the destination, or change its permissions",
    errno.EROFS: "not writable, the file system is mounted read-only: choose another destination",
    errno.ENOTDIR: "a file stands where a folder is needed: choose another destination, or move the file away",
    errno.EXDEV: "a folder inside the destination is on another file system, so files cannot be replaced atomically: "
    "make the whole destination one file system",
    errno.EIO: "the disk answers with an error (EIO): see to it, or to the mount, then run again; or choose another"
    " destination",
    errno.ENXIO: "a socket, or a named pipe, stands where a file is needed: move it away, then run again",
    errno.ENFILE: "the machine has too many open files: close some programs, or raise its limit (fs.file-max)",
    errno.ESTALE: "the network file system has lost the file or folder (ESTALE): mount it anew, then run again",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n)",
}


UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What a file system answers to a call it does not have."""

WITHOUT_LINKS = UNSUPPORTED | {errno.EPERM, errno.EMLINK}
"""What a file system answers that gives no file a second name."""

UNFORCED = (
    "the destination's file system does not force the names of files onto the disk (fsync of a folder): after a power"
    " cut files of the last run may be missing, which the next run notices and reads again; a local disk does"
)
"""What is to be said where `sync_folder` could not do its work."""

_SMALL = 2**16
"""Bytes of a file that is read in one piece."""


class ClearedAwayError(StorageError):
    """What a run had staged is gone: it stood still for so long that another one took it for dead, and cleared up."""

    retryable = True
    exit_code = 75


@contextmanager
def at_disk(doing: str) -> Generator[None]:
    """Turn any `OSError` of the block into a `StorageError`.

    Args:
        doing: what was being done, to begin the message with, for example `writing a/b.parquet`.

    Raises:
        ClearedAwayError: a staged file is not there any more.
        StorageError: with the remedy where one is known; the `OSError` is its cause.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and f"{STAGED}/" in str(error):
            raise ClearedAwayError(
                f"{doing}: what was written for it is gone: this run stood still for so long that another one took it"
                " for dead, and cleared its files away; run again, which reads what is not in the lake"
            ) from error
        remedy = _REMEDIES.get(error.errno or 0, str(error))
        raise StorageError(f"{doing}: {remedy}") from error


def open_file(path: Path) -> FileIO:
    """Open a file for reading, unbuffered; what a reader would wait for, or never come to an end of, is refused.

    Raises:
        StorageError: something else is there: a folder, a named pipe that nobody may ever write to, a device.
        OSError: nothing is there, or it may not be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return FileIO(descriptor, "rb")
    os.close(descriptor)
    raise StorageError(f"{path} is no file, but a folder, a named pipe or a device: move it away, then run again")


def sync_file(path: Path) -> None:
    """Force a written file's content onto the disk.

    Raises:
        StorageError: the file system cannot, so nothing that was written is sure to be kept.
    """
    try:
        _sync(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        raise StorageError(
            f"writing {path}: this file system cannot force a file onto the disk (fsync: {error.strerror}), and what a"
            " run says is kept might be gone after a power cut: use a local disk, and copy the lake from there"
        ) from error


def sync_folder(path: Path) -> bool:
    """Force a folder's entries (new, renamed and removed names) onto the disk.

    Returns:
        Whether that was done: some network file systems cannot. It is gone on without, as databases do there: what is
        lost is a name, which a record then misses, and never half a file. `UNFORCED` says so.
    """
    try:
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno not in UNSUPPORTED | {errno.EBADF}:
            raise
        return False
    return True


def make_folder(path: Path) -> list[Path]:
    """Create a folder and those above it, if they are not there.

    Returns:
        The folders that have a new name in them, still to be forced to disk.

    Raises:
        StorageError: one of them is a link that leads nowhere.
    """
    missing: list[Path] = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError:
            refuse_dead_link(folder)
            raise
    return [folder.parent for folder in missing]


def refuse_dead_link(path: Path) -> None:
    """Refuse a name that is taken, and has nothing behind it, such as a link to a disk that is not mounted.

    Raises:
        StorageError: it is a link that leads nowhere.
    """
    if path.is_symlink() and not path.exists():
        raise StorageError(
            f"{path} is a link to {path.readlink()}, where nothing is: mount or put back what it leads to, or remove"
            " the link; then run again"
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal; memory is bounded, and other threads go on meanwhile."""
    with path.open("rb", buffering=0) as file:
        first = file.read(_SMALL)
        if len(first) == os.fstat(file.fileno()).st_size:
            return hashlib.sha256(first).hexdigest()
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
