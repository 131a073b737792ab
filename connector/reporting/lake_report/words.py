"""Words that every rendering of a report uses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.ledger import money
from connector.core.units import DAY

if TYPE_CHECKING:
    from connector.core.lake_condition import Grade, Proof
    from connector.core.state.calendar import DayStatus, Stretch
    from connector.core.state.kept_verdict import Answer
    from connector.reporting.lake_report.facts import AccountFacts, LakeReport, PayoutAnswer

STATUS_WORDS: dict[DayStatus, str] = {
    "complete": "complete",
    "pending": "complete, some rows pending",
    "running": "still running",
    "parked": "read, not visible yet",
    "not_covered": "not read",
    "damaged": "file gone or damaged",
}
ANSWER_WORDS: dict[Answer, str] = {
    "proved": "agrees (proved)",
    "residual": "differs (residual)",
    "not_checkable": "could not be checked",
}
PAYOUT_WORDS: dict[PayoutAnswer, str] = {
    "adds_up": "adds up",
    "differs": "does not add up",
    "not_read": "its rows were not read",
    "waiting": "Stripe is assigning its rows",
    "manual": "manual: Stripe assigns no rows",
}
GRADE_WORDS: dict[Grade, str] = {"wrong": "wrong", "look": "look at", "note": "note"}
PROOF_WORDS: dict[Proof, str] = {"proved": "proved", "in_part": "checked in part", "never": "never checked"}

_MINUTE, _HOUR = 60, 3_600
_UNITS = ((DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))


def day_text(second: int) -> str:
    """Return the UTC day of a second: `2026-01-31`."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d}"


def minute_text(second: int) -> str:
    """Return a UTC second to the minute: `2026-01-31 12:05`."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M}"


def age(seconds: int) -> str:
    """Return how long ago something was, in its greatest unit: `3 days`, `2 hours`, `less than a minute`."""
    for unit, name in _UNITS:
        if seconds >= unit:
            return counted(seconds // unit, name)
    return "less than a minute"


def days_of(part: Stretch) -> str:
    """Return the days of a stretch: `2026-01-01 to 2026-01-31`, or one day."""
    first, last = day_text(part.start), day_text(part.stop - DAY)
    return first if first == last else f"{first} to {last}"


def rate_text(value: int | None) -> str:
    """Return hundredths of a per cent as a percentage: `2.94 %`."""
    if value is None:
        return ""
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d} %"


def verified(report: LakeReport) -> str:
    """Say what was verified, and how long before the report."""
    at = report.verified_at
    if at is None:
        return "never verified"
    return f"{PROOF_WORDS[report.proof]} by verify, {age(max(0, report.made_at - at))} before"


def net_text(facts: AccountFacts) -> str:
    """Return what an account's rows add up to, each balance and currency by itself."""
    amounts = [f"{money.to_text(net, purse.currency)}{_balance(purse.balance_type)}" for purse, net in facts.net]
    return ", ".join(amounts) or "none"


def _balance(name: str) -> str:
    return "" if name == "payments" else f" ({name or 'all balances'})"
