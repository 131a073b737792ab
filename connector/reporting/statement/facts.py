"""What a statement says, before anyone has decided how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.counting import counted

if TYPE_CHECKING:
    from connector.core.ledger.changes import PurseChange
    from connector.core.ledger.statement import AccountStatement
    from connector.core.ledger.stripe_reports import Comparison
    from connector.core.time.periods import Period


@dataclass(frozen=True, slots=True)
class Changes:
    """An account beside itself in an earlier period.

    Attributes:
        account: whose.
        final: whether the earlier period is final.
        purses: its balances in both.
    """

    account: str
    final: bool
    purses: tuple[PurseChange, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a lake says of a period.

    Attributes:
        destination: the lake.
        period: which.
        made_at: when it was made, UTC seconds.
        version: of this package.
        currency: the only one looked at, or None for all.
        accounts: one statement each, sorted.
        compared_with: the earlier period it is compared with, if any.
        changes: what changed since, by account.
        report: name of the file of Stripe's it is compared with, if any.
        comparison: that report beside the lake.
    """

    destination: str
    period: Period
    made_at: int
    version: str
    currency: str | None
    accounts: tuple[AccountStatement, ...]
    compared_with: Period | None = None
    changes: tuple[Changes, ...] = ()
    report: str | None = None
    comparison: Comparison | None = None

    def __repr__(self) -> str:
        """Return `<Statement of 2026-10 (UTC), lake: 5 accounts, 4 of them final>`."""
        accounts = counted(len(self.accounts), "account")
        final = "final" if self.final else f"{sum(account.final for account in self.accounts):,} of them final"
        return f"<Statement of {self.period.name} ({self.period.zone}), {self.destination}: {accounts}, {final}>"

    @property
    def final(self) -> bool:
        """Whether every account's statement is."""
        return all(account.final for account in self.accounts)

    @property
    def agrees(self) -> bool:
        """Whether the report it is compared with says the same; true without one."""
        return self.comparison is None or not self.comparison.differing

    @property
    def as_frozen(self) -> bool:
        """Whether nothing has changed since it was frozen; true where it was not."""
        return not any(account.since_frozen and account.since_frozen.differs for account in self.accounts)
