"""Where words go: data to stdout, the rest to stderr.

Everything that is written goes through a `Console`, which lets out nothing that could steer a terminal or forge a line,
and no key: text for people is escaped, one line at a time; data is only where a terminal shows it, by JSON's own
escapes, so that JSON says the same, and reaches files and pipes as it is.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any, Literal

from connector.cli.display.failures import document_of, line_of, traceback_of
from connector.cli.display.fitting import continued, fitted, is_terminal, width_of
from connector.cli.display.flags import in_flags
from connector.errors import StorageError, UsageError, exit_code_of
from connector.outside_text import document_without_keys, in_json, shown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Mapping, Sequence
    from typing import TextIO

PIPE_CLOSED = 141
"""Exit status when the reader of stdout or stderr went away: what shells show for `yes | head` and its like."""

TOKENS_AT_ONCE = 2**14
"""Names, values and marks of a JSON document that are written at once: some hundred kilobytes."""

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_SHOW_CURSOR = "\x1b[?25h\n"
_OURS = "stripe-balance: "

Level = Literal["info", "warning", "error"]


@dataclass(slots=True)
class Console:
    """The process's two streams, and how talkative to be.

    Attributes:
        json: whether stdout is to hold one JSON object.
        quiet: whether to say nothing but errors.
        verbose: whether to say more.
        progress: `rich`, `plain`, `json` or `none`, chosen by the terminal.
        secrets: what must not be written anywhere.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress: str = "none"
    secrets: set[str] = field(default_factory=set[str])
    _seal: str = field(init=False, default_factory=lambda: os.urandom(8).hex())
    _answered: bool = field(init=False, default=False)

    @classmethod
    def for_words(cls, words: Sequence[str]) -> Console:
        """Return a console for a command line that is not parsed yet and may be wrong."""
        secret = os.environ.get("STRIPE_API_KEY", "").strip()
        return cls(
            json="--json" in words,
            verbose="-v" in words or "--verbose" in words,
            progress="json" if _asks_for_lines_of_json(words) else "none",
            secrets={secret} if secret else set(),
        )

    def configure(self, args: argparse.Namespace) -> None:
        """Take over the parsed options."""
        options = vars(args)
        self.json, self.quiet = options.get("json", False), options.get("quiet", False)
        self.verbose = options.get("verbose", False)
        self.progress = self._progress(options.get("progress", "none"))

    @property
    def colours(self) -> bool:
        """Whether stderr shows colours."""
        return self.progress != "json" and _shows_colours(sys.stderr)

    def paint(self, text: str, style: str) -> str:
        """Return text in a style for `log` and its kin; as it is where stderr shows no colours.

        What `log` takes for a style is sealed, so that nobody else's text can have one.
        """
        return self._sealed(text, style) if self.colours else text

    def paint_data(self, text: str, style: str) -> str:
        """Return text in a style for `text` and `report`; as it is where stdout shows no colours."""
        return self._sealed(text, style) if _shows_colours(sys.stdout) else text

    def _sealed(self, text: str, style: str) -> str:
        return f"\x1b[{self._seal};{_STYLES[style]}m{text}\x1b[{self._seal};0m"

    def symbol(self, fancy: str, plain: str) -> str:
        """Return the first if stderr can show it, else the second."""
        return fancy if self.is_fancy(sys.stderr) else plain

    def is_fancy(self, stream: TextIO | None) -> bool:
        """Say whether a stream can show more than ASCII; one that was closed shows nothing."""
        return stream is not None and (stream.encoding or "").lower().startswith("utf")

    # stderr -----------------------------------------------------------------------------------------------------------

    def log(self, *lines: str, level: Level = "info", **facts: object) -> None:
        """Write lines for people: each stays one, or goes on further in where the terminal is narrower.

        Args:
            lines: what is said.
            level: how grave it is, for those who read stderr as JSON.
            facts: what is said, as values of JSON, for them alone.
        """
        if self.progress == "json":
            record = self._record(lines, level, facts)
            written = f"{json.dumps(record)}\n" if record["message"] or facts else ""  # not of a line left blank
        else:
            width = width_of(sys.stderr)
            written = "".join(f"{fitted(self._styled(line), width)}\n" for line in lines)
        sys.stderr.write(written)
        sys.stderr.flush()

    def _record(self, lines: Sequence[str], level: Level, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is said at one time as an object, for programs that read logs."""
        message = "\n".join(map(self._styled, lines)).strip("\n").removeprefix(_OURS)
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[: -len("000")]
        return {"time": f"{now}Z", "level": level, "message": message, **self.redact_all(dict(facts))}

    def say(self, *lines: str) -> None:
        """Tell people something, unless they asked for quiet or for JSON."""
        if not (self.quiet or self.json):
            self.log(*lines)

    def commands(self, *commands: str, always: bool = False) -> None:
        """Tell people commands, each of which can be copied in one piece; as `say` does, or `always` as `log` does."""
        if not always and (self.quiet or self.json):
            return
        if self.progress == "json":
            self.log(*commands)
        else:
            width = width_of(sys.stderr)
            sys.stderr.write("".join(f"{continued(f'  {self.clean(command)}', width)}\n" for command in commands))
            sys.stderr.flush()

    def note(self, line: str) -> None:
        """Tell those who want to know more."""
        if self.verbose:
            self.log(f"stripe-balance: {line}")

    def warn(self, line: str, *, always: bool = False) -> None:
        """Tell people what they should look at; those who asked for quiet only if it is to be told `always`."""
        if always or not self.quiet:
            said = line if self.progress == "json" else f"{_OURS}{self.paint('warning', 'yellow')}: {line}"
            self.log(said, level="warning")

    def tell(self, line: str) -> None:
        """Tell people what they have to know, even those who asked for quiet."""
        self.log(f"stripe-balance: {line}")

    def complain(self, error: BaseException) -> None:
        """Say in one line what went wrong; with the traceback if asked for, unless it is in the words given."""
        if self.verbose and not isinstance(error, UsageError):
            self.log(*traceback_of(error), level="error")
        self.log(f"{_OURS}{self.paint(line_of(error), 'red')}", level="error", **document_of(error))

    def restore(self) -> None:
        """Give the terminal back its cursor, before the process ends at once."""
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
            sys.stderr.flush()

    # stdout -----------------------------------------------------------------------------------------------------------

    def data(self, text: bytes) -> None:
        """Write data, whole or in parts; a terminal gets it in printable characters, by the escapes of JSON.

        Raises:
            BrokenPipeError: when the reader went away.
            StorageError: when it cannot be written.
        """
        with at_stdout():
            if sys.stdout.isatty():
                lines = text.decode("utf-8", "backslashreplace").replace("\r\n", "\n")  # which CSV ends lines with
                text = in_json(lines).encode()
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()

    def flush(self) -> None:
        """Write what the interpreter still holds back; raises what `data` raises."""
        if sys.stdout is not None:  # closed by whoever started us: then nothing was written
            with at_stdout():
                sys.stdout.flush()

    def text(self, *lines: str) -> None:
        """Write lines for people that were asked for: data in words; as `log` does. Raises what `data` raises."""
        with at_stdout():
            width = width_of(sys.stdout)
            text = "".join(f"{fitted(self._styled(line), width)}\n" for line in lines)
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
            sys.stdout.buffer.flush()

    def report(self, *lines: str, well: bool) -> None:
        """Write lines for people that say how things are: with `--quiet` only where all is not well."""
        if not (self.quiet and well):
            self.text(*lines)

    def document(self, document: Any) -> None:  # noqa: ANN401 - whatever JSON knows
        """Write the one JSON document of `--json`."""
        self._answered = True
        self.json_text(self.redact_all(document))

    def json_text(self, document: Any) -> None:  # noqa: ANN401 - whatever JSON knows
        """Write a JSON document, over several lines, in pieces: one of thousands of accounts has tens of megabytes."""
        tokens = chain(json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(document), "\n")
        while text := "".join(islice(tokens, TOKENS_AT_ONCE)):
            self.data(text.encode("utf-8", "backslashreplace"))  # a lone surrogate: its escape is JSON's

    def answered(self) -> None:
        """Take note that the one JSON object is on its way already, and not to be followed by another."""
        self._answered = True

    # both -------------------------------------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> int:
        """Report what ended the process, and return its exit status."""
        self.complain(error)
        if self.json and not self._answered:
            with suppress(StorageError):  # stdout takes nothing: that is the error, or comes on top of it
                self.document(document_of(error))
        return exit_code_of(error)

    def clean(self, text: str) -> str:
        """Return text as a line for people: printable, without keys."""
        return shown(text, self.secrets)

    def redact_all(self, document: Any) -> Any:  # noqa: ANN401 - whatever JSON knows
        """Return a JSON document without keys in its texts."""
        return document_without_keys(document, self.secrets)

    def _styled(self, line: str) -> str:
        """Return a line for people with the styles that `paint` gave it."""
        parts = re.split(rf"\x1b\[{self._seal};([0-9]+)m", line)
        return "".join(
            f"\x1b[{part}m" if number % 2 else self.clean(in_flags(part)) for number, part in enumerate(parts)
        )

    def _progress(self, asked: str) -> str:
        """Choose how to show progress: `auto` goes by the terminal, and `rich` needs one."""
        if asked in {"plain", "json", "none"}:
            return asked
        if asked == "auto" and (self.quiet or self.json):
            return "none"
        moving = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        return "rich" if moving and (asked == "rich" or not os.environ.get("NO_COLOR")) else "plain"


def _asks_for_lines_of_json(words: Sequence[str]) -> bool:
    return "--progress=json" in words or ("--progress", "json") in pairwise(words)


def _shows_colours(stream: TextIO | None) -> bool:
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def at_stdout() -> Generator[None]:
    """Write to stdout in the block.

    Raises:
        BrokenPipeError: the reader went away.
        StorageError: it cannot be written; nothing more is tried.
    """
    if sys.stdout is None:
        raise StorageError("cannot write to stdout: it is closed")
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget(sys.stdout)
        raise StorageError(f"cannot write to stdout: {error.strerror or error}") from error


def forget_the_broken() -> None:
    """Forget what is left for readers that went away, of stdout or of stderr."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            _forget(stream)


def _forget(stream: TextIO) -> None:
    """Send to nowhere what is left, so that the interpreter does not complain, and change the status, at its end."""
    with suppress(OSError, ValueError):  # replaced by something in memory
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
