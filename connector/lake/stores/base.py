"""Where files live: the protocol every destination answers, and how a destination's name becomes one.

Paths are relative to the destination, with forward slashes, so that the same names serve a disk and a bucket. A file
becomes visible all at once or not at all. The functions block: they belong in worker threads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from connector.config.destination import Destination, placed, refuse_variable
from connector.core.extras import how_to_install
from connector.errors import ConfigError, UsageError
from connector.lake.stores.conditions import ANY
from connector.lake.stores.local import LocalStore
from connector.lake.stores.nested_lakes import lake_around

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import AbstractContextManager

    from connector.core.state.unnamed import Unnamed
    from connector.lake.paths import FileInfo
    from connector.lake.stores.conditions import Condition, Content


class Store(Protocol):
    """A destination.

    Every method raises `StorageError` when the destination cannot be read or written, and `ValueError` for a path that
    is absolute or leaves the destination.
    """

    @property
    def scratch(self) -> Path:
        """A local folder for this run's temporary files; it may not exist yet."""
        ...

    @property
    def lacks(self) -> Collection[str]:
        """What the destination does not do so far and was gone on without, each in a sentence."""
        ...

    def of_run(self, run: str) -> Store:
        """Return the same destination, in which what is staged belongs to a run."""
        ...

    def clear(self, may_take: Callable[[str, int], bool]) -> None:
        """Remove files that runs staged and did not publish.

        Args:
            may_take: says of a run's, by its id and when they were last changed (see `FileInfo.changed`), whether they
                may go; the id is empty for those of no run.
        """
        ...

    @property
    def at_once(self) -> int:
        """How many files are published at once: several where the answers take their time, one where nothing waits."""
        ...

    @property
    def versions_last(self) -> bool:
        """Whether a version tells a file as long as it is there, from one run to the next; else only for the moment."""
        ...

    def look_again(self) -> None:
        """Use nothing again that was just seen, from now on: for those who found what contradicts it."""
        ...

    def read(self, path: str) -> Content | None:
        """Return a file's content and its version, or None when there is none."""
        ...

    def version(self, path: str) -> str | None:
        """Return a file's version, or None when there is none."""
        ...

    def write(self, path: str, data: bytes, *, condition: Condition = ANY) -> str:
        """Create or replace a file as a whole; durable and visible on return, and never visible in part.

        Everything published before is durable before this file is visible.

        Args:
            path: its path.
            data: its content.
            condition: what has to be there.

        Returns:
            The new version.

        Raises:
            CommitConflictError: something else is there; nothing was changed. A store whose answers get lost may say so
                of its own success: content that has to be told apart names its writer.
            CommitUnknownError: whether it was written is not known.
        """
        ...

    def staging(self, path: str) -> Path:
        """Return a new local path to write what shall become `path`; every reader skips it, `clear` removes it."""
        ...

    def publish(self, staged: Path, path: str, *, condition: Condition = ANY) -> str:
        """Make a staged file visible as `path`; durable with the next `write`.

        Args:
            staged: a path from `staging`, written, closed and forced to disk. It is gone on return.
            path: its final path.
            condition: what has to be there; see `write`, also for what it raises. The staged file is then still there.

        Returns:
            The new version.

        Raises:
            CommitConflictError: what has to be there is not.
            ClearedAwayError: the staged file is gone: another run took this one for dead.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens when there is none."""
        ...

    def list(self, prefix: str) -> Iterator[FileInfo]:
        """Yield the visible files below a folder, in order of path; none when the folder is missing.

        Files of names that no path here can have (with a backslash, a control character, or what is no text) are none.
        """
        ...

    def names(self, prefix: str) -> list[str]:
        """Return the names of the visible files right in a folder, sorted; nothing is asked about each."""
        ...

    def info(self, path: str) -> FileInfo | None:
        """Return what a listing tells of a visible file; None where it shows none."""
        ...

    def besides(self, prefix: str, known: Collection[str]) -> Iterator[Unnamed]:
        """Yield all that is below a folder besides some files, under whatever name, in no order; see `Unnamed`."""
        ...

    def folders(self, prefix: str, *, among: Collection[str] | None = None) -> list[str]:
        """Return the names of the folders in a folder that hold a visible file, sorted; perhaps some that once did.

        Args:
            prefix: the folder.
            among: names that are asked about: no other folder is looked into. None for all.
        """
        ...

    def opened(self, path: str) -> AbstractContextManager[Path | None]:
        """Offer a file as a local path for the length of the block; None when there is no such file."""
        ...

    def other_lake(self) -> str | None:
        """Return where another lake is whose rows and a lake's made here would be read as one; None where none is.

        That is one of whose own folders this destination is, or is in, and one in a folder that a lake here has its
        tables in. Not every store can tell: one that lets nobody look above the destination shows no lake there.
        """
        ...

    def address(self, path: str) -> str:
        """Return the name by which Arrow's and DuckDB's readers open the file."""
        ...

    def turn(self, folder: str) -> AbstractContextManager[bool]:
        """Take turns with all others who commit to the table and account of a folder of records; see `commits`.

        Args:
            folder: of the records.

        Returns:
            Whether nobody else commits during the block. Where that cannot be had, the conditions tell writers apart.

        Raises:
            LockedError: somebody else has had it for longer than any commit takes.
        """
        ...


def open_store(destination: str | os.PathLike[str]) -> Store:
    """Return the store a destination names. Nothing is created or read yet.

    Args:
        destination: a local folder, existing or not, or a bucket's address; with storage options, as `placed` makes it.

    Raises:
        ConfigError: for a file, what cannot be a folder here, or a bucket that cannot be opened; says what to do.
        UsageError: for an empty name, or what is no name.
    """
    try:
        Path(destination)
    except TypeError as error:
        raise UsageError(f"the destination is {destination!r}: name a folder, as text or a path") from error
    text = str(destination)
    if not text.strip():
        raise UsageError("the destination is empty: name a folder")
    place = placed(destination)
    if isinstance(place, Destination):
        return place.once(lambda: _in_bucket(place))
    if "\0" in text:
        raise ConfigError(f"{text!r} cannot be a folder here: name another")
    try:
        text.encode()
        os.fsencode(text)
        root = (Path(text).expanduser() if text.startswith("~") else Path(text)).absolute()  # `./~x` is no home
        is_file = root.exists() and not root.is_dir()  # a device is a file, too
        lake = lake_around(root.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # too long, of nobody we know, no text, of a folder gone
        raise ConfigError(f"{text!r} cannot be a folder here ({error}): name another") from error
    if not root.exists():  # one that is really called that may be made by hand
        refuse_variable(text)
    if is_file:
        raise ConfigError(f"{root} is a file; the destination has to be a folder, which need not exist yet")
    if lake is not None:
        raise ConfigError(f"{root} is a part of the lake in {lake}: name {lake}, or a folder outside of it")
    return LocalStore(root)


def _in_bucket(place: Destination) -> Store:
    try:
        from connector.lake.stores.bucket_opening import open_bucket  # noqa: PLC0415 - an extra, for buckets alone
        from connector.lake.stores.objects import ObjectStore  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "obstore":
            raise
        raise ConfigError(f"lakes in buckets need obstore: {how_to_install('cloud')}") from error

    return ObjectStore(open_bucket(place.name, place.settings), single_writer=place.single_writer)
