"""A report on a lake as JSON knows it: `schemas/lake_report.json`. Times are UTC seconds, amounts minor units."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.lake_condition import Problem
    from connector.core.ledger.ledger import Purse, Sums
    from connector.core.state.kept_verdict import KeptLayer
    from connector.reporting.lake_report.facts import (
        AccountFacts,
        LakeReport,
        MonthLine,
        PayoutFacts,
        PayoutLine,
        RowFacts,
        SpanSums,
    )

REPORT_VERSION = 1
"""Version of the document's own shape."""


def to_document(report: LakeReport) -> dict[str, Any]:
    """Return the document."""
    return {
        "report_version": REPORT_VERSION,
        "destination": report.destination,
        "made_at": report.made_at,
        "connector_version": report.version,
        "livemode": report.livemode,
        "format": report.format,
        "partition": report.partition,
        "sentence": report.sentence,
        "standing": report.grade,
        "proof": report.proof,
        "verified_at": report.verified_at,
        "complete_up_to": report.complete_up_to,
        "rows": report.rows,
        "problems": _problems(report.problems),
        "accounts": [_account(account) for account in report.accounts],
        "not_read": list(report.unread),
        "runs": [asdict(run) for run in report.runs],
    }


def _problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


def _account(account: AccountFacts) -> dict[str, Any]:
    return {
        "account": account.account,
        "livemode": account.livemode,
        "standing": account.grade,
        "proof": account.proof,
        "lake_record": account.record,
        "complete_up_to": account.complete_up_to,
        "rows": account.rows,
        "files": account.files,
        "bytes": account.bytes,
        "pending": account.pending,
        "parked": account.parked,
        "net": [{**_purse(purse), "net": net} for purse, net in account.net],
        "retired": account.retired and asdict(account.retired),
        "refused": account.refused and asdict(account.refused),
        "frozen": list(account.frozen),
        "problems": _problems(account.problems),
        "layers": [_layer(layer) for layer in account.layers],
        "damaged": [asdict(file) for file in account.damaged],
        "calendar": [
            {"status": part.status, "start": part.start, "stop": part.stop, "days": part.days}
            for part in account.calendar
        ],
        "payouts": None if account.payouts is None else _payouts(account.payouts),
        "late": [asdict(line) for line in account.late],
        "audit": {**asdict(account.audit), "lacking": [list(part) for part in account.audit.lacking]},
        "drift": [asdict(finding) for finding in account.drift],
        "files_say": None if account.files_say is None else _files_say(account.files_say),
    }


def _purse(purse: Purse) -> dict[str, str | None]:
    return {"balance_type": purse.balance_type or None, "currency": purse.currency}


def _sums(sums: Sums) -> dict[str, int]:
    return {"rows": sums.count, "gross": sums.gross, "fee": sums.fee, "net": sums.net}


def _layer(layer: KeptLayer) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "verdict": layer.verdict,
        "reason": layer.reason,
        "checked_at": layer.checked_at,
        "lake_record": layer.lake_record,
        "counts": dict(layer.counts),
        "findings": list(layer.findings),
    }


def _payouts(payouts: PayoutFacts) -> dict[str, Any]:
    return {
        "read_at": payouts.read_at,
        "counts": dict(payouts.counts),
        "payouts": [_payout(line) for line in payouts.lines],
    }


def _payout(payout: PayoutLine) -> dict[str, Any]:
    return {
        "payout": payout.id,
        "created": payout.created,
        "arrival": payout.arrival,
        "amount": payout.amount,
        "currency": payout.currency,
        "status": payout.status,
        "automatic": payout.automatic,
        "answer": payout.answer,
        "rows": payout.rows,
        "left": dict(payout.left),
    }


def _files_say(facts: RowFacts) -> dict[str, Any]:
    return {
        "days": [
            {"day": line.key.day, **_purse(line.key.purse), "category": line.key.category, **_sums(line.sums)}
            for line in facts.days
        ],
        "pending": [
            {**_purse(line.purse), "available_on": line.day, "rows": line.rows, "net": line.net}
            for line in facts.pending
        ],
        "by_month": [_span(span) for span in facts.by_month],
        "by_day": [_span(span) for span in facts.by_day],
        "months": [_month(month) for month in facts.months],
        "months_missing": facts.unstated,
    }


def _span(span: SpanSums) -> dict[str, Any]:
    return {
        "start": span.start,
        **_purse(span.purse),
        "categories": [{"category": name, **_sums(sums)} for name, sums in span.categories],
        "total": _sums(span.total),
        "without_payouts": _sums(span.moves),
        "fee_rate": span.fee_rate,
    }


def _month(month: MonthLine) -> dict[str, Any]:
    return {
        "month": month.month,
        **_purse(month.purse),
        "opening": month.opening,
        "activity": _sums(month.activity),
        "payouts": _sums(month.payouts),
        "closing": month.closing,
        "final": month.final,
        "reasons": list(month.reasons),
        "frozen": month.frozen,
    }
