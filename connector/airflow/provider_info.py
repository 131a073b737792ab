"""What Airflow asks of a provider: the entry point `apache_airflow_provider`. Needs no Airflow."""

from __future__ import annotations

from typing import Any

import connector
from connector.airflow.connection import CONNECTION_TYPE, EXTRAS

PACKAGE = "stripe-balance-connector"
HOOK = "connector.airflow.hook.StripeHook"
INTEGRATION = "Stripe"


def get_provider_info() -> dict[str, Any]:
    """Return what this provider has, as `airflow/provider_info.schema.json` wants it."""
    return {
        "package-name": PACKAGE,
        "name": INTEGRATION,
        "description": "Every Stripe balance transaction, and the balance, in your own data lake.",
        "versions": [connector.__version__],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://docs.stripe.com/api/balance_transactions",
                "tags": ["service"],
            }
        ],
        "operators": [
            {
                "integration-name": INTEGRATION,
                "python-modules": ["connector.airflow.operators", "connector.airflow.backfill"],
            }
        ],
        "sensors": [{"integration-name": INTEGRATION, "python-modules": ["connector.airflow.sensors"]}],
        "hooks": [{"integration-name": INTEGRATION, "python-modules": ["connector.airflow.hook"]}],
        "hook-class-names": [HOOK],
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": HOOK,
                "hook-name": INTEGRATION,
                "conn-fields": {
                    name: {
                        "label": name.replace("_", " ").capitalize(),
                        "schema": {"type": ["string", "null"]},
                        "description": says,
                    }
                    for name, says in EXTRAS.items()
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "schema", "login", "port", "extra"],
                    "relabeling": {"password": "API key"},
                    "placeholders": {"password": "rk_live_…"},
                },
            }
        ],
    }
