"""Years of history as mapped tasks: a plan by rows, a task for each window, and a check that tells the asset, once."""

from __future__ import annotations

import os
from datetime import timedelta

from connector.airflow import StripeCheckOperator, StripePlanOperator, StripeSyncOperator

try:
    from airflow.sdk import DAG, Asset
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset

LAKE = os.environ.get("STRIPE_LAKE", "/data/stripe")
POOL = os.environ.get("STRIPE_POOL", "default_pool")  # one of your own: airflow pools set stripe 4 "Stripe's limit"
SLOTS = 4  # of the pool

with DAG(
    "stripe_backfill",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={"since": None, "until": None},  # {"since": "2024-01-01"}; everything by default
    default_args={"retries": 5, "retry_delay": timedelta(minutes=1)},
):
    plan = StripePlanOperator(
        task_id="plan",
        destination=LAKE,
        since="{{ params.since }}",
        until="{{ params.until }}",
        slots=SLOTS,
        budget=20,  # requests per second, shared by the slots
    )
    windows = StripeSyncOperator.partial(
        task_id="window",
        destination=LAKE,
        pool=POOL,
        max_active_tis_per_dagrun=SLOTS,
        execution_timeout=timedelta(hours=6),
    ).expand_kwargs(plan.output)
    check = StripeCheckOperator(
        task_id="check",
        destination=LAKE,
        windows=plan.output,
        outlets=[Asset("stripe_lake")],
    )
    windows >> check
