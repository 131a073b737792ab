"""Payouts looked for from a line of the bank's statement, in the lake alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.config.destination import placed
from connector.config.moments import day_given
from connector.core.ledger.bank_lines import NEAR_DAYS, BankStatementLine, Match, bank_line, matches
from connector.core.suggestions import among_accounts
from connector.core.time.times import to_date
from connector.errors import ConfigError, UsageError
from connector.lake.state.lake_identity import PAYOUTS, load_payouts
from connector.lake.state.state_log import recorded_accounts
from connector.lake.stores.base import open_store
from connector.reporting.statement.gather import known_payouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from os import PathLike

    from connector.core.ledger.bridge import Known
    from connector.core.state.payouts_record import Listing, PayoutsRecord

MOST_OTHERS = 10
"""Payouts named that arrive on the day, where none is the one looked for."""


@dataclass(frozen=True, slots=True)
class FoundPayout:
    """A payout that a line of the bank may be.

    Attributes:
        account: whose.
        match: the payout, and how far its day is from the line's.
        listing: its transactions in the lake, where they are listed.
    """

    account: str
    match: Match
    listing: Listing | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a line of the bank.

    Attributes:
        payouts: those it may be, the nearest in time first.
        others: where there are none, those that arrive on its day.
        looked_at: payouts looked at.
    """

    payouts: tuple[FoundPayout, ...]
    others: tuple[FoundPayout, ...]
    looked_at: int


def find_payouts(  # noqa: PLR0913 - what a line of the bank has
    destination: str | PathLike[str],
    *,
    amount: str | None = None,
    arrives: str | date | None = None,
    trace: str | None = None,
    currency: str | None = None,
    accounts: Sequence[str] = (),
    storage_options: Mapping[str, str] | None = None,
) -> Found:
    """Find the payouts that a line of the bank's statement may be; Stripe is asked nothing. Blocks.

    Args:
        destination: the lake.
        amount: as the bank writes it, `1,199.11` or `1.199,11`.
        arrives: the line's day; payouts within five days of it are found.
        trace: the line's reference, or its whole text.
        currency: only of this one.
        accounts: only of these; all of the lake by default.
        storage_options: settings of a bucket's store.

    Returns:
        The payouts, the nearest in time first; where there are none, others that arrive on the line's day.

    Raises:
        UsageError: there is nothing to look for, or it is no amount or no day, or no text.
        ConfigError: there are no payouts in the lake, or no such account.
        StateError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    for name, value in (("amount", amount), ("trace", trace), ("currency", currency)):
        if not isinstance(value, str | None):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise UsageError(f"`{name}` {value!r} must be text, as the bank writes it, such as '1,199.11'")
    line = bank_line(amount=amount, arrives=day_given(arrives), trace=trace, currency=currency)
    names = (accounts,) if isinstance(accounts, str) else tuple(accounts)
    destination = placed(destination, storage_options)
    store = open_store(destination)
    there = recorded_accounts(store, PAYOUTS)
    if not there:
        raise ConfigError(
            f"there are no payouts in {destination}: bring them with `stripe-balance payouts {destination}`"
        )
    if missing := [name for name in names if name not in there]:
        raise ConfigError(f"there are no payouts of {among_accounts(missing[0], there)}")
    payouts: list[FoundPayout] = []
    others: list[FoundPayout] = []
    looked_at = 0
    for account in (account_id for account_id in there if not names or account_id in names):
        record = load_payouts(store, account)
        if record is None:
            continue
        looked_at += len(record.payouts)
        payouts += _of_account(destination, record, line)
        if line.arrives is not None:
            same_day = BankStatementLine(arrives=line.arrives, currency=line.currency)
            others += [payout for payout in _of_account(destination, record, same_day) if not payout.match.days_apart]
    payouts.sort(key=lambda payout: (payout.match.days_apart, payout.match.known.created, payout.match.known.id))
    return Found(tuple(payouts), () if payouts else tuple(others[:MOST_OTHERS]), looked_at)


def to_document(found: Found) -> dict[str, Any]:
    """Return the document of `schemas/found_payouts.json`: amounts in minor units, times in UTC seconds."""
    return {
        "data": [_entry(payout) for payout in found.payouts],
        "others": [_entry(other) for other in found.others],
        "looked_at": found.looked_at,
    }


def _entry(payout: FoundPayout) -> dict[str, Any]:
    known, listing = payout.match.known, payout.listing
    return {
        "account": payout.account,
        "payout": known.id,
        "amount": known.amount,
        "currency": known.currency,
        "status": known.status,
        "created": known.created,
        "arrives": payout.match.day.isoformat(),
        "days_apart": payout.match.days_apart,
        "automatic": known.automatic,
        "method": known.method,
        "destination": known.destination,
        "trace_id": known.trace_id,
        "failure_code": known.failure_code,
        "transactions": None if listing is None else listing.rows,
        "reconciles": None if listing is None else listing.reconciles,
    }


def _of_account(destination: str | PathLike[str], record: PayoutsRecord, line: BankStatementLine) -> list[FoundPayout]:
    listings = record.listings
    matched = matches(line, _with_days(known_payouts(str(destination), record.account)))
    return [FoundPayout(record.account, match, listings.get(match.known.id)) for match in matched]


def _with_days(payouts: Iterator[Known]) -> Iterator[tuple[Known, date]]:
    """Give payouts with the day they arrive on: Stripe writes that day as its first second in UTC."""
    for payout in payouts:
        yield payout, to_date(payout.arrival_date)


__all__ = ["NEAR_DAYS", "Found", "FoundPayout", "find_payouts", "to_document"]
