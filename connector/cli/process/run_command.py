"""Running the library from a command: signals heeded, progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from connector.cli.display.failures import StoppedError
from connector.cli.display.progress_display import showing
from connector.cli.display.run_view import RunView
from connector.cli.process import interrupts
from connector.cli.process.logs import logs_to

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from connector.cli.display.console import Console

T = TypeVar("T")


def work(
    main: Callable[[RunView], Coroutine[Any, Any, T]], console: Console, *, show: bool = True, keeps: bool = False
) -> T:
    """Run a coroutine that tells a view what happens, and show it.

    Args:
        main: makes the coroutine; `hear` of the view is its `on_event`.
        console: where to show it.
        show: whether there is something to see.
        keeps: whether what is complete is kept when a signal comes.

    Raises:
        StoppedError: after a signal, when the coroutine has put everything in order.
        ConnectorError: what the coroutine raised.
    """
    view = RunView()

    def stopping() -> None:
        what = "keeping what is complete" if keeps else "stopping"
        view.stopping = f"{what}; Ctrl-C again to end at once"

    async def shown() -> T:
        async with showing(view, console if show else None):
            return await main(view)

    try:
        with logs_to(console):
            return interrupts.run(shown, on_stop=stopping, at_once=console.restore)
    except StoppedError as stopped:
        raise StoppedError(stopped.number, keeps=keeps) from None
