"""Which time a task asks for: what it was told, else its run's data interval, else all that the lake lacks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.airflow.interval import AskedInterval, asked_of, told
from connector.core.time.times import to_seconds
from connector.errors import UsageError

DAY = datetime(2026, 11, 26, tzinfo=UTC)
REAL = {"data_interval_start": DAY, "data_interval_end": DAY + timedelta(days=1)}
EMPTY = {"data_interval_start": DAY, "data_interval_end": DAY}
MISSING = {"dag_run": object()}
NULL = {"data_interval_start": None, "data_interval_end": None}
OF_EVENTS = {**REAL, "dag_run": SimpleNamespace(run_type="dataset_triggered")}
"""Of Airflow 2: from the first to the last of the runs, or moments, that the events of its datasets came from."""


@pytest.mark.parametrize("run", [{}, {"dag_run": SimpleNamespace(run_type="scheduled")}, {"dag_run": None}])
def test_a_run_with_an_interval_asks_for_its_seconds(run):
    start = int(DAY.timestamp())
    assert asked_of(None, None, REAL | run, "fail") == AskedInterval(start, start + 86_400, by_interval=True)


@pytest.mark.parametrize("context", [EMPTY, MISSING, NULL, OF_EVENTS], ids=["empty", "missing", "null", "of events"])
def test_a_run_without_an_interval_asks_for_all_that_the_lake_lacks(context):
    assert asked_of(None, None, context, "lacking") == AskedInterval(None, None)


@pytest.mark.parametrize(
    ("context", "said"), [(EMPTY, "an empty one"), (MISSING, "none"), (NULL, "none"), (OF_EVENTS, "none")]
)
def test_it_is_an_error_that_says_what_to_do_where_that_was_asked_for(context, said):
    with pytest.raises(UsageError, match=f"has {said} for a data interval.*CronDataIntervalTimetable"):
        asked_of(None, None, context, "fail")


@pytest.mark.parametrize("context", [REAL, EMPTY, MISSING])
def test_what_a_task_was_told_comes_before_its_interval(context):
    assert asked_of("2026-01-01", None, context, "fail") == AskedInterval("2026-01-01", None)
    assert asked_of(None, date(2026, 2, 1), context, "fail") == AskedInterval(None, date(2026, 2, 1))


@pytest.mark.parametrize("rendered", ["", "None", " none ", "null", None])
def test_what_a_template_makes_of_nothing_is_not_told(rendered):
    assert told(rendered) is None


@pytest.mark.parametrize(("number", "text"), [(20260131, "2026-01-31"), (2026, "2026-01-01"), (19991231, "1999-12-31")])
def test_a_date_that_native_rendering_made_a_number_is_that_date(number, text):
    assert to_seconds(told(number), name="since") == to_seconds(text, name="since")


def test_a_number_that_is_neither_seconds_nor_a_date_is_refused():
    with pytest.raises(UsageError, match="is not a time"):
        to_seconds(told(20261345), name="until")


@pytest.mark.parametrize("seconds", [0, 1_325_376_000, 1_767_225_600])
def test_seconds_stay_seconds(seconds):
    assert told(seconds) == seconds


@given(st.integers(31_536_000, 4_102_444_800), st.integers(0, 10**7))
def test_intervals_that_follow_each_other_leave_no_second_out_and_ask_for_none_twice(start, microseconds):
    edges = [datetime.fromtimestamp(start, UTC) + timedelta(microseconds=microseconds * number) for number in range(4)]
    asked = [
        asked_of(None, None, {"data_interval_start": first, "data_interval_end": last}, "lacking")
        for first, last in pairwise(edges)
    ]
    found = [(one.since, one.until) for one in asked if one.by_interval]
    assert all(first[1] == second[0] for first, second in pairwise(found))
    assert all(isinstance(edge, int) for pair in found for edge in pair)


def test_a_rendered_time_with_a_fraction_is_its_whole_second_and_one_without_a_zone_stays_so():
    assert told("2026-11-26T01:02:03.456+02:00") == datetime.fromisoformat("2026-11-26T01:02:03+02:00")
    naive = datetime.fromisoformat("2026-01-02T03:04:05")
    assert told(naive.replace(microsecond=6)) == naive
    assert told("2026-10") == "2026-10"
    assert told("yesterday") == "yesterday"
