"""What a run over payouts did, as values: the document of `schemas/payouts_report.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connector.core.documents import to_plain
from connector.core.metrics import ReportFigures, covered_until
from connector.core.planning.rereading.mended import Healed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.core.run_report import Requests
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.time.intervals import Interval

REPORT_VERSION = 1
"""Version of the report's own shape."""

PayoutsOutcome = Literal["complete", "failed", "damaged"]


@dataclass(frozen=True, slots=True)
class Unbalanced:
    """A payout whose transactions do not add up to nothing, or that has none.

    Attributes:
        payout: its id.
        currency: of the sum.
        net: sum of `net` of all its rows, its own included, in minor units.
        rows: how many there are.
    """

    payout: str
    currency: str
    net: int
    rows: int


@dataclass(frozen=True, slots=True)
class AccountPayoutsReport:
    """What a run did for one account.

    Attributes:
        account: whose payouts.
        asked: `[start, stop)` of `created` that was asked for, UTC seconds.
        covered: the intervals whose payouts the lake holds afterwards, all runs together.
        payouts_new: payouts the lake did not have.
        payouts_changed: payouts that differ from what the lake had.
        payouts_unchanged: payouts read again and found the same.
        payouts_disappeared: payouts the lake had and Stripe no longer lists; they are kept.
        payouts_listed: payouts whose transactions were listed.
        transactions_listed: rows of those lists.
        transactions_disappeared: rows the lake had and Stripe no longer lists; they are kept.
        manual: ids of the payouts asked for that were not automatic: Stripe assigns no transactions to them.
        waiting: ids of the automatic ones whose list is not complete yet; a later run lists them.
        unbalanced: listed payouts, by this run or an earlier one, whose rows do not add up to nothing.
        files_written: data files created or replaced.
        files_unchanged: data files found to be right already.
        healed: what was lost, and is there again.
        rows_lost: rows that were lost and that Stripe lists no more.
        lake_payouts: payouts of the account in the lake afterwards.
        lake_listed: of these, the ones whose transactions are there, too.
        lake_transactions: rows of these transactions.
        lake_files: data files of both tables.
        lake_bytes: their size.
        error: what ended it, one line, or None.
    """

    account: str
    asked: tuple[int, int]
    covered: tuple[tuple[int, int], ...] = ()
    payouts_new: int = 0
    payouts_changed: int = 0
    payouts_unchanged: int = 0
    payouts_disappeared: int = 0
    payouts_listed: int = 0
    transactions_listed: int = 0
    transactions_disappeared: int = 0
    manual: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unbalanced: tuple[Unbalanced, ...] = ()
    files_written: int = 0
    files_unchanged: int = 0
    healed: Healed = field(default_factory=Healed)
    rows_lost: int = 0
    lake_payouts: int = 0
    lake_listed: int = 0
    lake_transactions: int = 0
    lake_files: int = 0
    lake_bytes: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PayoutsReport:
    """What one run did.

    Attributes:
        outcome: complete; failed, where some of several accounts failed; or damaged, where something is lost that could
            not be mended, and all else is complete.
        destination: as it was given.
        format: of the files, for example `parquet`.
        api_version: `Stripe-Version` asked under.
        connector_version: version of this package.
        started: ISO 8601, UTC.
        duration_seconds: from start to the last file.
        requests: what was asked of Stripe.
        accounts: one report for each account, in the order asked for.
        livemode: whether the key reaches live data; None where its form does not say.
        warnings: what whoever looks after the lake should know, each in a sentence.
        report_version: version of this shape.
    """

    outcome: PayoutsOutcome
    destination: str
    format: str
    api_version: str
    connector_version: str
    started: str
    duration_seconds: float
    requests: Requests
    accounts: tuple[AccountPayoutsReport, ...]
    livemode: bool | None = None
    warnings: tuple[str, ...] = ()
    report_version: int = REPORT_VERSION


def figures_of(report: PayoutsReport) -> ReportFigures:
    """Return what a run comes to, for whoever watches: its rows are payouts."""
    accounts = report.accounts
    return ReportFigures(
        covered={account.account: covered_until(account.covered, account.error) for account in accounts},
        accounts=len(accounts),
        accounts_failed=sum(account.error is not None for account in accounts),
        rows_new=sum(account.payouts_new for account in accounts),
        rows_changed=sum(account.payouts_changed for account in accounts),
        lake_rows=None
        if any(account.error for account in accounts)
        else sum(account.lake_payouts for account in accounts),
    )


def to_document(report: PayoutsReport) -> dict[str, Any]:
    """Return the report as the JSON document of `schemas/payouts_report.json`."""
    return to_plain(report)


def damage_of(account: AccountPayoutsReport) -> str | None:
    """Say what an account's payouts have lost and the run could not mend; None for nothing."""
    if not account.rows_lost:
        return None
    rows = "row of payouts that was lost is" if account.rows_lost == 1 else "rows of payouts that were lost are"
    return f"{account.rows_lost:,} {rows} listed by Stripe no more: look for them in a backup"


def holdings_of(record: PayoutsRecord, asked: Interval, empty: Iterable[str]) -> dict[str, Any]:
    """Return what the lake has of an account, as fields of `AccountPayoutsReport`.

    Args:
        record: the lake's state.
        asked: seconds of `created` of the payouts asked for.
        empty: ids of payouts whose list turned out to have nothing in it.
    """
    payouts = sorted(
        (payout for payout in record.payouts.values() if payout.created in asked),
        key=lambda payout: (payout.created, payout.id),
    )
    listings, files = record.listings, record.all_files.values()
    return {
        "manual": tuple(payout.id for payout in payouts if not payout.automatic),
        "waiting": tuple(payout.id for payout in payouts if payout.waiting),
        "unbalanced": tuple(_unbalanced(record, empty)),
        "lake_payouts": len(record.payouts),
        "lake_listed": len(listings),
        "lake_transactions": sum(listing.rows for listing in listings.values()),
        "lake_files": len(files),
        "lake_bytes": sum(file.bytes for file in files),
    }


def _unbalanced(record: PayoutsRecord, empty: Iterable[str]) -> Iterator[Unbalanced]:
    """Yield the sums that are not nothing, and the payouts that have no transactions at all."""
    for name, listing in sorted(record.listings.items()):
        for currency, net in listing.net.items():
            if net:
                yield Unbalanced(name, currency, net, listing.rows)
    nothing = {name for name, listing in record.listings.items() if not listing.rows}
    for name in sorted(nothing.union(empty) & record.payouts.keys()):
        yield Unbalanced(name, record.payouts[name].currency, 0, 0)
