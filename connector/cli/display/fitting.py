"""Lines that fit a terminal: broken between words, and further in where they go on than where they began."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

NARROWEST = 40
"""Columns below which nothing is broken: there words would stand alone."""

_DEEPEST = 0.5
"""Share of the width that the indentation may take."""

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_GOES_ON = " \\"
_WORD = r"""(?:"[^"]*"|'[^']*'|[^\s"'])+"""
_PART = re.compile(rf"(?:-{_WORD}|>+) +(?![->]){_WORD}|{_WORD}")
"""A word of a command, or an option with the word after it, which may be its value."""
_QUOTED = re.compile(r" *(?:[^ `]*`[^`]*`[^ `]*|[^ ]+)")
_LABEL = re.compile(r"\s*(?:[-*] |\S+(?: \S+)*?\s{2,})?")


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a stream of the process is a terminal; it is None where it was closed by whoever started us."""
    return stream is not None and stream.isatty()


def width_of(stream: TextIO | None) -> int | None:
    """Return the columns of the terminal that a stream is; None where it is none, or does not say."""
    if stream is None or not stream.isatty():
        return None
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def fitted(line: str, width: int | None) -> str:
    """Break a line into lines of at most so many columns, but for words that are longer.

    What stands between backticks stays together where it fits a line, so that a command can be copied in one piece.
    What goes on stands below the first word after the label, a text that two spaces follow (`  rows      20,000 new`),
    else two columns further in than the line.

    Args:
        line: printable text, with styles; without line feeds.
        width: columns; None for as many as it takes.
    """
    if width is None or width < NARROWEST or columns(line) <= width:
        return line
    hang = _hang(_STYLE.sub("", line), width)
    indent = len(line) - len(line.lstrip(" "))
    lines: list[str] = []
    current = " " * indent
    for word in _words(line[indent:], width - hang):
        if current.strip() and columns(current + word) > width:
            lines.append(current)
            current, word = " " * hang, word.lstrip(" ")  # noqa: PLW2901 - the spaces are where the line is broken
        current += word
    return "\n".join([*lines, current])


def _words(text: str, width: int) -> Iterator[str]:
    """Yield the words of a text, each with the spaces before it; what is quoted by backticks is one where it fits."""
    for word in _QUOTED.findall(text):
        yield from [word] if columns(word.strip()) <= width else re.findall(r" *[^ ]+", word)


def continued(command: str, width: int | None) -> str:
    """Break a command of a shell so that it can be copied in one piece: a backslash at the end of a line that goes on.

    Args:
        command: in a line, perhaps indented; what is in quotes stays together.
        width: columns; None for as many as it takes.
    """
    if width is None or width < NARROWEST or columns(command) <= width:
        return command
    indent = " " * (len(command) - len(command.lstrip(" ")))
    lines: list[str] = []
    current = ""
    for part in _PART.findall(command):
        if current and columns(f"{current} {part}{_GOES_ON}") > width:
            lines.append(f"{current}{_GOES_ON}")
            current = f"{indent}  {part}"
        else:
            current = f"{current} {part}" if current else f"{indent}{part}"
    return "\n".join([*lines, current])


def columns(text: str) -> int:
    """Return how many columns a terminal takes for a text, its styles left out."""
    plain = _STYLE.sub("", text)
    if plain.isascii():
        return len(plain)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in plain
    )


def _hang(line: str, width: int) -> int:
    match = _LABEL.match(line)
    label = columns(match[0]) if match else 0
    indent = len(line) - len(line.lstrip(" "))
    return label if indent < label <= width * _DEEPEST else min(indent + 2, width // 2)
