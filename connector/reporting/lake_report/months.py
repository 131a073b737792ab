"""The last full months of an account, as `statement` has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connector.core.time.periods import PeriodChoice, period_of
from connector.reporting.lake_report.facts import MonthLine
from connector.reporting.statement.gather import account_statement, first_second

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.state.table_state import TableState
    from connector.lake.stores.base import Store

ALONE, TOGETHER = 3, 1
"""Full months told of one account, and of each of several."""


def full_months(now: int, most: int) -> list[str]:
    """Return the names of the last full months in UTC, the latest first."""
    day = datetime.fromtimestamp(now, UTC).date().replace(day=1)
    months: list[str] = []
    for _ in range(most):
        day = (day - timedelta(days=1)).replace(day=1)
        months.append(f"{day:%Y-%m}")
    return months


def months_of(
    store: Store, destination: str | PathLike[str], state: TableState, *, now: int, most: int
) -> Iterator[MonthLine]:
    """State the last full months in which the account had anything. Blocks.

    Raises:
        LakeChangedError: a file has been replaced.
        StorageError: a file is gone or cannot be read.
    """
    begins = max(first_second(state), min((file.first_created for file in state.files.values()), default=now))
    for month in full_months(now, most):
        period = period_of(PeriodChoice(month=month), "UTC", UTC, now=now)
        if period.bounds.stop <= begins:
            return
        yield from _lines(month, account_statement(store, destination, state, period))


def _lines(month: str, stated: AccountStatement) -> Iterator[MonthLine]:
    since = stated.since_frozen
    for purse in stated.purses:
        yield MonthLine(
            month=month,
            purse=purse.purse,
            opening=purse.opening.amount,
            activity=purse.total("activity"),
            payouts=purse.total("payouts"),
            closing=purse.closing,
            final=stated.final,
            reasons=stated.reasons,
            frozen=None if since is None else "changed" if since.differs else "as_frozen",
        )
