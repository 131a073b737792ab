"""What a run did, as values, kept when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connector.core.api.allocation import Savings, share_of_floor
from connector.core.documents import to_plain
from connector.core.metrics import ReportFigures, covered_until
from connector.core.planning.rereading.mended import Audit, Healed
from connector.core.report_view import in_html, in_one_line
from connector.core.time.times import to_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.api.meter import Meter
    from connector.core.planning.survey.expected import Expected
    from connector.core.state.table_state import TableState

REPORT_VERSION = 1
"""Version of the report's own shape (`schemas/run_report.json`)."""

Outcome = Literal["complete", "interrupted", "failed", "damaged", "planned"]


@dataclass(frozen=True, slots=True)
class Late:
    """Rows that turned up where an earlier run had already read.

    Attributes:
        rows: how many.
        first_created: the earliest `created` among them, UTC seconds, or None.
        last_created: the latest.
        longest_lag_seconds: seconds from the earliest `created` to the moment it was read; 0 when there are none.
    """

    rows: int = 0
    first_created: int | None = None
    last_created: int | None = None
    longest_lag_seconds: int = 0


@dataclass(frozen=True, slots=True)
class AccountReport:
    """What a run did for one account.

    Attributes:
        account: whose rows.
        asked: `[start, stop)` of `created` that was asked for, UTC seconds.
        fetched: the intervals of it that had to be read.
        covered: the intervals the lake holds afterwards, all runs together.
        rows_received: rows read from Stripe.
        rows_new: rows the lake did not have.
        rows_changed: rows that differ from what the lake had.
        rows_unchanged: rows read again and found the same.
        rows_disappeared: rows the lake had and Stripe no longer lists; they are kept.
        late: rows that came late.
        witnesses: ends of windows that were asked about again, because more was to be expected.
        contradicted: those of them where the second answer showed rows that the first had not: they were read again.
        unstable_ties: seconds whose rows came in another order, or not at all, in a second answer.
        files_written: data files created or replaced.
        files_unchanged: data files found to be right already.
        files_damaged: data files that are gone or not as they were written, and could not be read again.
        healed: what was lost, and is there again.
        rows_lost: rows that were lost, or seen once, and that Stripe lists no more.
        lacking: intervals in which Stripe lists rows that the lake lacks, and that were not read again.
        audit: what asking about the past again came to.
        snapshots_lost: files of earlier balances that are gone or not as written; said by the run that finds them.
        lake_rows: rows of the account in the lake afterwards.
        lake_files: data files of the account.
        lake_bytes: their size.
        lake_pending: rows of it that were pending when last read.
        lake_record: number of the record that the lake's state of the account goes up to afterwards; 0 for none.
        lake_parked: rows besides that were read and are not visible yet, since their partitions are not whole.
        lake_bare: rows in files that hold rows read before the lake expanded what it expands now.
        net: sum of `net` of the account in the lake, per currency, in minor units, all balances together.
        net_by_balance: the same by balance type, which alone can be compared with a balance; None where files of the
            lake do not tell balances apart.
        api_versions: every `Stripe-Version` that rows of the lake were read under, in order of first use.
        drift: fields, values and types that the schema does not know, each with a count and an example id.
        expected: of a dry run, what reading is going to take; None for any other run.
        balance_at: when the balance was taken that is now in the lake's `balances`, UTC seconds; None for none taken.
        error: what ended this account's reading, one line, or None.
    """

    account: str
    asked: tuple[int, int]
    fetched: tuple[tuple[int, int], ...] = ()
    covered: tuple[tuple[int, int], ...] = ()
    rows_received: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_disappeared: int = 0
    late: Late = field(default_factory=Late)
    witnesses: int = 0
    contradicted: int = 0
    unstable_ties: int = 0
    files_written: int = 0
    files_unchanged: int = 0
    files_damaged: int = 0
    healed: Healed = field(default_factory=Healed)
    rows_lost: int = 0
    lacking: tuple[tuple[int, int], ...] = ()
    audit: Audit = field(default_factory=Audit)
    snapshots_lost: int = 0
    lake_rows: int = 0
    lake_files: int = 0
    lake_bytes: int = 0
    lake_pending: int = 0
    lake_record: int = 0
    lake_parked: int = 0
    lake_bare: int = 0
    net: Mapping[str, int] = field(default_factory=dict[str, int])
    net_by_balance: Mapping[str, Mapping[str, int]] | None = None
    api_versions: tuple[str, ...] = ()
    drift: tuple[Mapping[str, Any], ...] = ()
    expected: Expected | None = None
    balance_at: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """What was asked of Stripe.

    Attributes:
        total: attempts, retries included; each counts against Stripe's read allocation.
        by_endpoint: the same per operation.
        statuses: answers by HTTP status; `0` stands for no complete answer.
        limited: 429s by reason.
        retries: attempts after the first.
        received_bytes: bytes of bodies, decoded.
        rate_limit: requests per second aimed at for one endpoint; None for no limit.
        utilisation: requests to the list, over what the limit allows in the time; None for no limit.
        allocation_share: total as a share of the 10,000 reads that Stripe allows every account in 30 days.
    """

    total: int
    by_endpoint: Mapping[str, int]
    statuses: Mapping[str, int]
    limited: Mapping[str, int]
    retries: int
    received_bytes: int
    rate_limit: float | None
    utilisation: float | None
    allocation_share: float = 0.0

    @property
    def limited_total(self) -> int:
        """429s received."""
        return sum(self.limited.values())


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What one run did.

    Attributes:
        run_id: names the run; begins with its start.
        outcome: complete, interrupted (what was complete is published), failed (the same), damaged (something is lost
            that could not be mended), or planned (a dry run).
        destination: as it was given.
        format: for example `parquet`, `jsonl.zst`.
        partition: day, month or year.
        api_version: `Stripe-Version` the rows were read under.
        connector_version: version of this package.
        started: ISO 8601, UTC.
        duration_seconds: from start to the last file.
        requests: what was asked of Stripe.
        accounts: one report for each account.
        error: what ended it, one line, or None.
        not_found: names of what was to be left out or hashed and that no row of this run had; misspelt, maybe.
        warnings: what whoever looks after the lake should know, each in a sentence.
        livemode: whether the key reaches live data; None where its form does not say.
        savings: what is in hand for asking about the past again; the next run goes on from there.
    """

    run_id: str
    outcome: Outcome
    destination: str
    format: str
    partition: str
    api_version: str
    connector_version: str
    started: str
    duration_seconds: float
    requests: Requests
    accounts: tuple[AccountReport, ...]
    error: str | None = None
    not_found: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    livemode: bool | None = None
    savings: Savings = field(default_factory=Savings)

    def __repr__(self) -> str:
        return in_one_line(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return in_html(self)


def damage_of(account: AccountReport) -> str | None:
    """Say what an account's part of the lake has lost and the run could not mend; None for nothing."""
    damage: list[str] = []
    if account.files_damaged:
        files = "data file is" if account.files_damaged == 1 else "data files are"
        damage.append(
            f"{account.files_damaged:,} {files} gone or not as written, and not read again:"
            " sync with `repair`, or restore from a backup"
        )
    if account.rows_lost:
        rows = "row that was lost is" if account.rows_lost == 1 else "rows that were lost are"
        damage.append(f"{account.rows_lost:,} {rows} listed by Stripe no more: look for them in a backup")
    if account.lacking:
        when = ", ".join(f"{to_words(start)} to {to_words(stop)}" for start, stop in account.lacking[:3])
        damage.append(
            f"Stripe lists rows created in {when} that the lake lacks, more than a run reads again unasked:"
            " sync with `repair`"
        )
    if account.snapshots_lost:
        files = "file of earlier balances is" if account.snapshots_lost == 1 else "files of earlier balances are"
        told = "Stripe tells no past balance again, look in a backup"
        damage.append(f"{account.snapshots_lost:,} {files} gone or not as written: {told}")
    return "; ".join(damage) or None


def holdings_of(state: TableState) -> dict[str, Any]:
    """Return what the lake has of an account, as fields of `AccountReport`."""
    return {
        "covered": state.covered.pairs,
        "lake_rows": state.rows,
        "lake_files": len(state.files),
        "lake_bytes": sum(file.bytes for file in state.files.values()),
        "lake_pending": state.pending,
        "lake_record": state.number,
        "lake_parked": state.parked_rows,
        "lake_bare": state.bare_rows,
        "api_versions": state.api_versions,
        "net": state.net(),
        "net_by_balance": state.net_by_balance(),
    }


def requests_of(meter: Meter, *, rate: float, seconds: float, endpoint: str) -> Requests:
    """Summarise a meter.

    Args:
        meter: the counts.
        rate: requests per second aimed at; infinite for none.
        seconds: how long the run took, > 0.
        endpoint: the operation whose limit is the bottleneck.
    """
    limited = rate < float("inf")
    used = min(1.0, meter.by_endpoint.get(endpoint, 0) / (rate * seconds)) if limited and seconds > 0 else None
    return Requests(
        total=meter.requests,
        by_endpoint=dict(sorted(meter.by_endpoint.items())),
        statuses={str(status): count for status, count in sorted(meter.statuses.items())},
        limited=dict(sorted(meter.limited.items())),
        retries=meter.retries,
        received_bytes=meter.received_bytes,
        rate_limit=rate if limited else None,
        utilisation=None if used is None else round(used, 4),
        allocation_share=share_of_floor(meter.requests),
    )


def figures_of(report: Report) -> ReportFigures:
    """Return what a run comes to, for whoever watches."""
    accounts = report.accounts
    return ReportFigures(
        covered={account.account: covered_until(account.covered, account.error) for account in accounts},
        accounts=len(accounts),
        accounts_failed=sum(account.error is not None for account in accounts),
        rows_new=sum(account.rows_new for account in accounts),
        rows_changed=sum(account.rows_changed for account in accounts),
        rows_late=sum(account.late.rows for account in accounts),
        lake_rows=None
        if any(account.error for account in accounts)
        else sum(account.lake_rows for account in accounts),
        planned=report.outcome == "planned",
    )


def to_document(report: Report) -> dict[str, Any]:
    """Return the report as the JSON document of `schemas/run_report.json`."""
    return {
        "report_version": REPORT_VERSION,
        "run_id": report.run_id,
        "outcome": report.outcome,
        "error": report.error,
        "destination": report.destination,
        "table": "balance_transactions",
        "format": report.format,
        "partition": report.partition,
        "livemode": report.livemode,
        "api_version": report.api_version,
        "connector_version": report.connector_version,
        "started": report.started,
        "duration_seconds": round(report.duration_seconds, 3),
        "requests": to_plain(report.requests),
        "not_found": list(report.not_found),
        "warnings": list(report.warnings),
        "audits": {"counted_at": report.savings.at, "in_hand": round(report.savings.in_hand, 3)},
        "accounts": [to_plain(account) for account in report.accounts],
    }
