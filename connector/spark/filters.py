"""Filters of a query, as far as Stripe's list knows them: they narrow what is read, and Spark filters as ever. Pure.

Nothing depends on how the list understands them, as long as it leaves out no row that Spark would keep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Literal

from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.spark.read_options import ReadOptions

Comparison = Literal["=", ">", ">=", "<", "<="]

EXACT = ("type", "currency", "source")
"""Columns that the list has a filter for."""


@dataclass(frozen=True, slots=True)
class ColumnCondition:
    """A filter that compares a column with a value.

    Attributes:
        column: its name.
        how: the comparison.
        value: a text, a number, a moment, or a date.
    """

    column: str
    how: Comparison
    value: Any


def narrowed(asked: ReadOptions, filters: Iterable[ColumnCondition]) -> ReadOptions | None:
    """Return what is asked for, less what filters leave out; None where nothing is left.

    Args:
        asked: what the options ask for.
        filters: all of which hold for each row that is wanted; others than the list knows count for nothing.
    """
    for condition in filters:
        if condition.column == "created" and (within := _seconds(condition)) is not None:
            start, stop = max(asked.within.start, within.start), min(asked.within.stop, within.stop)
            if start >= stop:
                return None
            asked = replace(asked, within=Interval(start, stop))
        elif (
            condition.column in EXACT and condition.how == "=" and isinstance(condition.value, str) and condition.value
        ):
            asked = _with(asked, condition.column, condition.value)
    return asked


def _with(asked: ReadOptions, column: str, value: str) -> ReadOptions:
    """Add a filter, where the options have none: of two, Spark looks at this one."""
    if column == "currency":
        value = value.lower()
        if not (value.isascii() and value.isalpha()):
            return asked
    if asked.filters.get(column) is not None:
        return asked
    return replace(asked, filters={**asked.filters, column: value})


def _seconds(condition: ColumnCondition) -> Interval | None:
    """Return the seconds that a comparison leaves, at least; None for all."""
    moment = _moment(condition.value)
    if moment is None:
        return None
    start, stop = 0, END_OF_TIME
    if condition.how in {"=", ">=", ">"}:
        start = max(0, ceil(moment) if condition.how != ">" else floor(moment) + 1)
    if condition.how in {"=", "<=", "<"}:
        stop = min(END_OF_TIME, floor(moment) + 1 if condition.how != "<" else ceil(moment))
    return Interval(start, stop) if start < stop else Interval(0, 1)


def _moment(value: object) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp() if value.tzinfo is not None else None
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return None
