"""Objects as they go to stdout: one a line, or as the `data` of the one object of `--json`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.cli.display.failures import document_of
from connector.core.api.json_text import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from connector.cli.display.console import Console
    from connector.core.api.page import Row


class Rows:
    """Writes objects as received.

    Attributes:
        count: how many were written.
        refused: an error to report beside rows that are sound, or None.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.count: int = 0
        self.refused: Exception | None = None

    def write(self, rows: Sequence[Row], *, dump: Callable[[Row], bytes] = dumps) -> None:
        """Write some objects; blocks while the reader of stdout is slow.

        Args:
            rows: the objects.
            dump: makes a line of one; of documents with sums, `to_line`.

        Raises:
            BrokenPipeError: when the reader went away.
            StorageError: when they cannot be written.
        """
        if not rows:
            return
        if self._console.json:
            text = b",\n".join(map(dump, rows))
            self._console.data((b",\n" if self.count else b"") + text)
        else:
            self._console.data(b"".join(dump(row) + b"\n" for row in rows))
        self.count += len(rows)


@contextmanager
def rows_to_stdout(console: Console) -> Generator[Rows]:
    """Offer a writer for the length of the block; with `--json`, the object is whole however the block ends."""
    rows = Rows(console)
    if not console.json:
        yield rows
        return
    console.data(b'{"data":[\n')
    console.answered()
    try:
        yield rows
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        console.data(_end(rows.count, error, console))
        raise
    console.data(_end(rows.count, rows.refused, console))


def _end(count: int, error: BaseException | None, console: Console) -> bytes:
    facts = {"rows": count, **(document_of(error) if error else {})}
    return b"\n]," + dumps(console.redact_all(facts))[1:] + b"\n"
