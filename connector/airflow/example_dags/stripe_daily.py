"""Every day: what the lake lacks of balance transactions and payouts, and a snapshot of the balance."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from connector.airflow import StripeBalanceOperator, StripePayoutsOperator, StripeSyncOperator

try:
    from airflow.sdk import DAG, Asset
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset

LAKE = os.environ.get("STRIPE_LAKE", "/data/stripe")

with DAG(
    "stripe_daily",
    schedule="@daily",  # of Airflow 3, its data interval is empty: a run then reads all that the lake lacks
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 5,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=6),
    },
):
    rows = StripeSyncOperator(task_id="balance_transactions", destination=LAKE, outlets=[Asset("stripe_lake")])
    payouts = StripePayoutsOperator(task_id="payouts", destination=LAKE)
    balance = StripeBalanceOperator(task_id="balance", destination=LAKE)
    balance >> rows >> payouts
