"""Which time a task asks for: what it was told, else the data interval of its run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from connector.airflow.rendered import NOTHING
from connector.core.time.times import to_seconds
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.time.times import Time

OnEmptyInterval = Literal["lacking", "fail"]
"""What a run without a data interval stands for: all that the lake lacks, or an error."""

EVENTS = "dataset_triggered"
"""Type of a run of Airflow 2 that datasets triggered."""

FIRST_SECONDS = 10**8
"""Numbers from here on are UTC seconds (of 1973 and later); smaller ones are written like a date."""


@dataclass(frozen=True, slots=True)
class AskedInterval:
    """The time a task asks for.

    Attributes:
        since: first moment; None for the beginning.
        until: moment after the last; None for now.
        by_interval: whether it is the data interval of the run.
    """

    since: Time | None = None
    until: Time | None = None
    by_interval: bool = False


def asked_of(since: Any, until: Any, context: Mapping[str, Any], on_empty: OnEmptyInterval) -> AskedInterval:  # noqa: ANN401 - what a template came to
    """Return the time that a task asks for.

    Args:
        since: as the task was told, its templates rendered; None, and what templates make of nothing, for not told.
        until: the same.
        context: of the run. In Airflow 3 a run that an asset triggered, or one without a logical date, has no data
            interval, and one of `schedule="@daily"` an empty one. In Airflow 2 the interval of a run that datasets
            triggered is that of whatever told them, which follows on no other: it counts as none.
        on_empty: what a run stands for that has no data interval, or an empty one.

    Returns:
        What was told, where either was; else the data interval in whole seconds; else everything.

    Raises:
        UsageError: there is no interval, and that is to fail.
    """
    first, last = told(since), told(until)
    if first is not None or last is not None:
        return AskedInterval(first, last)
    start, stop = (None, None) if _of_events(context) else _interval(context)
    if start is not None and stop is not None and start < stop:
        return AskedInterval(start, stop, by_interval=True)
    if on_empty == "lacking":
        return AskedInterval()
    said = "none" if start is None or stop is None else "an empty one"
    raise UsageError(
        f"this run has {said} for a data interval, and `on_empty_interval` is 'fail': schedule it by"
        " CronDataIntervalTimetable, say what to read with `since` and `until`, or leave `on_empty_interval` out to"
        " have all that the lake lacks"
    )


def told(value: Any) -> Time | None:  # noqa: ANN401 - what a template came to
    """Return a time as it was given, in whole seconds, as `created` is; None for what templates make of nothing.

    A number of up to eight digits is a date or a year, as in a text: `render_template_as_native_obj` makes `20260131`,
    which `{{ ds_nodash }}` came to, a number, and as seconds that would be a day of 1970.
    """
    if type(value) is int and 0 < value < FIRST_SECONDS:
        return str(value)
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in NOTHING:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return moment.replace(microsecond=0) if moment.microsecond else text
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def _of_events(context: Mapping[str, Any]) -> bool:
    return getattr(context.get("dag_run"), "run_type", None) == EVENTS


def _interval(context: Mapping[str, Any]) -> tuple[int | None, int | None]:
    return _seconds(context.get("data_interval_start")), _seconds(context.get("data_interval_end"))


def _seconds(moment: object) -> int | None:
    return to_seconds(told(moment) or 0, name="data_interval") if isinstance(moment, date) else None
