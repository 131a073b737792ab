"""What tasks of one sync report, as the report of one run. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.core.account_failures import AccountFailures
from connector.core.api.allocation import share_of_floor
from connector.core.planning.rereading.mended import Audit, Healed
from connector.core.run_report import AccountReport, Late, Report, Requests, damage_of
from connector.core.time.intervals import Interval, Intervals
from connector.errors import AccountsError, DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.run_report import Outcome
    from connector.errors import ConnectorError

LIST = "balance_transactions.list"
"""The operation whose limit is the bottleneck."""

_SUMS = (
    "rows_received",
    "rows_new",
    "rows_changed",
    "rows_unchanged",
    "rows_disappeared",
    "witnesses",
    "contradicted",
    "unstable_ties",
    "files_written",
    "files_unchanged",
    "files_damaged",
    "rows_lost",
    "snapshots_lost",
)
"""Fields of an account's report that count what one run did; the others of its numbers are of the lake."""

_WORST: tuple[Outcome, ...] = ("failed", "interrupted", "damaged", "complete")


def gathered(reports: Sequence[Report], *, seconds: float, rate: float) -> Report:
    """Return the report of a sync that several tasks have carried out.

    Args:
        reports: of its tasks, at least one.
        seconds: how long all of it took.
        rate: requests per second that they shared; infinite for no limit.
    """
    first = min(reports, key=lambda report: report.run_id)
    by_account: dict[str, list[AccountReport]] = {}
    for report in reports:
        for account in report.accounts:
            by_account.setdefault(account.account, []).append(account)
    return replace(
        first,
        outcome=next(
            (outcome for outcome in _WORST if any(report.outcome == outcome for report in reports)), first.outcome
        ),
        error=next((report.error for report in reports if report.error), None),
        started=min(report.started for report in reports),
        duration_seconds=seconds,
        requests=_requests([report.requests for report in reports], seconds, rate),
        accounts=tuple(_account(parts) for _, parts in sorted(by_account.items())),
        not_found=tuple(sorted(set[str].intersection(*(set(report.not_found) for report in reports)))),
        warnings=tuple(dict.fromkeys(text for report in reports for text in report.warnings)),
    )


def failure_of(
    errors: Sequence[tuple[str, ConnectorError]], report: Report | None, *, of: int
) -> ConnectorError | None:
    """Return what a sync by tasks ends with; None where all of them ended well.

    Args:
        errors: what tasks ended with, each with the account it was about, or the first of them.
        report: of all tasks together.
        of: how many accounts there were.
    """
    failed = AccountFailures(of)
    for account, error in errors:
        if isinstance(error, AccountsError):
            failed.errors.update(error.errors)
        elif not isinstance(error, DamagedError) and (of == 1 or not failed.tolerate(account, error)):
            return error
    accounts = report.accounts if report else ()
    damages = {account.account: damage for account in accounts if (damage := damage_of(account)) is not None}
    failure = failed.failure(damages)
    if failure is not None:
        failure.report = report
    return failure


def _account(parts: list[AccountReport]) -> AccountReport:
    """Return an account's report, of what tasks did with parts of its time; what the lake has, the last one says."""
    last = max(parts, key=lambda account: account.lake_record)
    sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMS}
    return replace(
        last,
        **sums,
        asked=(min(part.asked[0] for part in parts), max(part.asked[1] for part in parts)),
        fetched=_joined(part.fetched for part in parts),
        lacking=_joined(part.lacking for part in parts),
        late=_late([part.late for part in parts]),
        healed=Healed(sum(part.healed.files for part in parts), sum(part.healed.rows for part in parts)),
        audit=sum((part.audit for part in parts), Audit()),
        drift=_drift(finding for part in parts for finding in part.drift),
        balance_at=max((part.balance_at for part in parts if part.balance_at is not None), default=None),
        error=next((part.error for part in parts if part.error), None),
    )


def _joined(parts: Iterable[tuple[tuple[int, int], ...]]) -> tuple[tuple[int, int], ...]:
    joined = Intervals.of(Interval(*bounds) for part in parts for bounds in part)
    return tuple((interval.start, interval.stop) for interval in joined)


def _late(parts: list[Late]) -> Late:
    with_rows = [part for part in parts if part.rows]
    return Late(
        rows=sum(late.rows for late in with_rows),
        first_created=min((late.first_created for late in with_rows if late.first_created is not None), default=None),
        last_created=max((late.last_created for late in with_rows if late.last_created is not None), default=None),
        longest_lag_seconds=max((late.longest_lag_seconds for late in with_rows), default=0),
    )


def _drift(findings: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return findings, those of one kind and name as one, with the example of the first."""
    by_finding: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        there = by_finding.setdefault((finding["kind"], finding["name"]), {**finding, "count": 0})
        there["count"] += finding["count"]
    return tuple(by_finding.values())


def _requests(parts: list[Requests], seconds: float, rate: float) -> Requests:
    by_endpoint = _added(part.by_endpoint for part in parts)
    total = sum(part.total for part in parts)
    limited = rate < float("inf")
    used = min(1.0, by_endpoint.get(LIST, 0) / (rate * seconds)) if limited and seconds > 0 else None
    return Requests(
        total=total,
        by_endpoint=by_endpoint,
        statuses=_added(part.statuses for part in parts),
        limited=_added(part.limited for part in parts),
        retries=sum(part.retries for part in parts),
        received_bytes=sum(part.received_bytes for part in parts),
        rate_limit=rate if limited else None,
        utilisation=None if used is None else round(used, 4),
        allocation_share=share_of_floor(total),
    )


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part)
    return dict(sorted(counts.items()))
