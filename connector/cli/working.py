"""Running the library from a command: signals heeded, progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from connector.cli import interrupts
from connector.cli.showing import showing
from connector.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from connector.cli.console import Console

T = TypeVar("T")


def work(main: Callable[[Progress], Coroutine[Any, Any, T]], console: Console, *, show: bool = True) -> T:
    """Run a coroutine that fills in a `Progress`, and show it.

    Args:
        main: makes the coroutine.
        console: where to show it.
        show: whether there is something to see.

    Raises:
        StoppedError: after a signal, when what was complete has been published.
        ConnectorError: what the coroutine raised.
    """
    progress = Progress()

    def stopping() -> None:
        progress.phase = "keeping what is complete; Ctrl-C again to end at once"

    async def shown() -> T:
        async with showing(progress, console if show else None):
            return await main(progress)

    return interrupts.run(shown, on_stop=stopping, at_once=console.restore)
