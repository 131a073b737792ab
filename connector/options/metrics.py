"""Figures of runs in a file for Prometheus, from events and reports, written when a run ends, however it ends.

A file is of one command and one lake. What a run adds to is read from the file itself, which is replaced as a whole.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
from contextlib import contextmanager, suppress
from functools import wraps
from hashlib import sha256
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from connector.core.metrics import EndedRun, ReportFigures, RunCounts, Samples, after, from_text, to_text
from connector.errors import ConfigError, StoppedError, exit_code_of
from connector.events import Event, PageReceived, RequestAnswered, Retried, RunEnded, Throttled, listener_of
from connector.options.value_types import HandedOn
from connector.outside_text import shown
from connector.running.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from os import PathLike

    from connector.events import OnEvent

F = TypeVar("F", bound="Callable[..., Any]")

LOG = logging.getLogger("connector")


class RunMetrics(HandedOn):
    """The figures of one run, and the file that they go to.

    Attributes:
        file: where they are kept.
        figures: of the run's report, once it has one.
        report: what the run's last event has of it: of a run that is stopped, too.
    """

    def __init__(
        self,
        metrics: str | PathLike[str],
        *,
        command: str,
        lake: str | PathLike[str],
    ) -> None:
        """See to it that there can be such a file, before anything is done.

        Args:
            metrics: the file; or a folder that is there, in which it has a name by command and lake.
            command: what runs.
            lake: the lake.

        Raises:
            ConfigError: it cannot be written, or is not this program's file of this command and this lake.
        """
        self._command, self._lake = command, _name_of(os.fspath(lake))
        self._clock = SystemClock()
        self._counts, self._began = RunCounts(), self._clock.now()
        self.figures: ReportFigures | None = None
        self.report: object = None
        place = Path(metrics).expanduser()
        if os.fspath(metrics).endswith(os.sep) and not place.is_dir():
            raise ConfigError(f"`metrics` cannot be written: there is no folder {place}")
        self.file: Path = place / _file_name(command, self._lake) if place.is_dir() else place
        folder = _led_to(self.file).parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise ConfigError(f"`metrics` cannot be written: {folder} is no folder that may be written to")
        if self.file.exists() and not self.file.is_file():  # a device or a pipe: replaced, it would be one no more
            raise ConfigError(f"`metrics` {self.file} is no file that can be replaced: name another, or a folder")
        try:
            self._before()
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"`metrics` {self.file} is not to be replaced: {_says(error)}; name another file, or the folder"
            ) from None

    def hear(self, event: Event) -> None:
        """Count an event."""
        match event:
            case PageReceived():
                self._counts.rows += event.rows
            case RequestAnswered():
                self._counts.requests[str(event.status)] += 1
            case Throttled():
                self._counts.refuse(event.reason)
            case Retried():
                self._counts.retried += 1
            case RunEnded():
                self.report = event.report
            case _:
                pass

    def write(self, status: int) -> str | None:
        """Write the file, as a whole; a run that only planned leaves it as it is.

        Args:
            status: the run's exit status.

        Returns:
            Why it could not be written; None where it was.
        """
        if self.figures is not None and self.figures.planned:
            return None
        seconds = self._clock.now() - self._began
        run = EndedRun(status, self._clock.utc(), seconds, self._counts, self.figures)
        try:
            _replace(self.file, to_text(after(self._before(), run), lake=self._lake, command=self._command))
        except (OSError, ValueError) as error:
            return f"the metrics {self.file} could not be written: {_says(error)}"
        return None

    @contextmanager
    def kept(self) -> Generator[None]:
        """Write the file at the end of the block, however that ends; where it cannot be, the log says so."""
        status = 0
        try:
            yield
        except BaseException as error:
            status = _status_of(error)
            raise
        finally:
            if said := self.write(status or (self.figures.status if self.figures is not None else 0)):
                LOG.warning(said)

    def _before(self) -> Samples:
        """Return the samples there are.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is something else.
        """
        try:
            text = self.file.read_text("utf-8")
        except FileNotFoundError:
            return {}
        return from_text(text, lake=self._lake, command=self._command) if text else {}


def _status_of(error: BaseException) -> int:
    """Return the exit status that a call comes to which raises an error; being cancelled is being stopped."""
    return StoppedError.exit_code if isinstance(error, asyncio.CancelledError) else exit_code_of(error)


def measured(command: str, figures_of: Callable[[Any], ReportFigures]) -> Callable[[F], F]:
    """Have a call whose first argument is a lake heed its option `metrics`.

    It wraps both twins. Whoever is outermost makes a `RunMetrics` of the file's name and writes it; those further in
    are handed it in the name's place, and tell it what they hear and what they come to.

    Args:
        command: what the call is called in the file.
        figures_of: returns what a report comes to: of the awaited twin's.
    """

    def dressed(call: F) -> F:
        def found(destination: Any, metrics: Any) -> RunMetrics:  # noqa: ANN401 - as a call takes them
            return (
                metrics if isinstance(metrics, RunMetrics) else RunMetrics(metrics, command=command, lake=destination)
            )

        @wraps(call)
        async def awaited(destination: Any, *, metrics: Any = None, on_event: Any = None, **given: Any) -> Any:  # noqa: ANN401 - as above
            if metrics is None:
                return await call(destination, on_event=on_event, **given)
            mine = found(destination, metrics)
            if mine is not metrics:
                with mine.kept():
                    return await awaited(destination, metrics=mine, on_event=on_event, **given)
            try:
                report = await call(destination, on_event=_both(mine.hear, on_event), **given)
            except BaseException as error:
                if (report := getattr(error, "report", mine.report)) is not None:
                    mine.figures = figures_of(report)
                raise
            mine.figures = figures_of(report)
            return report

        @wraps(call)
        def plain(destination: Any, *, metrics: Any = None, **given: Any) -> Any:  # noqa: ANN401 - as above
            if metrics is None or isinstance(metrics, RunMetrics):
                return call(destination, **given, **({} if metrics is None else {"metrics": metrics}))
            mine = found(destination, metrics)
            with mine.kept():
                return call(destination, metrics=mine, **given)

        return cast("F", awaited if iscoroutinefunction(call) else plain)

    return dressed


def _both(first: OnEvent, second: OnEvent | None) -> OnEvent:
    other = listener_of(second)

    def hear(event: Event) -> None:
        first(event)
        other(event)

    return hear


def _name_of(lake: str) -> str:
    """Return what the label says: a folder from the root, as others may run it from elsewhere."""
    return shown(lake if "://" in lake else os.path.abspath(Path(lake).expanduser()))  # noqa: PTH100 - of a name, without a look


def _file_name(command: str, lake: str) -> str:
    last = re.sub(r"[^A-Za-z0-9-]+", "-", lake.rstrip("/").rpartition("/")[2])[:40]
    return f"stripe_balance_{command}_{last}_{sha256(lake.encode()).hexdigest()[:8]}.prom"


def _says(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else shown(str(error))


def _led_to(file: Path) -> Path:
    """Return the file that a link leads to, whether it is there or not; any other as it is."""
    return Path(os.path.realpath(file)) if file.is_symlink() else file


def _replace(link: Path, text: str) -> None:
    """Replace a file, or that which a link leads to, as a whole; readable as the umask has it: others collect it.

    Raises:
        OSError: it cannot be; what was there is left.
    """
    file = _led_to(link)
    staged = file.with_name(f".{file.name}.{secrets.token_hex(4)}")  # a collector reads what ends in .prom
    try:
        with staged.open("x", encoding="utf-8") as out:
            out.write(text)
        staged.replace(file)
    except OSError:
        with suppress(OSError):
            staged.unlink()
        raise
