"""What tasks of one sync report, as the report of one run. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.core.account_failures import AccountFailures
from connector.core.api.allocation import share_of_floor
from connector.core.planning.mended import Audit, Healed
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
    first = min(reports, key=lambda one: one.run_id)
    by_account: dict[str, list[AccountReport]] = {}
    for report in reports:
        for account in report.accounts:
            by_account.setdefault(account.account, []).append(account)
    return replace(
        first,
        outcome=next((one for one in _WORST if any(report.outcome == one for report in reports)), first.outcome),
        error=next((one.error for one in reports if one.error), None),
        started=min(one.started for one in reports),
        duration_seconds=seconds,
        requests=_requests([one.requests for one in reports], seconds, rate),
        accounts=tuple(_account(parts) for _, parts in sorted(by_account.items())),
        not_found=tuple(sorted(set[str].intersection(*(set(one.not_found) for one in reports)))),
        warnings=tuple(dict.fromkeys(text for one in reports for text in one.warnings)),
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
    damages = {one.account: damage for one in accounts if (damage := damage_of(one)) is not None}
    failure = failed.failure(damages)
    if failure is not None:
        failure.report = report
    return failure


def _account(parts: list[AccountReport]) -> AccountReport:
    """Return an account's report, of what tasks did with parts of its time; what the lake has, the last one says."""
    last = max(parts, key=lambda one: one.lake_record)
    sums = {name: sum(getattr(one, name) for one in parts) for name in _SUMS}
    return replace(
        last,
        **sums,
        asked=(min(one.asked[0] for one in parts), max(one.asked[1] for one in parts)),
        fetched=_joined(one.fetched for one in parts),
        lacking=_joined(one.lacking for one in parts),
        late=_late([one.late for one in parts]),
        healed=Healed(sum(one.healed.files for one in parts), sum(one.healed.rows for one in parts)),
        audit=sum((one.audit for one in parts), Audit()),
        drift=_drift(finding for one in parts for finding in one.drift),
        balance_at=max((one.balance_at for one in parts if one.balance_at is not None), default=None),
        error=next((one.error for one in parts if one.error), None),
    )


def _joined(parts: Iterable[tuple[tuple[int, int], ...]]) -> tuple[tuple[int, int], ...]:
    joined = Intervals.of(Interval(*bounds) for part in parts for bounds in part)
    return tuple((one.start, one.stop) for one in joined)


def _late(parts: list[Late]) -> Late:
    found = [one for one in parts if one.rows]
    return Late(
        rows=sum(one.rows for one in found),
        first_created=min((one.first_created for one in found if one.first_created is not None), default=None),
        last_created=max((one.last_created for one in found if one.last_created is not None), default=None),
        longest_lag_seconds=max((one.longest_lag_seconds for one in found), default=0),
    )


def _drift(findings: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return findings, those of one kind and name as one, with the example of the first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in findings:
        there = found.setdefault((one["kind"], one["name"]), {**one, "count": 0})
        there["count"] += one["count"]
    return tuple(found.values())


def _requests(parts: list[Requests], seconds: float, rate: float) -> Requests:
    by_endpoint = _added(one.by_endpoint for one in parts)
    total = sum(one.total for one in parts)
    limited = rate < float("inf")
    used = min(1.0, by_endpoint.get(LIST, 0) / (rate * seconds)) if limited and seconds > 0 else None
    return Requests(
        total=total,
        by_endpoint=by_endpoint,
        statuses=_added(one.statuses for one in parts),
        limited=_added(one.limited for one in parts),
        retries=sum(one.retries for one in parts),
        received_bytes=sum(one.received_bytes for one in parts),
        rate_limit=rate if limited else None,
        utilisation=None if used is None else round(used, 4),
        allocation_share=share_of_floor(total),
    )


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part)
    return dict(sorted(counts.items()))
