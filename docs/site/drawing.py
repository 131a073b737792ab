"""What a terminal showed, as a drawing: SVG that is text, in the colours of the page around it, light or dark."""

from __future__ import annotations

import itertools
import re
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screen import Line, Style

WIDE, HIGH, MARGIN = 8.4, 19, 16
"""Of a character, and around all; in the units of the drawing."""

FRAME, HELD = 0.5, 8.0
"""Seconds that each picture of a recording stays, and the last one."""

STYLE = """
svg { color-scheme: light dark }
rect { fill: #fbfbfa; stroke: #d8d8d4 }
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #24292f;
  white-space: pre }
.bold { font-weight: 700 } .italic { font-style: italic } .dim { fill: #656d76 }
.red { fill: #b3261e } .green { fill: #18794e } .yellow { fill: #855d00 } .blue { fill: #0b5cad }
.magenta { fill: #8a3ffc } .cyan { fill: #0b6e75 }
@media (prefers-color-scheme: dark) {
  rect { fill: #16181b; stroke: #33373d }
  text { fill: #dfe3e8 } .dim { fill: #98a0aa }
  .red { fill: #ff8a80 } .green { fill: #6bd49a } .yellow { fill: #e3b341 } .blue { fill: #79b8ff }
  .magenta { fill: #d2a8ff } .cyan { fill: #66d9e0 }
}
"""


def drawn(title: str, command: str, frames: Sequence[tuple[Line, ...]], *, columns: int) -> str:
    """Return a drawing of a command and of what it showed: one frame after the other, the last one for longer.

    Args:
        title: what it shows, for those who cannot see it.
        command: as typed.
        frames: what the screen showed; the last one is the end.
        columns: of the terminal.
    """
    prompt: Line = tuple((one, ("dim",)) for one in "$ ") + tuple((one, ("bold",)) for one in command)
    pictures = [(prompt, *lines) for lines in frames]
    height = max(map(len, pictures)) * HIGH + 2 * MARGIN
    width = round(columns * WIDE + 2 * MARGIN)
    moving = _moving(len(pictures)) if len(pictures) > 1 else ""
    groups = [f'<g class="f{number}">\n{_lines(lines)}\n</g>' for number, lines in enumerate(pictures)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{moving}</style>\n"
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n' + "\n".join(groups) + "\n</svg>\n"
    )


def _lines(lines: Sequence[Line]) -> str:
    return "\n".join(_line(line, MARGIN + HIGH * number + 14) for number, line in enumerate(lines) if line)


def _line(line: Line, y: int) -> str:
    """Return a line: a text for each run of one style, held to the columns whatever the reader's font is."""
    parts: list[str] = []
    column = 0
    for style, run in itertools.groupby(line, key=lambda one: one[1]):
        words = "".join(one for one, _ in run)
        begin = len(words) - len(words.lstrip(" "))
        shown = words.strip(" ")
        if shown:
            x, length = MARGIN + (column + begin) * WIDE, len(shown) * WIDE
            named = _class(style)
            parts.append(f'<text x="{x:.1f}" y="{y}"{named} textLength="{length:.1f}">{escape(shown)}</text>')
        column += len(words)
    return "".join(parts)


def _class(style: Style) -> str:
    return f' class="{" ".join(style)}"' if style else ""


def _moving(frames: int) -> str:
    """Return the styles that show one frame after the other; the last alone to those who want nothing to move."""
    whole = FRAME * (frames - 1) + HELD
    rules = [
        f"g {{ visibility: hidden }} .f{frames - 1} {{ visibility: visible }}",
        "@media (prefers-reduced-motion: no-preference) {",
    ]
    for number in range(frames):
        begin, end = 100 * FRAME * number / whole, 100 * FRAME * (number + 1) / whole
        end = 100.0 if number == frames - 1 else end
        before = "0% { visibility: hidden } " if number else ""
        after = f" {end:.2f}%, 100% {{ visibility: hidden }}" if number < frames - 1 else ""
        rules.append(f"@keyframes f{number} {{ {before}{begin:.2f}% {{ visibility: visible }}{after} }}")
        rules.append(f".f{number} {{ animation: f{number} {whole}s step-end infinite }}")
    return "\n".join([*rules, "}\n"])


def words_of(drawing: str) -> list[str]:
    """Return the lines that a drawing ends with, their words one space apart."""
    last = drawing.rpartition('<g class="f')[2].partition("</g>")[0]
    return [
        " ".join(" ".join(unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", line)).split())
        for line in last.split("\n")[1:]
        if line
    ]
