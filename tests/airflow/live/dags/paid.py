"""A DAG that waits for a payout, which its run names."""

from __future__ import annotations

from connector.airflow import StripePayoutSensor

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG("paid", schedule=None, catchup=False, params={"payout": "po_"}):
    StripePayoutSensor(task_id="payout", payout="{{ params.payout }}")
