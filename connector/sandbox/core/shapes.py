"""When an account's rows happen: the shapes of its history.

Each shape gives every day a weight; rows are dealt to days by rounding the running total, so the count is exact, and to
seconds within a day by the hours people buy in.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from connector.sandbox.core.kinds import DAY, HOUR

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

SHAPES = ("steady", "growth", "launch", "burst", "second", "sparse", "seasonal", "dead")
"""Steady; exponential growth; an old account that only lately began; half of all rows in one day; many rows in one
second; few active days; a summer low and a December high; nothing after the first tenth."""

_WEEKEND = 5
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 10, 9, 9, 8, 6, 4, 3)
_HOUR_OF = tuple(hour for hour, weight in enumerate(_HOURS) for _ in range(weight))


def moments(shape: str, count: int, span: tuple[int, int], rng: random.Random, *, hot: int = 0) -> array[int]:
    """Draw `count` moments in UTC seconds, ascending, in `[span[0], span[1])`.

    Args:
        shape: one of SHAPES.
        count: how many.
        span: first second, and the second after the last.
        rng: the world's source of chance.
        hot: for the shape `second`, how many rows share the one hot second.

    Raises:
        ValueError: the shape is not known or the span is empty.
    """
    start, end = span
    if shape not in SHAPES or end <= start:
        raise ValueError(f"no moments of shape {shape!r} in [{start}, {end})")
    crowd = min(hot, count) if shape == "second" else 0
    out = array("q")
    first = start // DAY
    days = (end - 1) // DAY - first + 1
    pattern = _weights(shape, days, rng)

    def weight(day: int) -> float:
        floor = (first + day) * DAY
        return pattern(day) * (min(floor + DAY, end) - max(floor, start)) / DAY

    total = math.fsum(weight(day) for day in range(days)) or 1.0
    running, dealt = 0.0, 0
    for day in range(days):
        running += weight(day)
        upto = count - crowd if day == days - 1 else round(running / total * (count - crowd))
        out.extend(_within(first + day, upto - dealt, span, rng))
        dealt = upto
    return _with_crowd(out, crowd, start + (end - start) // 2)


def _within(day: int, count: int, span: tuple[int, int], rng: random.Random) -> list[int]:
    """Moments of one day, sorted, kept inside the span on its first and last day."""
    random, hours, floor = rng.random, len(_HOUR_OF), day * DAY
    low, high = max(floor, span[0]), min(floor + DAY, span[1])
    if high - low < DAY:
        return sorted(low + int(random() * (high - low)) for _ in range(count))
    return sorted(floor + _HOUR_OF[int(random() * hours)] * HOUR + int(random() * HOUR) for _ in range(count))


def _with_crowd(ascending: array[int], crowd: int, second: int) -> array[int]:
    """Put `crowd` rows into one second of an ascending history."""
    if not crowd:
        return ascending
    return array("q", sorted([*ascending, *[second] * crowd]))


def _weights(shape: str, days: int, rng: random.Random) -> Callable[[int], float]:
    """The weight of a day, 0 being the first, before weekends are thinned out."""
    peak = int(days * 0.6)
    active = {int(rng.random() * days) for _ in range(max(1, days // 12))} if shape == "sparse" else set[int]()
    rest = max(days - 1, 1)

    patterns: dict[str, Callable[[float], float]] = {
        "growth": lambda part: math.exp(5 * part),
        "launch": lambda part: float(part >= min(_LAUNCHED, 1 - 1 / days)),
        "burst": lambda part: float(rest) if round(part * days) == peak else 1.0,
        "sparse": lambda part: float(round(part * days) in active),
        "seasonal": lambda part: 1.0 + 0.8 * math.cos(2 * math.pi * (part - 0.95)),
        "dead": lambda part: float(part < max(_ALIVE, 1 / days)),
    }
    pattern = patterns.get(shape, lambda _: 1.0)
    weekly = shape not in {"burst", "sparse"}

    def weight(day: int) -> float:
        quiet = weekly and (day + 3) % 7 >= _WEEKEND
        return pattern(day / days) * (0.6 if quiet else 1.0)

    return weight


_LAUNCHED = 0.95
_ALIVE = 0.1
