"""Every week: is the lake complete and right? Somebody is told where it is not."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import Any

from connector.airflow import StripeVerifyOperator

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

LAKE = os.environ.get("STRIPE_LAKE", "/data/stripe")

with DAG("stripe_verify", schedule="@weekly", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False):
    verify = StripeVerifyOperator(task_id="verify", destination=LAKE)

    @task(trigger_rule="one_failed")
    def alert(ti: Any = None) -> None:  # noqa: ANN401 - Airflow's own
        """Tell somebody: by mail, in a channel, wherever they look. Here it is a line in the log."""
        report = ti.xcom_pull(task_ids="verify", key="report")
        for account in (report or {}).get("accounts", ()):
            logging.getLogger(__name__).error("%s: %s", account["account"], account["error"])

    verify >> alert()
