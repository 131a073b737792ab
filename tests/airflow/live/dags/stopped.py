"""Tasks that take a while, to be stopped: by hand, by a timeout, by the death of their worker."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG

from connector.airflow import StripeRetryPolicy, StripeSyncOperator

RATE = 2  # of 40 requests: some twenty seconds

for name, seconds in (("marked", None), ("timed", 14), ("killed", None)):
    with DAG(
        f"stopped_{name}",
        schedule=None,
        catchup=False,
        default_args={"retries": 8, "retry_delay": timedelta(seconds=1), "retry_policy": StripeRetryPolicy()},
    ):
        StripeSyncOperator(
            task_id="sync",
            destination=f"{os.environ['STRIPE_LAKE']}-{name}",
            rate=RATE,
            execution_timeout=None if seconds is None else timedelta(seconds=seconds),
        )
