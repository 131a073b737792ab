"""Every Stripe balance transaction, and the balance, in your own data lake: complete and current.

```python
report = connector.run_sync("lake", since="2026-01-01")
rows = connector.read("lake")
async with connector.Stripe.from_env() as stripe:
    balance = await stripe.balance()
```

Nothing is imported before it is used: `import connector` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector import webhooks as webhooks
    from connector.accounts.retirement import retire
    from connector.balances.snapshots import Snapshot, record_balance, run_record_balance
    from connector.cli.commands.status import run_status
    from connector.config.config import ApiKey, Config
    from connector.config.salt import Salt
    from connector.core.ledger.balance import Balance, BalanceAmount
    from connector.core.ledger.fees import PaymentFees
    from connector.core.ledger.money import decimals
    from connector.core.ledger.payout_fees import PayoutFees
    from connector.core.ledger.row_fees import RowFees
    from connector.core.run_report import Progress, Report
    from connector.errors import (
        AccountsError,
        ApiError,
        AuthenticationError,
        CommitConflictError,
        CommitUnknownError,
        ConfigError,
        ConnectorError,
        DamagedError,
        InvalidRequestError,
        LockedError,
        ManifestError,
        PermissionError_,
        ProtocolError,
        RateLimitError,
        SchemaError,
        ServerError,
        StorageError,
        TooLargeError,
        TransportError,
        UsageError,
        WebhookError,
    )
    from connector.ingest.calls import run_sync, sync
    from connector.ingest.windows import plan, run_plan
    from connector.lake.reading.dataset import read
    from connector.lookups import run_balance, run_fees, run_get
    from connector.payouts.calls import run_sync_payouts, sync_payouts
    from connector.payouts.report import AccountPayoutsReport, PayoutsReport
    from connector.reporting.calls import run_statement, statement
    from connector.reporting.facts import Statement
    from connector.reporting.find import find_payouts
    from connector.stripe.api import Stripe
    from connector.stripe.follow.following import Follower
    from connector.stripe.follow.options import FollowOptions
    from connector.verification.calls import run_verify, verify
    from connector.verification.verdict import Verdict

_HOMES = {
    "connector.config.config": ("ApiKey", "Config"),
    "connector.core.ledger.fees": ("PaymentFees",),
    "connector.core.ledger.money": ("decimals",),
    "connector.core.ledger.payout_fees": ("PayoutFees",),
    "connector.core.ledger.row_fees": ("RowFees",),
    "connector.lookups": ("run_balance", "run_fees", "run_get"),
    "connector.cli.commands.status": ("run_status",),
    "connector.core.ledger.balance": ("Balance", "BalanceAmount"),
    "connector.errors": (
        "AccountsError",
        "ApiError",
        "AuthenticationError",
        "CommitConflictError",
        "CommitUnknownError",
        "ConfigError",
        "ConnectorError",
        "DamagedError",
        "InvalidRequestError",
        "LockedError",
        "ManifestError",
        "PermissionError_",
        "ProtocolError",
        "RateLimitError",
        "SchemaError",
        "ServerError",
        "StorageError",
        "TooLargeError",
        "TransportError",
        "UsageError",
        "WebhookError",
    ),
    "connector.lake.reading.dataset": ("read",),
    "connector.payouts.calls": ("run_sync_payouts", "sync_payouts"),
    "connector.payouts.report": ("AccountPayoutsReport", "PayoutsReport"),
    "connector.balances.snapshots": ("Snapshot", "record_balance", "run_record_balance"),
    "connector.verification.calls": ("run_verify", "verify"),
    "connector.verification.verdict": ("Verdict",),
    "connector.core.run_report": ("Progress", "Report"),
    "connector.reporting.calls": ("run_statement", "statement"),
    "connector.reporting.facts": ("Statement",),
    "connector.accounts.retirement": ("retire",),
    "connector.reporting.find": ("find_payouts",),
    "connector.config.salt": ("Salt",),
    "connector.stripe.follow.options": ("FollowOptions",),
    "connector.stripe.follow.following": ("Follower",),
    "connector.stripe.api": ("Stripe",),
    "connector.ingest.calls": ("run_sync", "sync"),
    "connector.ingest.windows": ("plan", "run_plan"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("webhooks",)  # public as a whole; not in __all__, which holds things to call

__all__ = [
    "AccountPayoutsReport",
    "AccountsError",
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
    "DamagedError",
    "FollowOptions",
    "Follower",
    "InvalidRequestError",
    "LockedError",
    "ManifestError",
    "PaymentFees",
    "PayoutFees",
    "PayoutsReport",
    "PermissionError_",
    "Progress",
    "ProtocolError",
    "RateLimitError",
    "Report",
    "RowFees",
    "Salt",
    "SchemaError",
    "ServerError",
    "Snapshot",
    "Statement",
    "StorageError",
    "Stripe",
    "TooLargeError",
    "TransportError",
    "UsageError",
    "Verdict",
    "WebhookError",
    "decimals",
    "find_payouts",
    "plan",
    "read",
    "record_balance",
    "retire",
    "run_balance",
    "run_fees",
    "run_get",
    "run_plan",
    "run_record_balance",
    "run_statement",
    "run_status",
    "run_sync",
    "run_sync_payouts",
    "run_verify",
    "statement",
    "sync",
    "sync_payouts",
    "verify",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"connector.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_MODULES])
