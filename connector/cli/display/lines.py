"""Lines to stdout for as long as somebody reads them: whole ones only, and no wait that could not be interrupted."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from connector.cli.display.console import Console

AT_ONCE = select.PIPE_BUF
"""Bytes a pipe takes as a whole, at once if it takes any: so no signal and no crash leaves half a line in it."""


class LineWriter:
    """Writes lines, and knows at any moment how many are out.

    Attributes:
        written: lines of the latest `write` that are out.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._descriptor = _waitable_stdout()
        self.written: int = 0

    async def write(self, lines: Sequence[bytes]) -> None:
        """Write lines, each with its line feed; can be cancelled between two of them.

        Raises:
            BrokenPipeError: the reader went away.
            StorageError: they cannot be written.
        """
        self.written = 0
        await anyio.lowlevel.checkpoint()
        for some in pieces(lines, AT_ONCE):
            if self._descriptor is not None:
                await _room(self._descriptor)
            self._console.data(b"".join(some))
            self.written += len(some)


def pieces(lines: Sequence[bytes], size: int) -> Iterator[list[bytes]]:
    """Cut lines into groups of at most `size` bytes; a longer line is a group of its own."""
    group: list[bytes] = []
    length = 0
    for line in lines:
        if group and length + len(line) > size:
            yield group
            group, length = [], 0
        group.append(line)
        length += len(line)
    if group:
        yield group


@asynccontextmanager
async def while_read() -> AsyncGenerator[None, None]:
    """End the block as soon as the reader of stdout goes away, even when there is nothing to write; pipes only.

    Raises:
        BrokenPipeError: it did.
    """
    descriptor = _stdout_of(stat.S_ISFIFO)
    if descriptor is None:
        yield
        return
    loop, scope, gone = asyncio.get_running_loop(), anyio.CancelScope(), False

    def end() -> None:
        nonlocal gone
        gone = True
        loop.remove_reader(descriptor)
        scope.cancel()

    with scope:
        loop.add_reader(descriptor, end)  # nothing can be read from this end: it wakes only when the other is closed
        try:
            yield
        finally:
            loop.remove_reader(descriptor)
    if gone:
        raise BrokenPipeError


async def _room(descriptor: int) -> None:
    """Wait until stdout takes something."""
    if select.select((), (descriptor,), (), 0)[1]:
        return
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(descriptor, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _waitable_stdout() -> int | None:
    """Return stdout's descriptor if one can wait for it: a file always takes what it is given."""
    pipe = _stdout_of(lambda mode: stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))
    return pipe if pipe is not None or not sys.stdout.isatty() else _stdout_of(stat.S_ISCHR)


def _stdout_of(kind: Callable[[int], bool]) -> int | None:
    """Return stdout's descriptor if it is of a kind."""
    try:
        descriptor = sys.stdout.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError):  # replaced by something in memory, or closed
        return None
    return descriptor if kind(mode) else None
