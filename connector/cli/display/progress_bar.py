"""The bar on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from connector.cli.display.progress_display import facts
from connector.cli.display.words import remaining
from connector.outside_text import shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from connector.cli.display.progress_rates import Reading

_MARGIN = 2
_SEPARATOR = " · "


class Bar:
    """Two lines that stay where they are: how far, and how fast. Gone when closed."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def show(self, reading: Reading) -> None:
        """See `Display.show`."""
        self._live.update(self.drawn(reading), refresh=True)

    def tell(self, remark: str) -> None:
        """See `Display.tell`: above the bar."""
        self._console.print(Text(shown(f"stripe-balance: warning: {remark}")))

    def close(self) -> None:
        """See `Display.close`."""
        self._live.stop()

    def drawn(self, reading: Reading) -> RenderableType:
        """Return a reading as two lines, however narrow the terminal."""
        top = Table.grid(padding=(0, 1), expand=True)
        top.add_column(no_wrap=True)
        top.add_column(ratio=1)
        top.add_column(justify="right", no_wrap=True)
        bar = (
            ProgressBar(total=None, pulse=True)
            if reading.share is None
            else ProgressBar(total=1.0, completed=reading.share)
        )
        top.add_row(Text(f"{' ' * _MARGIN}{shown(_doing(reading))}"), bar, Text(f"{_left(reading)} "))
        return Group(top, Text(self._fitting(facts(reading)), style="dim", no_wrap=True, overflow="ellipsis"))

    def _fitting(self, parts: list[str]) -> str:
        """Join as many parts as fit one line."""
        width = self._console.width - 1
        while len(parts) > 1 and _MARGIN + len(_SEPARATOR.join(parts)) > width:
            parts = parts[:-1]
        return f"{' ' * _MARGIN}{_SEPARATOR.join(parts)}"


def _doing(reading: Reading) -> str:
    return f"{reading.phase} {reading.account}" if reading.phase == "reading" else reading.phase


def _left(reading: Reading) -> str:
    if reading.share is None:
        return ""
    return f"{reading.share:4.0%}" + (f"  {remaining(reading.left)} left" if reading.left is not None else "")
