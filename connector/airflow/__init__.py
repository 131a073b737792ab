"""Airflow: a provider with operators, a hook, a sensor and a retry policy, for versions 2.11 and 3.

```python
from connector.airflow import StripeSyncOperator

StripeSyncOperator(task_id="balance_transactions", destination="/data/stripe")
```

Airflow is imported here and nowhere else in the package, when a name is first used. What is decided (which time a task
asks for, what of a report goes into XCom, whether an error is worth another try) is decided by functions that need no
Airflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.airflow.backfill import StripeAccountGroupsOperator, StripeCheckOperator, StripePlanOperator
    from connector.airflow.hook import StripeHook
    from connector.airflow.operators import (
        StripeBalanceOperator,
        StripePayoutsOperator,
        StripeStatementOperator,
        StripeSyncOperator,
        StripeVerifyOperator,
    )
    from connector.airflow.retry_policy import StripeRetryPolicy
    from connector.airflow.sensors import StripePayoutSensor

_HOMES = {
    "backfill": "StripeAccountGroupsOperator StripeCheckOperator StripePlanOperator",
    "hook": "StripeHook",
    "operators": (
        "StripeBalanceOperator StripePayoutsOperator StripeStatementOperator StripeSyncOperator StripeVerifyOperator"
    ),
    "retry_policy": "StripeRetryPolicy",
    "sensors": "StripePayoutSensor",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "StripeAccountGroupsOperator",
    "StripeBalanceOperator",
    "StripeCheckOperator",
    "StripeHook",
    "StripePayoutSensor",
    "StripePayoutsOperator",
    "StripePlanOperator",
    "StripeRetryPolicy",
    "StripeStatementOperator",
    "StripeSyncOperator",
    "StripeVerifyOperator",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"connector.airflow.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
