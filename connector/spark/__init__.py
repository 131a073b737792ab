"""Apache Spark: a sync whose tasks are at work on its executors, and balance transactions as a data source.

```python
import connector.spark

report = connector.spark.sync(spark, "s3://lake/stripe", all_accounts=True)
```

What is decided (how much a task reads, what a batch holds, how reports come together) is decided by functions that need
no Spark.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.spark.lake_sync import sync
    from connector.spark.source import StripeBalanceSource, register

_HOME_OF = {"StripeBalanceSource": "source", "register": "source", "sync": "lake_sync"}

__all__ = ["StripeBalanceSource", "register", "sync"]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"connector.spark.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
