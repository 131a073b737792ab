"""Running the library from a command: signals heeded, progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from connector.cli.display.failures import KEPT
from connector.cli.display.progress_display import showing
from connector.cli.display.run_view import RunView
from connector.cli.process.logs import logs_to
from connector.cli.process.process_setup import end_at_once
from connector.errors import StoppedError
from connector.running.blocking import SignalHandling, run_with_signals

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

    def at_once(number: int) -> None:
        console.restore()
        end_at_once(number)  # threads may be in the middle of something that a second Ctrl-C does not wait for

    try:
        with logs_to(console):
            return run_with_signals(shown, SignalHandling(first=stopping, again=at_once, ours=(end_at_once,)))
    except StoppedError as stopped:
        what = stopped.message if stopped.signal is None or stopped.let_go else "interrupted"
        stopped.message = what + (f": {KEPT}" if keeps else "")
        raise
