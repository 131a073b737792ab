"""What was measured, what it is held to, and whether it holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = {"x": 2, "x T": 3, "x least": 3, "MB": 0, "s": 2, "%": 1}
"""Decimals shown, by unit."""

GREW = 1.5
"""Times the first cost that the last one has to be, for growth to be told from noise."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table.

    Attributes:
        key: its name.
        scenario: what measures it.
        what: in words.
        unit: one of `DIGITS`.
        most: the largest value that holds.
        least: the smallest value that holds.
        worsens: whether a machine that others keep busy can only make it worse, so that it holds where it holds there.
    """

    key: str
    scenario: str
    what: str
    unit: str
    most: float = inf
    least: float = -inf
    worsens: bool = True

    @property
    def bound(self) -> str:
        """Return the goal as text."""
        sign, value = ("≤", self.most) if self.most < inf else ("≥", self.least)
        return f"{sign} {value:.3g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured for a goal.

    Attributes:
        key: of the goal.
        samples: one a round, or one in all; at least one.
        at: at what other size than the goal's own; empty for the goal's own.
        note: what else is to be said.
    """

    key: str
    samples: tuple[float, ...]
    at: str = ""
    note: str = ""

    @property
    def value(self) -> float:
        """Return the median."""
        return median(self.samples)


@dataclass(frozen=True, slots=True)
class Missing:
    """A goal that nothing could be measured for, and why."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """A goal and what was measured for it, if anything was.

    Attributes:
        goal: what it is held to.
        figure: what was measured.
        why_not: why nothing was.
        busy: whether the machine was, so that seconds tell of others.
    """

    goal: Goal
    figure: Figure | None = None
    why_not: str = ""
    busy: bool = False

    @property
    def value(self) -> str:
        """Return the median as text, with the spread where there are several samples."""
        if self.figure is None:
            return "-"
        digits, samples = DIGITS[self.goal.unit], self.figure.samples
        spread = f" ({min(samples):.{digits}f} to {max(samples):.{digits}f})" if len(samples) > 1 else ""
        return f"{self.figure.value:.{digits}f} {self.goal.unit}{spread}"

    @property
    def is_told(self) -> bool:
        """Whether the figure says something of what was measured, and not of others."""
        return self.figure is not None and not (self.busy and not (self.goal.worsens and self._holds))

    @property
    def verdict(self) -> str:
        """Say whether it holds; a smaller size than the goal's own proves nothing of that."""
        if self.figure is None:
            return f"not measured: {self.why_not}"
        if not self.is_told:
            return "not told: others kept the machine busy"
        at = f" at {self.figure.at}" if self.figure.at else ""
        return f"{'holds' if self._holds else 'does not hold'}{at}"

    @property
    def _holds(self) -> bool:
        return self.figure is not None and self.goal.least <= self.figure.value <= self.goal.most


def lines_of(goals: list[Goal], found: Sequence[Figure | Missing], why_not: str = "no figure came") -> list[Line]:
    """Return the table: each goal with its figure.

    Args:
        goals: in order.
        found: what was measured, and what could not be.
        why_not: said of goals that are in neither.

    Raises:
        ValueError: something found is of no goal, or two are of one.
    """
    by_key = {one.key: one for one in found}
    strange = by_key.keys() - {goal.key for goal in goals}
    if strange or len(by_key) < len(found):
        raise ValueError(f"figures without a goal, or twice: {sorted(strange) or [one.key for one in found]}")
    lines: list[Line] = []
    for goal in goals:
        one = by_key.get(goal.key)
        is_figure = isinstance(one, Figure)
        lines.append(Line(goal, one) if is_figure else Line(goal, why_not=one.why if one else why_not))
    return lines


def plain(line: Line) -> str:
    """Return a line of the table for a terminal."""
    figure = line.figure
    text = f"{line.goal.scenario:<15} {line.goal.what:<58} {line.value:<24} {line.goal.bound:<9} {line.verdict}"
    return f"{text}\n{'':16}{figure.note}" if figure and figure.note else text


def ratios(ours: list[float], theirs: list[float]) -> tuple[float, ...]:
    """Return ours over theirs, round by round: what troubled a round troubled both."""
    return tuple(one / other for one, other in zip(ours, theirs, strict=True))


def in_turn(peers: list[str], number: int) -> list[str]:
    """Return the peers in the order of a round: each comes first in turn."""
    start = number % len(peers)
    return [*peers[start:], *peers[:start]]


def bend(sizes: list[float], costs: list[float]) -> float:
    """Say how cost grows with size, from three sizes: what the next unit costs late, over what it costs early.

    1 is linear, below 1 is cheaper; of three sizes that double, n² gives 2, n log n at these sizes about 1.1.

    Raises:
        ValueError: not three sizes, or the cost grew too little to be told from noise.
    """
    first, second, third = sizes
    early = (costs[1] - costs[0]) / (second - first)
    if early <= 0 or costs[2] < GREW * costs[0]:
        raise ValueError(f"the largest size cost {costs[2] / costs[0]:.2f} x the smallest: too little to tell")
    return (costs[2] - costs[1]) / (third - second) / early
