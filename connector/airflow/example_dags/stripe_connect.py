"""Every connected account, in groups for mapped tasks: an account that fails is reported, the others are complete."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from connector.airflow import StripeAccountGroupsOperator, StripeCheckOperator, StripeSyncOperator

try:
    from airflow.sdk import DAG, Asset
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset

LAKE = os.environ.get("STRIPE_LAKE", "/data/stripe")
SLOTS = 2

with DAG(
    "stripe_connect",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
):
    groups = StripeAccountGroupsOperator(task_id="groups", destination=LAKE, slots=SLOTS, budget=20)
    accounts = StripeSyncOperator.partial(
        task_id="accounts",
        destination=LAKE,
        max_active_tis_per_dagrun=SLOTS,
        execution_timeout=timedelta(hours=6),
    ).expand_kwargs(groups.output)
    check = StripeCheckOperator(
        task_id="check",
        destination=LAKE,
        windows=groups.output,
        outlets=[Asset("stripe_lake")],
    )
    accounts >> check
