"""A DAG whose runs have a real data interval, and whose lake is a template's, in both versions of Airflow."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from connector.airflow import StripeSyncOperator

try:
    from airflow.sdk import DAG, CronDataIntervalTimetable
except ImportError:
    from airflow import DAG
    from airflow.timetables.interval import CronDataIntervalTimetable

with DAG(
    "interval",
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={"lake": os.environ["STRIPE_LAKE"] + "-interval"},
):
    StripeSyncOperator(task_id="day", destination="{{ params.lake }}")
