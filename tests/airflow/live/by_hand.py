"""Operators rendered and carried out by hand, without a run: says what each came to. A program of `here.python`."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from connector.airflow import StripeSyncOperator, StripeVerifyOperator

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

CONNECTION = "stripe_tried"  # in the environment: a program without a run sees no other in Airflow 3
LAKES = Path(os.environ["STRIPE_LAKES"])
PARAMS = {
    "rate": 500,
    "dry": False,
    "first": "20260105",
    "stop": "20260108",
    "deadline": 300,
    "none": None,
    "connection": CONNECTION,
    "accounts": json.loads(os.environ["STRIPE_ACCOUNTS"]),
}


class FullXCom:
    """A run whose XCom takes nothing, as one with a bound on sizes."""

    def xcom_push(self, **_):
        raise ValueError("too large for this XCom")


def carried_out(kind, context=None, *, native=False, **given):
    """Return what an operator returned, or what it raised, as text."""
    with DAG("by_hand", schedule=None, render_template_as_native_obj=native) as dag:
        task = kind(task_id="task", **given)
    task.render_template_fields({"params": PARAMS}, dag.get_template_env())
    try:
        return task.execute(context or {})
    except Exception as error:  # noqa: BLE001 - it is what is asked for
        return f"{type(error).__name__}: {error}"


def templated(*, native):
    """Return what a sync came to whose arguments are all templates."""
    return carried_out(
        StripeSyncOperator,
        native=native,
        destination=str(LAKES / f"native-{native}"),
        stripe_conn_id="{{ params.connection }}",
        since="{{ params.first }}",
        until="{{ params.stop }}",
        accounts="{{ params.accounts }}",
        rate="{{ params.rate }}",
        deadline="{{ params.deadline }}",
        dry_run="{{ params.dry }}",
        format="{{ params.none }}",
    )


async def in_a_cell():
    """Return what a sync came to where a loop is running, as in a notebook."""
    return carried_out(StripeSyncOperator, destination=str(LAKES / "cell"), stripe_conn_id=CONNECTION)


found = {
    "text": templated(native=False),
    "native": templated(native=True),
    "nobody": carried_out(
        StripeSyncOperator, destination=str(LAKES / "nobody"), stripe_conn_id=CONNECTION, accounts="{{ params.none }}"
    ),
    "cell": asyncio.run(in_a_cell()),
}
lake = LAKES / "native-True"
data = next(lake.glob("balance_transactions/**/*.parquet"))
data.write_bytes(data.read_bytes()[:-1])
verify = {"destination": str(lake), "offline": "{{ params.dry == False }}"}
found["verified"] = carried_out(StripeVerifyOperator, **verify)
found["unkept"] = carried_out(StripeVerifyOperator, {"ti": FullXCom()}, **verify)
found["folders"] = sorted(one.name for one in LAKES.iterdir())
print("FOUND " + json.dumps(found))
