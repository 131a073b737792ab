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
        "accounts": [_account(one) for one in report.accounts],
        "not_read": list(report.unread),
        "runs": [asdict(one) for one in report.runs],
    }


def _problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [asdict(one) for one in problems]


def _account(one: AccountFacts) -> dict[str, Any]:
    return {
        "account": one.account,
        "livemode": one.livemode,
        "standing": one.grade,
        "proof": one.proof,
        "lake_record": one.record,
        "complete_up_to": one.complete_up_to,
        "rows": one.rows,
        "files": one.files,
        "bytes": one.bytes,
        "pending": one.pending,
        "parked": one.parked,
        "net": [{**_purse(purse), "net": net} for purse, net in one.net],
        "retired": one.retired and asdict(one.retired),
        "refused": one.refused and asdict(one.refused),
        "frozen": list(one.frozen),
        "problems": _problems(one.problems),
        "layers": [_layer(layer) for layer in one.layers],
        "damaged": [asdict(file) for file in one.damaged],
        "calendar": [
            {"status": part.status, "start": part.start, "stop": part.stop, "days": part.days} for part in one.calendar
        ],
        "payouts": None if one.payouts is None else _payouts(one.payouts),
        "late": [asdict(line) for line in one.late],
        "audit": {**asdict(one.audit), "lacking": [list(part) for part in one.audit.lacking]},
        "drift": [asdict(finding) for finding in one.drift],
        "files_say": None if one.files_say is None else _files_say(one.files_say),
    }


def _purse(purse: Purse) -> dict[str, str | None]:
    return {"balance_type": purse.balance_type or None, "currency": purse.currency}


def _sums(sums: Sums) -> dict[str, int]:
    return {"rows": sums.count, "gross": sums.gross, "fee": sums.fee, "net": sums.net}


def _layer(one: KeptLayer) -> dict[str, Any]:
    return {
        "layer": one.layer,
        "verdict": one.verdict,
        "reason": one.reason,
        "checked_at": one.checked_at,
        "lake_record": one.lake_record,
        "counts": dict(one.counts),
        "findings": list(one.findings),
    }


def _payouts(found: PayoutFacts) -> dict[str, Any]:
    return {"read_at": found.read_at, "counts": dict(found.counts), "payouts": [_payout(one) for one in found.lines]}


def _payout(one: PayoutLine) -> dict[str, Any]:
    return {
        "payout": one.id,
        "created": one.created,
        "arrival": one.arrival,
        "amount": one.amount,
        "currency": one.currency,
        "status": one.status,
        "automatic": one.automatic,
        "answer": one.answer,
        "rows": one.rows,
        "left": dict(one.left),
    }


def _files_say(found: RowFacts) -> dict[str, Any]:
    return {
        "days": [
            {"day": line.key.day, **_purse(line.key.purse), "category": line.key.category, **_sums(line.sums)}
            for line in found.days
        ],
        "pending": [
            {**_purse(line.purse), "available_on": line.day, "rows": line.rows, "net": line.net}
            for line in found.pending
        ],
        "by_month": [_span(one) for one in found.by_month],
        "by_day": [_span(one) for one in found.by_day],
        "months": [_month(one) for one in found.months],
        "months_missing": found.unstated,
    }


def _span(one: SpanSums) -> dict[str, Any]:
    return {
        "start": one.start,
        **_purse(one.purse),
        "categories": [{"category": name, **_sums(sums)} for name, sums in one.categories],
        "total": _sums(one.total),
        "without_payouts": _sums(one.moves),
        "fee_rate": one.fee_rate,
    }


def _month(one: MonthLine) -> dict[str, Any]:
    return {
        "month": one.month,
        **_purse(one.purse),
        "opening": one.opening,
        "activity": _sums(one.activity),
        "payouts": _sums(one.payouts),
        "closing": one.closing,
        "final": one.final,
        "reasons": list(one.reasons),
        "frozen": one.frozen,
    }
