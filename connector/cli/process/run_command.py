"""Running the library from a command: signals heeded, progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from connector.cli.display.failures import StoppedError
from connector.cli.display.progress_display import showing
from connector.cli.process import interrupts
from connector.cli.process.logs import logs_to
from connector.core.run_report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from connector.cli.display.console import Console

T = TypeVar("T")


def work(
    main: Callable[[Progress], Coroutine[Any, Any, T]], console: Console, *, show: bool = True, keeps: bool = False
) -> T:
    """Run a coroutine that fills in a `Progress`, and show it.

    Args:
        main: makes the coroutine.
        console: where to show it.
        show: whether there is something to see.
        keeps: whether what is complete is kept when a signal comes.

    Raises:
        StoppedError: after a signal, when the coroutine has put everything in order.
        ConnectorError: what the coroutine raised.
    """
    progress = Progress()

    def stopping() -> None:
        what = "keeping what is complete" if keeps else "stopping"
        progress.phase = f"{what}; Ctrl-C again to end at once"

    async def shown() -> T:
        async with showing(progress, console if show else None):
            return await main(progress)

    try:
        with logs_to(console):
            return interrupts.run(shown, on_stop=stopping, at_once=console.restore)
    except StoppedError as stopped:
        raise StoppedError(stopped.number, keeps=keeps) from None
