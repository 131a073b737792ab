"""Drawings of figures, as SVG. Pure: text from numbers."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, STEP, TOP = 900, 410, 60, 30, 44
INK, SOFT, LINE = "#24292f", "#8c959f", "#d0d7de"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's, which colour-blind people tell apart; a curve beyond them is dashed, too."""

BREADTH, HEIGHT = 560, 220
"""Of the plane of curves."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A median with its spread, and what it is to stay below.

    Attributes:
        name: what it is.
        values: the samples; the bar ends at their median, given apart.
        middle: the median.
        goal: drawn as a mark; None for none.
    """

    name: str
    values: tuple[float, ...]
    middle: float
    goal: float | None = None


def bars(title: str, shown: list[Bar]) -> str:
    """Draw bars from zero, one below the other, each with its spread and its goal; 1 is marked."""
    most = max(1.1, *(max(*bar.values, bar.goal or 0.0) for bar in shown)) * 1.05
    scale = (WIDTH - LEFT - RIGHT) / most
    height = TOP + STEP * len(shown) + 30
    one = LEFT + scale
    parts = [f'<line x1="{one:.1f}" y1="{TOP - 8}" x2="{one:.1f}" y2="{height - 24}" stroke="{LINE}"/>']
    parts.append(_text(one, height - 8, "1", anchor="middle", colour=SOFT))
    for number, bar in enumerate(shown):
        top = TOP + STEP * number
        middle, low, high = (LEFT + scale * value for value in (bar.middle, min(bar.values), max(bar.values)))
        centre = top + 8
        parts += [
            _text(LEFT - 10, top + 13, bar.name, anchor="end"),
            f'<rect x="{LEFT}" y="{top}" width="{middle - LEFT:.1f}" height="16" fill="{COLOURS[0]}" opacity="0.75"/>',
            f'<line x1="{low:.1f}" y1="{centre}" x2="{high:.1f}" y2="{centre}" stroke="{INK}" stroke-width="2"/>',
            _text(max(middle, high) + 6, top + 13, f"{bar.middle:.2f}"),
        ]
        if bar.goal is not None:
            x = LEFT + scale * bar.goal
            parts.append(
                f'<line x1="{x:.1f}" y1="{top - 4}" x2="{x:.1f}" y2="{top + 20}"'
                f' stroke="{COLOURS[2]}" stroke-width="3"/>'
            )
    return _drawing(title, WIDTH, height, parts)


def curves(title: str, series: dict[str, list[tuple[float, float]]], *, unit: str) -> str:
    """Draw series of points: sizes evenly spaced from left to right, values from zero up."""
    sizes = sorted({size for points in series.values() for size, _ in points})
    most = max(value for points in series.values() for _, value in points) * 1.1
    left, bottom = 70, TOP + HEIGHT
    across = {size: left + BREADTH * (number + 0.5) / len(sizes) for number, size in enumerate(sizes)}
    parts = [
        f'<line x1="{left}" y1="{bottom}" x2="{left + BREADTH}" y2="{bottom}" stroke="{SOFT}"/>',
        *(_text(x, bottom + 18, f"{size:,.0f}", anchor="middle", colour=SOFT) for size, x in across.items()),
    ]
    for quarter in range(1, 5):
        value = most * quarter / 4.4
        y = bottom - HEIGHT * value / most
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + BREADTH}" y2="{y:.1f}" stroke="{LINE}"/>')
        parts.append(_text(left - 8, y + 4, f"{value:.0f} {unit}", anchor="end", colour=SOFT))
    for number, (name, points) in enumerate(series.items()):
        colour, dashed = COLOURS[number % len(COLOURS)], ' stroke-dasharray="6 4"' * (number // len(COLOURS))
        at = [(across[size], bottom - HEIGHT * value / most) for size, value in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
        right, row = left + BREADTH + 20, TOP + 12 + 24 * number
        parts.append(
            f'<line x1="{right}" y1="{row}" x2="{right + 24}" y2="{row}" stroke="{colour}" stroke-width="3"{dashed}/>'
        )
        parts.append(_text(right + 32, row + 4, name))
    return _drawing(title, WIDTH, max(bottom, TOP + 24 * len(series)) + 34, parts)


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _drawing(title: str, width: int, height: int, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' font-family="sans-serif" font-size="13">'
    )
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", ground, _text(16, 24, title), *parts, "</svg>", ""])
