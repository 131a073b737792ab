"""The drawing of the layers, made from the contracts that import-linter holds. Pure: SVG from what pyproject says.

`make drawing` writes it to docs/architecture.svg; tests/test_architecture.py says when it has to be made again.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
DRAWING = ROOT / "docs" / "architecture.svg"
WIDTH, SIDE, MARGIN, ROW, GAP, TOP = 900, 170, 16, 46, 10, 34
STYLE = """\
text { fill: #24292f; font: 13px sans-serif }
.says { fill: #57606a; font-size: 11px }
rect { fill: #f6f8fa; stroke: #d0d7de }
.pure rect { fill: #ddf4ff; stroke: #54aeff }
.apart rect { fill: #fff8c5; stroke: #d4a72c }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .says { fill: #9198a1 }
  rect { fill: #161b22; stroke: #3d444d }
  .pure rect { fill: #0c2d6b; stroke: #388bfd }
  .apart rect { fill: #3b2300; stroke: #9e6a03 }
}"""
LETTER = 5.6
"""Breadth of a letter of what a room says, in the drawing's units."""


def layers() -> list[list[str]]:
    """The layers from the top down, each with what stands side by side in it."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    contract = next(one for one in contracts if one["type"] == "layers" and one["containers"] == ["connector"])
    return [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]


def purpose(room: str) -> str:
    """What a package or a module says it is: the first clause of its docstring."""
    file = ROOT / "connector" / room / "__init__.py"
    file = file if file.exists() else ROOT / "connector" / f"{room}.py"
    told = (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n", 1)[0]
    return told.split(": ")[0].split("; ")[0].rstrip(".")


def drawing() -> str:
    """Draw the layers one below the other, what is imported below what imports it; the sandbox stands beside."""
    shown = [rooms for rooms in layers() if rooms != ["__main__"]]
    height = TOP + len(shown) * (ROW + GAP) + MARGIN
    across = WIDTH - SIDE - 3 * MARGIN
    parts = [_text(MARGIN, 22, "Imports go down only")]
    for number, rooms in enumerate(shown):
        breadth = (across - GAP * (len(rooms) - 1)) / len(rooms)
        for place, room in enumerate(rooms):
            x, y = MARGIN + place * (breadth + GAP), TOP + number * (ROW + GAP)
            parts.append(_room(x, y, breadth, room, "pure" if room == "core" else "room"))
    parts.append(_room(WIDTH - SIDE - MARGIN, TOP, SIDE, "sandbox", "apart", tall=height - TOP - MARGIN - GAP))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>The layers of the package; each imports only what is below it</title>"
    return "\n".join([head, title, f"<style>\n{STYLE}\n</style>", *parts, "</svg>", ""])


def _room(x: float, y: float, breadth: float, name: str, kind: str, *, tall: float = ROW) -> str:
    """One box: a name, and what it is in as many lines as fit."""
    lines = _lines(purpose(name), int((breadth - 16) / LETTER), int((tall - 30) / 15))
    said = "".join(_text(x + 8, y + 36 + 15 * number, line, "says") for number, line in enumerate(lines))
    box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{breadth:.1f}" height="{tall:.1f}" rx="4"/>'
    return f'<g class="{kind}">{box}{_text(x + 8, y + 19, name)}{said}</g>'


def _lines(text: str, letters: int, most: int) -> list[str]:
    """Break a text at its words into lines of so many letters; what is too long for the last one ends in dots."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > letters and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{styled}>{escape(text)}</text>'


if __name__ == "__main__":
    sys.exit(DRAWING.write_text(drawing(), "utf-8") and None)
