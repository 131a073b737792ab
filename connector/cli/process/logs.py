"""What libraries log while a command runs, such as an exception that nobody waited for: to stderr, like everything."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.cli.display.failures import traceback_of
from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Generator

    from connector.cli.display.console import Console


@contextmanager
def logs_to(console: Console) -> Generator[None]:
    """Write to a console, for the length of the block, what is logged where nobody has set up logging otherwise."""
    before, logging.lastResort = logging.lastResort, _ToConsole(console)
    try:
        yield
    finally:
        logging.lastResort = before


class _ToConsole(logging.Handler):
    """Writes warnings and errors, one line each, with the traceback for those who asked for more."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._console.log(f"stripe-balance: {record.name}: {sentence(record.getMessage())}", level=level)
        if self._console.verbose and record.exc_info and record.exc_info[1] is not None:
            self._console.log(*traceback_of(record.exc_info[1]), level=level)
