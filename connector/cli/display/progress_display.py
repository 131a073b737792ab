"""Progress on stderr: a bar on a terminal, a line now and then elsewhere. It only ever looks at the run."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from connector.cli.display.progress_rates import Gauge, Reading
from connector.cli.display.words import remaining
from connector.core.counting import counted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView

SECONDS_BETWEEN = {"rich": 0.2, "plain": 5.0, "json": 5.0}
"""Seconds between two looks."""


KEEPING = frozenset({"reading", "writing"})
"""Phases in which rows are brought into files: which of them are there matters to whoever thinks of ending it."""


class Display(Protocol):
    """Something that shows readings."""

    def show(self, reading: Reading) -> None:
        """Show one."""
        ...

    def tell(self, remark: str) -> None:
        """Tell something once, which stays."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


@asynccontextmanager
async def showing(view: RunView, console: Console | None) -> AsyncGenerator[None, None]:
    """Show a run for the length of the block, as the console has it; not at all without one."""
    if console is None:
        yield
        return
    if console.progress == "none":
        try:
            yield
        finally:
            _tell(view, console.warn)
        return
    display = _display(console)
    watcher = asyncio.create_task(_watch(view, display, SECONDS_BETWEEN[console.progress]))
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        display.close()
        _tell(view, console.warn)


def _tell(view: RunView, tell: Callable[[str], None]) -> None:
    """Tell what is to be told once."""
    remarks, view.remarks = view.remarks, []
    for remark in remarks:
        tell(remark)


async def _watch(view: RunView, display: Display, seconds: float) -> None:
    gauge = Gauge(view)
    gauge.read(monotonic())
    while True:
        await asyncio.sleep(seconds)
        _tell(view, display.tell)
        display.show(gauge.read(monotonic()))


def _display(console: Console) -> Display:
    if console.progress in {"plain", "json"}:
        return Lines(console)
    from connector.cli.display.progress_bar import Bar  # noqa: PLC0415 - rich takes time to import, and only a bar needs it

    return Bar()


class Lines:
    """A line at a time, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, reading: Reading) -> None:
        """See `Display.show`."""
        parts = [*([] if reading.phase == "reading" else [reading.phase]), *facts(reading)]
        if reading.share is not None and reading.phase != "writing":  # which takes as long as the disk does
            parts.append(f"{reading.share:.0%}")
        if reading.left is not None:
            parts.append(f"about {remaining(reading.left)} left")
        self._console.log(f"stripe-balance: {', '.join(parts)}", progress=_document(reading))

    def tell(self, remark: str) -> None:
        """See `Display.tell`."""
        self._console.warn(remark)

    def close(self) -> None:
        """See `Display.close`."""


def _document(reading: Reading) -> dict[str, Any]:
    """Return a reading as values of JSON, which knows no infinity: rates a second, times in seconds."""
    found = asdict(reading)
    return {name: None if value == float("inf") else value for name, value in found.items()}


def facts(reading: Reading) -> list[str]:
    """Return what there is to say, the most important first; nothing where nobody is asked and nothing is counted."""
    if not (reading.rows or reading.files or reading.rate_limit):
        return []
    limited = f" of {reading.rate_limit:g}" if 0 < reading.rate_limit < float("inf") else ""
    rows = [counted(reading.rows, "row"), f"{counted(round(reading.rows_rate), 'row')}/s"]
    if not reading.rows and reading.share is not None:
        rows = []  # where things are asked for by their ids, the share says more
    kept = [f"{reading.safe:,} safe"] if reading.phase in KEEPING else []
    kept.append(counted(reading.files, "file"))
    asked = [f"{reading.requests_rate:.1f}{limited} requests/s"] if reading.rate_limit else []  # else nobody is asked
    shown = [*rows[:1], *kept, *rows[1:], *asked]
    if reading.refused:
        shown.append(f"{reading.refused:,} refused (429)")
    if reading.windows:
        shown.append(counted(reading.windows, "window"))
    return shown
