"""How many rows there are of each day, as a calendar of signs: a line a month; a line a year of monthly files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.state.partition import Granularity, partition_of
from connector.core.time.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.state.table_state import TableState

FANCY, PLAIN = "▁▂▃▄▅▆▇█", "12345678"
"""Signs of how many, the most last; the second where a terminal shows no others."""

NONE, UNREAD, BEFORE = "·", "?", " "
"""Signs of time without rows, of time between what was read that was not, and of time before it."""

LINES = 12
"""Lines of a calendar, at most; older rows are counted in one more."""

_LABELS = {Granularity.DAY: "%Y-%m", Granularity.MONTH: "%Y", Granularity.YEAR: "years"}


@dataclass(frozen=True, slots=True)
class Period:
    """What one sign stands for.

    Attributes:
        start: its first second, UTC.
        stop: the second after its last.
        rows: how many there are.
        read: whether any of it was read.
        before: whether it is before all that was read.
    """

    start: int
    stop: int
    rows: int
    read: bool
    before: bool


def calendar_lines(state: TableState, signs: str = FANCY) -> list[tuple[str, str, str]]:
    """Return a label, a sign for each period, and how many rows these have, line by line; the last explains the signs.

    Args:
        state: of an account.
        signs: `FANCY` or `PLAIN`.
    """
    shown_periods = periods(state)
    most = max((period.rows for period in shown_periods), default=0)
    if not most:
        return []
    groups = [
        (name, list(some)) for name, some in groupby(shown_periods, key=lambda period: _label(period, state.partition))
    ]
    older, shown = groups[:-LINES], groups[-LINES:]
    lines = [(name, "".join(_sign(period, most, signs) for period in some), _rows(some)) for name, some in shown]
    if older:
        lines.insert(0, ("before", f"from {older[0][0]} on", _rows([period for _, some in older for period in some])))
    none = NONE if signs == FANCY else "."
    says = f"a sign each {state.partition.value}: {signs[-1]} is {counted(most, 'row')}, {none} none"
    return [
        *lines,
        ("", f"{says}, {UNREAD} not read" if any(_is_gap(period) for period in shown_periods) else says, ""),
    ]


def latest(state: TableState, signs: str = FANCY) -> str:
    """Return a sign for each of the last twelve months, or years where a file holds one."""
    months: dict[str, int] = {}
    for period in periods(state):
        name = (
            f"{_moment(period.start):%Y}" if state.partition is Granularity.YEAR else f"{_moment(period.start):%Y-%m}"
        )
        months[name] = months.get(name, 0) + period.rows
    most = max(months.values(), default=0)
    return "".join(_level(rows, most, signs) for rows in list(months.values())[-LINES:]).rjust(LINES)


def periods(state: TableState) -> list[Period]:
    """Return every partition from the first that has rows to the last that was read, with those before in its line."""
    rows = {partition_of(file.first_created, state.partition).start: file.rows for file in state.files.values()}
    if not rows:
        return []
    first = partition_of(min(rows), _wider(state.partition)).start
    end = max(max(rows) + 1, state.read_until)
    return list(_periods(state, rows, first, end))


def _periods(state: TableState, rows: dict[int, int], second: int, end: int) -> Iterator[Period]:
    begins = min((part.start for part in state.covered), default=end)
    while second < end:
        key = partition_of(second, state.partition)
        read = bool(state.covered.touching(Interval(key.start, key.stop)))
        yield Period(key.start, key.stop, rows.get(key.start, 0), read, key.stop <= begins)
        second = key.stop


def _wider(granularity: Granularity) -> Granularity:
    return Granularity.MONTH if granularity is Granularity.DAY else Granularity.YEAR


def _label(period: Period, granularity: Granularity) -> str:
    return _moment(period.start).strftime(_LABELS[granularity])


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _rows(some: list[Period]) -> str:
    return counted(sum(period.rows for period in some), "row")


def _is_gap(period: Period) -> bool:
    return not (period.rows or period.read or period.before)


def _sign(period: Period, most: int, signs: str) -> str:
    if period.before and not period.rows:
        return BEFORE
    return UNREAD if _is_gap(period) else _level(period.rows, most, signs)


def _level(rows: int, most: int, signs: str) -> str:
    if not rows:
        return NONE if signs == FANCY else "."
    return signs[ceil(rows * len(signs) / most) - 1]
