"""The statements of several accounts, added up by balance and currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.ledger.ledger import Sums
from connector.core.units import PAYMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.ledger.ledger import Purse
    from connector.core.ledger.statement import AccountStatement, PurseStatement


@dataclass(frozen=True, slots=True)
class PurseTogether:
    """One balance of several accounts, in minor units: `opening + activity.net + payouts.net == closing`.

    Attributes:
        purse: which.
        accounts: how many have it.
        unknown: of them, those whose opening is not known.
        opening: what there was; None where an account's is not known.
        activity: rows of the period but payouts.
        payouts: payouts, and what came back.
        closing: what there was at the end; None where an account's is not known.
    """

    purse: Purse
    accounts: int
    unknown: int
    opening: int | None
    activity: Sums
    payouts: Sums
    closing: int | None


def together(accounts: Iterable[AccountStatement]) -> tuple[PurseTogether, ...]:
    """Add accounts up, that of payments first; currencies and balances are never added to each other."""
    by_purse: dict[Purse, list[PurseStatement]] = {}
    for account in accounts:
        for purse in account.purses:
            by_purse.setdefault(purse.purse, []).append(purse)
    order = sorted(by_purse, key=lambda purse: (purse.balance_type != PAYMENTS, purse))
    return tuple(_added(purse, by_purse[purse]) for purse in order)


def _added(purse: Purse, statements: list[PurseStatement]) -> PurseTogether:
    return PurseTogether(
        purse=purse,
        accounts=len(statements),
        unknown=sum(statement.opening.amount is None for statement in statements),
        opening=_sum(statement.opening.amount for statement in statements),
        activity=sum((statement.total("activity") for statement in statements), Sums()),
        payouts=sum((statement.total("payouts") for statement in statements), Sums()),
        closing=_sum(statement.closing for statement in statements),
    )


def _sum(amounts: Iterable[int | None]) -> int | None:
    """Return the sum, or None where one of them is not known."""
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
