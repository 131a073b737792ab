"""Every Stripe balance transaction, and the balance, in your own data lake: complete and current.

```python
report = connector.run_sync("lake", since="2026-01-01")
rows = connector.read("lake")
async with connector.Stripe.from_env() as stripe:
    balance = await stripe.balance()
```

Nothing is imported before it is used: `import connector` is quick and needs none of the extras.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.api import plan, run_plan, run_sync, sync
    from connector.balance import Balance, BalanceAmount
    from connector.config import ApiKey, Config
    from connector.errors import (
        ApiError,
        AuthenticationError,
        CommitConflictError,
        CommitUnknownError,
        ConfigError,
        ConnectorError,
        InvalidRequestError,
        LockedError,
        ManifestError,
        PermissionError_,
        ProtocolError,
        RateLimitError,
        SchemaError,
        ServerError,
        StorageError,
        TransportError,
        UsageError,
    )
    from connector.lake.read import read
    from connector.report import Progress, Report
    from connector.stripe.resources import Stripe

_HOMES = {
    "connector.config": ("ApiKey", "Config"),
    "connector.balance": ("Balance", "BalanceAmount"),
    "connector.errors": (
        "ApiError",
        "AuthenticationError",
        "CommitConflictError",
        "CommitUnknownError",
        "ConfigError",
        "ConnectorError",
        "InvalidRequestError",
        "LockedError",
        "ManifestError",
        "PermissionError_",
        "ProtocolError",
        "RateLimitError",
        "SchemaError",
        "ServerError",
        "StorageError",
        "TransportError",
        "UsageError",
    ),
    "connector.lake.read": ("read",),
    "connector.report": ("Progress", "Report"),
    "connector.stripe.resources": ("Stripe",),
    "connector.api": ("plan", "run_plan", "run_sync", "sync"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ApiError",
    "ApiKey",
    "AuthenticationError",
    "Balance",
    "BalanceAmount",
    "CommitConflictError",
    "CommitUnknownError",
    "Config",
    "ConfigError",
    "ConnectorError",
    "InvalidRequestError",
    "LockedError",
    "ManifestError",
    "PermissionError_",
    "Progress",
    "ProtocolError",
    "RateLimitError",
    "Report",
    "SchemaError",
    "ServerError",
    "StorageError",
    "Stripe",
    "TransportError",
    "UsageError",
    "plan",
    "read",
    "run_plan",
    "run_sync",
    "sync",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
