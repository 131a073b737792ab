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
    from connector import events as events
    from connector import telemetry as telemetry
    from connector import webhooks as webhooks
    from connector.accounts.retirement import retire
    from connector.balances.calls import record_balance, run_record_balance
    from connector.balances.snapshots import Snapshot
    from connector.cli.lake_status import run_status
    from connector.config.config import ApiKey, Config, FromEnvironment, Settings
    from connector.config.salt import Salt
    from connector.conversion.calls import convert, run_convert
    from connector.conversion.report import ConversionReport
    from connector.core.api.allocation import Savings
    from connector.core.api.meter import Meter
    from connector.core.api.page import Row
    from connector.core.api.protocol import Response
    from connector.core.api.retry import RetryPolicy, Timeouts
    from connector.core.lake_condition import Problem
    from connector.core.ledger.accounting import Unshown
    from connector.core.ledger.amounts import FeePart, FeeRow
    from connector.core.ledger.balance import Balance, BalanceAmount
    from connector.core.ledger.bank_lines import Match
    from connector.core.ledger.bridge import BankLine, Known, PayoutState, Stage
    from connector.core.ledger.changes import CategoryChange, PurseChange, Reason
    from connector.core.ledger.fees import Answer, Paid, PaymentFees
    from connector.core.ledger.ledger import Conversion, DisputeSums, FeeKind, Purse, Segment, Sums
    from connector.core.ledger.money import decimals
    from connector.core.ledger.openings import Opening
    from connector.core.ledger.payout_fees import KindSum, Original, PayoutFees, TypeSum
    from connector.core.ledger.row_fees import RowFees, RowSum
    from connector.core.ledger.since_frozen import MovedLine, RowLine, SinceFrozen
    from connector.core.ledger.statement import (
        AccountStatement,
        Bridge,
        CategoryLine,
        ConversionLine,
        DisputeLine,
        FeeLine,
        PurseStatement,
        Split,
    )
    from connector.core.ledger.stripe_reports import Compared, Comparison
    from connector.core.planning.audit.audit import Difference
    from connector.core.planning.rereading.mended import Audit, Healed
    from connector.core.planning.survey.expected import Expected
    from connector.core.run_report import AccountReport, Late, Report, Requests
    from connector.core.state.account_record import AccountRecord, KeyPrint, Refusal, Retired
    from connector.core.state.calendar import Stretch
    from connector.core.state.conversion import ConvertedTable
    from connector.core.state.data_file import Listing
    from connector.core.state.frozen import FrozenPeriod
    from connector.core.state.kept_verdict import KeptLayer
    from connector.core.state.unnamed import Unnamed
    from connector.core.time.intervals import Interval, Intervals
    from connector.core.time.periods import Period
    from connector.core.time.times import Time
    from connector.core.units import AccountId
    from connector.errors import (
        AccountsError,
        ApiError,
        AuthenticationError,
        CommitConflictError,
        CommitUnknownError,
        ConfigError,
        ConnectorError,
        DamagedError,
        FreezeError,
        InvalidRequestError,
        LakeChangedError,
        LockedError,
        NotFoundError,
        PermissionDeniedError,
        ProtocolError,
        RateLimitError,
        SchemaError,
        ServerError,
        StateError,
        StoppedError,
        StorageError,
        TooLargeError,
        TransportError,
        UnpublishedError,
        UsageError,
        WebhookError,
    )
    from connector.events import (
        AccountEnded,
        AccountFailed,
        AccountIdentified,
        AccountsFound,
        AccountStarted,
        Committed,
        Event,
        FileRead,
        OnEvent,
        PageReceived,
        PartitionStaged,
        PhaseStarted,
        RateShared,
        RequestAnswered,
        Retried,
        RunEnded,
        RunLapsed,
        RunStarted,
        RunWaiting,
        StepDone,
        Throttled,
        WindowClosed,
        WindowOpened,
    )
    from connector.ingest.calls import run_sync, sync
    from connector.ingest.windows import plan, run_plan
    from connector.lake.reading.dataset import Rows, read
    from connector.options.calls import (
        AskOptions,
        BalanceOptions,
        ConvertOptions,
        FeesOptions,
        GetOptions,
        PayoutsOptions,
        PlanOptions,
        ReportOptions,
        RunBalanceOptions,
        RunPayoutsOptions,
        RunPlanOptions,
        RunSyncOptions,
        RunVerifyOptions,
        StatementOptions,
        StatusOptions,
        SyncOptions,
        VerifyOptions,
    )
    from connector.payouts.calls import run_sync_payouts, sync_payouts
    from connector.payouts.report import AccountPayoutsReport, PayoutsReport, Unbalanced
    from connector.reporting.find import Found, FoundPayout, find_payouts
    from connector.reporting.lake_report.calls import report, run_report
    from connector.reporting.lake_report.facts import (
        AccountFacts,
        AuditFacts,
        DayKey,
        DayLine,
        DriftLine,
        FileProblem,
        LakeReport,
        LateLine,
        MonthLine,
        PayoutFacts,
        PayoutLine,
        PendingLine,
        RowFacts,
        RunLine,
        SpanSums,
    )
    from connector.reporting.statement.calls import run_statement, statement
    from connector.reporting.statement.facts import Changes, Statement
    from connector.reporting.workpaper.calls import write_workpaper
    from connector.running.canceller import Canceller
    from connector.running.clock import Clock
    from connector.stripe.api import Filters, Stripe
    from connector.stripe.calls import run_balance, run_fees, run_get
    from connector.stripe.follow.following import Follower
    from connector.stripe.follow.options import Batch, FollowOptions, Listener
    from connector.stripe.identity import Identity
    from connector.stripe.listing.many import AccountPage, AccountPages
    from connector.stripe.listing.query import PageStream
    from connector.stripe.listing.stream import Stream
    from connector.stripe.transport import Request, Transport
    from connector.verification.calls import run_verify, verify
    from connector.verification.evidence import BalanceFigures, Evidence, LayerSum
    from connector.verification.verdict import About, AccountVerdict, Finding, Layer, Verdict

_HOMES = {
    "connector.accounts.retirement": "retire",
    "connector.balances.calls": "record_balance run_record_balance",
    "connector.balances.snapshots": "Snapshot",
    "connector.running.canceller": "Canceller",
    "connector.cli.lake_status": "run_status",
    "connector.running.clock": "Clock",
    "connector.config.config": "ApiKey Config FromEnvironment Settings",
    "connector.config.salt": "Salt",
    "connector.conversion.calls": "convert run_convert",
    "connector.conversion.report": "ConversionReport",
    "connector.core.api.allocation": "Savings",
    "connector.core.api.meter": "Meter",
    "connector.core.api.page": "Row",
    "connector.core.api.protocol": "Response",
    "connector.core.api.retry": "RetryPolicy Timeouts",
    "connector.core.ledger.accounting": "Unshown",
    "connector.core.ledger.stripe_reports": "Compared Comparison",
    "connector.core.ledger.amounts": "FeePart FeeRow",
    "connector.core.ledger.balance": "Balance BalanceAmount",
    "connector.core.ledger.bank_lines": "Match",
    "connector.core.ledger.bridge": "BankLine Known PayoutState Stage",
    "connector.core.ledger.changes": "CategoryChange PurseChange Reason",
    "connector.core.ledger.fees": "Answer Paid PaymentFees",
    "connector.core.ledger.ledger": "Conversion DisputeSums FeeKind Purse Segment Sums",
    "connector.core.ledger.money": "decimals",
    "connector.core.ledger.openings": "Opening",
    "connector.core.ledger.payout_fees": "KindSum Original PayoutFees TypeSum",
    "connector.core.ledger.row_fees": "RowFees RowSum",
    "connector.core.state.frozen": "FrozenPeriod",
    "connector.core.ledger.since_frozen": "MovedLine RowLine SinceFrozen",
    "connector.verification.evidence": "BalanceFigures Evidence LayerSum",
    "connector.reporting.workpaper.calls": "write_workpaper",
    "connector.core.ledger.statement": (
        "AccountStatement Bridge CategoryLine ConversionLine DisputeLine FeeLine PurseStatement Split"
    ),
    "connector.core.planning.audit.audit": "Difference",
    "connector.core.planning.survey.expected": "Expected",
    "connector.core.planning.rereading.mended": "Audit Healed",
    "connector.core.run_report": "AccountReport Late Report Requests",
    "connector.core.state.account_record": "AccountRecord KeyPrint Refusal Retired",
    "connector.core.lake_condition": "Problem",
    "connector.core.state.calendar": "Stretch",
    "connector.core.state.conversion": "ConvertedTable",
    "connector.core.state.data_file": "Listing",
    "connector.core.state.kept_verdict": "KeptLayer",
    "connector.core.state.unnamed": "Unnamed",
    "connector.core.time.intervals": "Interval Intervals",
    "connector.core.time.periods": "Period",
    "connector.core.time.times": "Time",
    "connector.core.units": "AccountId",
    "connector.errors": (
        "AccountsError ApiError AuthenticationError CommitConflictError CommitUnknownError ConfigError "
        "ConnectorError DamagedError FreezeError InvalidRequestError LakeChangedError LockedError "
        "NotFoundError PermissionDeniedError ProtocolError RateLimitError SchemaError ServerError StateError "
        "StoppedError StorageError TooLargeError TransportError UnpublishedError UsageError WebhookError"
    ),
    "connector.events": (
        "AccountEnded AccountFailed AccountIdentified AccountStarted AccountsFound Committed Event FileRead "
        "OnEvent PageReceived PartitionStaged PhaseStarted RateShared RequestAnswered Retried RunEnded RunLapsed "
        "RunStarted RunWaiting StepDone Throttled WindowClosed WindowOpened"
    ),
    "connector.ingest.calls": "run_sync sync",
    "connector.ingest.windows": "plan run_plan",
    "connector.lake.reading.dataset": "Rows read",
    "connector.stripe.calls": "run_balance run_fees run_get",
    "connector.options.calls": (
        "AskOptions BalanceOptions ConvertOptions FeesOptions GetOptions PayoutsOptions PlanOptions ReportOptions "
        "RunBalanceOptions RunPayoutsOptions RunPlanOptions RunSyncOptions RunVerifyOptions StatementOptions "
        "StatusOptions SyncOptions VerifyOptions"
    ),
    "connector.payouts.calls": "run_sync_payouts sync_payouts",
    "connector.payouts.report": "AccountPayoutsReport PayoutsReport Unbalanced",
    "connector.reporting.statement.calls": "run_statement statement",
    "connector.reporting.statement.facts": "Changes Statement",
    "connector.reporting.lake_report.calls": "report run_report",
    "connector.reporting.lake_report.facts": (
        "AccountFacts AuditFacts DayKey DayLine DriftLine FileProblem LakeReport LateLine MonthLine PayoutFacts "
        "PayoutLine PendingLine RowFacts RunLine SpanSums"
    ),
    "connector.reporting.find": "Found FoundPayout find_payouts",
    "connector.stripe.api": "Filters Stripe",
    "connector.stripe.follow.following": "Follower",
    "connector.stripe.follow.options": "Batch FollowOptions Listener",
    "connector.stripe.identity": "Identity",
    "connector.stripe.listing.many": "AccountPage AccountPages",
    "connector.stripe.listing.query": "PageStream",
    "connector.stripe.listing.stream": "Stream",
    "connector.stripe.transport": "Request Transport",
    "connector.verification.calls": "run_verify verify",
    "connector.verification.verdict": "About AccountVerdict Finding Layer Verdict",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_MODULES = ("events", "telemetry", "webhooks")  # public as a whole; not in __all__, which holds things to call

__all__ = [
    "About", "AccountEnded", "AccountFacts", "AccountFailed", "AccountId", "AccountIdentified", "AccountPage",
    "AccountPages", "AccountPayoutsReport", "AccountRecord", "AccountReport", "AccountStarted", "AccountStatement",
    "AccountVerdict", "AccountsError", "AccountsFound", "Answer", "ApiError", "ApiKey", "AskOptions", "Audit",
    "AuditFacts", "AuthenticationError", "Balance", "BalanceAmount", "BalanceFigures", "BalanceOptions", "BankLine",
    "Batch", "Bridge", "Canceller", "CategoryChange", "CategoryLine", "Changes", "Clock", "CommitConflictError",
    "CommitUnknownError", "Committed", "Compared", "Comparison", "Config", "ConfigError", "ConnectorError",
    "Conversion", "ConversionLine", "ConversionReport", "ConvertOptions", "ConvertedTable", "DamagedError", "DayKey",
    "DayLine", "Difference", "DisputeLine", "DisputeSums", "DriftLine", "Event", "Evidence", "Expected", "FeeKind",
    "FeeLine", "FeePart", "FeeRow", "FeesOptions", "FileProblem", "FileRead", "Filters", "Finding", "FollowOptions",
    "Follower", "Found", "FoundPayout", "FreezeError", "FromEnvironment", "FrozenPeriod", "GetOptions", "Healed",
    "Identity", "Interval", "Intervals", "InvalidRequestError", "KeptLayer", "KeyPrint", "KindSum", "Known",
    "LakeChangedError", "LakeReport", "Late", "LateLine", "Layer", "LayerSum", "Listener", "Listing", "LockedError",
    "Match", "Meter", "MonthLine", "MovedLine", "NotFoundError", "OnEvent", "Opening", "Original", "PageReceived",
    "PageStream", "Paid", "PartitionStaged", "PaymentFees", "PayoutFacts", "PayoutFees", "PayoutLine", "PayoutState",
    "PayoutsOptions", "PayoutsReport", "PendingLine", "Period", "PermissionDeniedError", "PhaseStarted", "PlanOptions",
    "Problem", "ProtocolError", "Purse", "PurseChange", "PurseStatement", "RateLimitError", "RateShared", "Reason",
    "Refusal", "Report", "ReportOptions", "Request", "RequestAnswered", "Requests", "Response", "Retired", "Retried",
    "RetryPolicy", "Row", "RowFacts", "RowFees", "RowLine", "RowSum", "Rows", "RunBalanceOptions", "RunEnded",
    "RunLapsed", "RunLine", "RunPayoutsOptions", "RunPlanOptions", "RunStarted", "RunSyncOptions", "RunVerifyOptions",
    "RunWaiting", "Salt", "Savings", "SchemaError", "Segment", "ServerError", "Settings", "SinceFrozen", "Snapshot",
    "SpanSums", "Split", "Stage", "StateError", "Statement", "StatementOptions", "StatusOptions", "StepDone",
    "StoppedError", "StorageError", "Stream", "Stretch", "Stripe", "Sums", "SyncOptions", "Throttled", "Time",
    "Timeouts", "TooLargeError", "Transport", "TransportError", "TypeSum", "Unbalanced", "Unnamed", "UnpublishedError",
    "Unshown",
    "UsageError", "Verdict", "VerifyOptions", "WebhookError", "WindowClosed", "WindowOpened", "convert", "decimals",
    "find_payouts", "plan", "read", "record_balance", "report", "retire", "run_balance", "run_convert", "run_fees",
    "run_get", "run_plan", "run_record_balance", "run_report", "run_statement", "run_status", "run_sync",
    "run_sync_payouts", "run_verify", "statement", "sync", "sync_payouts", "verify", "write_workpaper",
]  # fmt: skip

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
