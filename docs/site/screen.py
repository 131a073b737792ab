"""A terminal as small as what our own commands need: bytes in, lines of styled characters out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LONGEST = 300.0
"""Seconds that a command may take."""

_TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)", re.DOTALL)
_COLOURS = {31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan", 37: "", 39: ""}

_INDEXED = {237: 2, 197: 35, 70: 32, 106: 32}
"""What colours by number are called here: those of rich's bar, for the rest, what is done, and the end."""

Style = tuple[str, ...]
"""Names of styles, sorted: `bold`, `dim`, `italic`, and a colour."""

Line = tuple[tuple[str, Style], ...]
"""Characters of a line, each with its style."""


@dataclass
class Screen:
    """What a terminal shows: as many lines as it was sent.

    Raises:
        ValueError: by `feed`, of what is not known here, so that no picture is wrong in silence.
    """

    lines: list[list[tuple[str, Style]]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    style: frozenset[str] = frozenset()

    def feed(self, text: str) -> None:
        """Take what a program writes."""
        position = 0
        for found in _TOKEN.finditer(text):
            if found.start() != position:
                raise ValueError(f"not known here: {text[position : found.start()]!r}")
            position = found.end()
            numbers, order, control, words = found.groups()
            if words is not None:
                self._write(words)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self._down()
            else:
                self._obey(numbers, order)

    def shown(self) -> tuple[Line, ...]:
        """Return the lines, without what is blank at their ends and at the end of all."""
        lines = [_without_blanks(line) for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return tuple(lines)

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def _write(self, words: str) -> None:
        line, style = self.lines[self.row], tuple(sorted(self.style))
        line.extend((" ", ()) for _ in range(self.column - len(line)))
        line[self.column : self.column + len(words)] = [(one, style) for one in words]
        self.column += len(words)

    def _obey(self, numbers: str, order: str) -> None:
        if order == "m":
            names = re.sub(r"\b38;5;([0-9]+)", lambda found: str(_INDEXED.get(int(found[1]), -1)), numbers or "0")
            for number in map(int, names.split(";")):
                self._restyle(number)
        elif order == "K":
            line = self.lines[self.row]
            del line[0 if numbers == "2" else self.column :]
        elif order == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif not (order in "hl" and numbers == "?25"):
            raise ValueError(f"not known here: ESC [{numbers}{order}")

    def _restyle(self, number: int) -> None:
        names = {1: "bold", 2: "dim", 3: "italic"}
        if number == 0:
            self.style = frozenset()
        elif number in names:
            self.style |= {names[number]}
        elif number in _COLOURS:
            self.style = (self.style & set(names.values())) | ({_COLOURS[number]} - {""})
        else:
            raise ValueError(f"not known here: ESC [{number}m")


def _without_blanks(line: list[tuple[str, Style]]) -> Line:
    end = len(line)
    while end and line[end - 1][0] == " ":
        end -= 1
    return tuple(line[:end])


def watch(
    command: Sequence[str], *, columns: int, environ: Mapping[str, str], folder: Path
) -> tuple[list[tuple[float, str]], int]:
    """Run a command on a terminal of so many columns.

    Returns:
        What it wrote, with the seconds since its start, and its exit status.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    environ = {name: value for name, value in environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    environ |= {"TERM": "xterm-256color", "COLORTERM": "", "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written: list[tuple[float, bytes]] = []
        while time.monotonic() < begun + LONGEST and select.select([ours], [], [], LONGEST)[0]:
            try:
                written.append((time.monotonic() - begun, os.read(ours, 1 << 16)))
            except OSError:  # how Linux says that nobody has the other end any more
                break
            if not written[-1][1]:
                break
        os.close(ours)
    return _decoded(written), process.returncode


def _decoded(written: list[tuple[float, bytes]]) -> list[tuple[float, str]]:
    """Return text, where no character is cut in two."""
    found: list[tuple[float, str]] = []
    rest = b""
    for at, some in written:
        whole = rest + some
        end = len(whole) if whole[-1:] < b"\x80" else max(whole.rfind(b"\n"), whole.rfind(b"\x1b"))
        end = max(end, 0)
        rest = whole[end:]
        found.append((at, whole[:end].decode()))
    return [*found, (written[-1][0] if written else 0.0, rest.decode())]
