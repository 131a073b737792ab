"""What OpenLineage is to know of a task: the lists of Stripe's API that it read, the tables of the lake it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STRIPE = "https://api.stripe.com"
"""Namespace of what is read."""

LISTS = {
    "balance_transactions": "/v1/balance_transactions",
    "payouts": "/v1/payouts",
    "payout_transactions": "/v1/balance_transactions?payout",
    "balances": "/v1/balance",
}
"""Where the rows of each table come from."""


def place_of(destination: str, table: str) -> tuple[str, str]:
    """Return namespace and name of a table of a lake, as OpenLineage names data sets: `file`, or a bucket and its path.

    Source: openlineage.io/docs/spec/naming.
    """
    parts = urlsplit(destination)
    if parts.scheme in {"", "file"}:
        folder = Path(parts.path if parts.scheme else destination).absolute()
        return "file", str(folder / table)
    return f"{parts.scheme}://{parts.netloc}", f"{parts.path.strip('/')}/{table}".lstrip("/")


def facets_of(destination: str, tables: tuple[str, ...]) -> Any:  # noqa: ANN401 - a class of the OpenLineage provider
    """Return inputs and outputs of a task, or None where the OpenLineage provider is not installed."""
    try:
        from airflow.providers.common.compat.openlineage.facet import Dataset  # noqa: PLC0415 - only where it is used
        from airflow.providers.openlineage.extractors import OperatorLineage  # noqa: PLC0415 - as above
    except ImportError:
        return None
    outputs = [Dataset(*place_of(destination, table)) for table in tables]
    return OperatorLineage(inputs=[Dataset(STRIPE, LISTS[table]) for table in tables], outputs=outputs)
