"""A partition's file on its way to being visible, and what came of a commit of several."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from connector.core.state.tables import State
from connector.errors import ConnectorError, StorageError
from connector.lake.writing.rewrite import StaleFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.core.state.intent import IntendedFile
    from connector.lake.stores.conditions import Condition

S = TypeVar("S", bound=State)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Write(Generic[R]):
    """A partition's file that waits to become visible.

    Attributes:
        intended: the file, and what is recorded with it.
        staged: where it lies; None where nothing is to be published.
        condition: what has to be there when it is.
        again: makes it again with the file that somebody else has made of the partition meanwhile; None where that has
            none. Blocks; the staged file is used up.
        result: what its maker says of it.
        awaited: whether everything after it waits for it.
        met: whether its very content was there already when it was to become visible.
        theirs: whether another run that is at work had announced it then: it counts what is new in it.
        kept: another name of the staged file of a table, until it is recorded.
    """

    intended: IntendedFile
    staged: Path | None
    condition: Condition
    again: Callable[[DataFile | None], Write[R]]
    result: R
    awaited: bool = False
    met: bool = False
    theirs: bool = False
    kept: Path | None = None


@dataclass(slots=True)
class Outcome(Generic[S, R]):
    """What came of a commit.

    Attributes:
        state: as it is recorded, with what others have committed.
        visible: what is visible and recorded, in order; `met` is left with what another run has recorded before.
        failed: what is not, and what it failed with; of what failed by conflict the staged file is still there.
    """

    state: S
    visible: list[Write[R]] = field(default_factory=list["Write[R]"])
    failed: list[tuple[Write[R], ConnectorError]] = field(default_factory=list[tuple["Write[R]", ConnectorError]])


def together(writes: Sequence[Write[R]], at_once: int) -> Iterator[list[Write[R]]]:
    """Yield writes in order, some at once; one that the others wait for by itself."""
    batch: list[Write[R]] = []
    for write in writes:
        if batch and (write.awaited or batch[-1].awaited or len(batch) == at_once):
            yield batch
            batch = []
        batch.append(write)
    if batch:
        yield batch


def unknown_file(intended: IntendedFile, there: DataFile | None) -> StorageError:
    """Return the error for a file that was found in a partition and that nobody knows."""
    if there is not None:
        return StaleFileError(there, "its bytes differ from those written")
    path = intended.folder if intended.file is None else intended.file.path
    return StorageError(
        f"{path} is there, and the lake's state does not know it, nor has a run said that it would write it; nothing is"
        " overwritten: sync with `repair`, which reads its partition again, or move the file away"
    )


def discard(staged: Path | None) -> None:
    """Remove a staged file that is not going to be visible."""
    if staged is not None:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
