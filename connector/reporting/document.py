"""A statement as the JSON document of `schemas/statement.json`: amounts in minor units, times in UTC seconds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.core.ledger.bridge import BankLine, PayoutState
    from connector.core.ledger.changes import PurseChange
    from connector.core.ledger.ledger import Sums
    from connector.core.ledger.statement import AccountStatement, FeeLine, PurseStatement, Split
    from connector.core.ledger.stripe_reports import Comparison
    from connector.core.time.periods import Period
    from connector.reporting.facts import Statement

STATEMENT_VERSION = 1
"""Version of the document's own shape."""


def to_document(statement: Statement) -> dict[str, Any]:
    """Return the document."""
    return {
        "statement_version": STATEMENT_VERSION,
        "destination": statement.destination,
        "connector_version": statement.version,
        "made_at": statement.made_at,
        "period": _period(statement.period),
        "currency": statement.currency,
        "final": statement.final,
        "accounts": [
            {
                **account_document(statement.period, one),
                "frozen": _frozen(statement.period, one),
                "sources": _sources(one),
            }
            for one in statement.accounts
        ],
        "compared_with": None if statement.compared_with is None else _period(statement.compared_with),
        "changes": [
            {"account": one.account, "final": one.final, "balances": [_change(purse) for purse in one.purses]}
            for one in statement.changes
        ],
        "report": None if statement.comparison is None else _comparison(statement.report, statement.comparison),
    }


def _period(period: Period) -> dict[str, Any]:
    bounds = period.bounds
    return {
        "name": period.name,
        "timezone": period.zone,
        "start": bounds.start,
        "stop": bounds.stop,
        "since": period.local(bounds.start).isoformat(),
        "until": period.local(bounds.stop).isoformat(),
    }


def account_document(period: Period, account: AccountStatement) -> dict[str, Any]:
    """Return one account's part of the document, but for what was frozen of it."""
    return {
        "account": account.account,
        "livemode": account.livemode,
        "retired": account.retired and asdict(account.retired),
        "final": account.final,
        "not_final_because": list(account.reasons),
        "complete_to": account.complete_to,
        "rows": account.rows,
        "pending_rows": account.pending_rows,
        "balances": [_purse(one) for one in account.purses],
        "payouts_as_of": account.payouts_as_of,
        "payouts": [_payout(period, one) for one in account.payouts],
        "bridge": [asdict(one) for one in account.bridges],
        "bank": [_bank(one) for one in account.bank],
    }


def _purse(purse: PurseStatement) -> dict[str, Any]:
    opening = purse.opening
    return {
        "balance_type": purse.purse.balance_type,
        "currency": purse.purse.currency,
        "opening": {
            "amount": opening.amount,
            "basis": opening.basis,
            "reason": opening.reason,
            "recorded_at": opening.recorded_at,
            "computed": _split(purse.opening_split),
        },
        "activity": [{"category": one.category, **_sums(one.sums)} for one in purse.lines if one.part == "activity"],
        "activity_total": _sums(purse.total("activity")),
        "payouts": [{"category": one.category, **_sums(one.sums)} for one in purse.lines if one.part == "payouts"],
        "payouts_total": _sums(purse.total("payouts")),
        "closing": {"amount": purse.closing, "computed": _split(purse.closing_split)},
        "pending": [{"day": day.isoformat(), "net": net} for day, net in purse.waiting],
        "fees": [_fee(one) for one in purse.fees],
        "fees_total": sum(one.amount for one in purse.fees),
        "conversion_fees": sum(one.amount for one in purse.fees if one.converts),
        "refunds": [{"category": one.category, **_sums(one.sums)} for one in purse.refunds],
        "disputes": [
            {
                "dispute": one.dispute,
                "created": one.sums.created,
                "withdrawn": one.sums.withdrawn,
                "reinstated": one.sums.reinstated,
                "fee": one.sums.fee,
                "cost": one.cost,
                "reason": one.sums.reason,
                "status": one.sums.status,
                "charge": one.sums.charge,
                "evidence_due": one.sums.evidence_due,
            }
            for one in purse.disputes
        ],
        "conversions": [
            {
                "paid_currency": one.paid_currency,
                "count": one.sums.count,
                "paid": one.sums.paid if one.paid_currency is not None else None,
                "gross": one.sums.gross,
            }
            for one in purse.conversions
        ],
    }


def _sums(sums: Sums) -> dict[str, int]:
    return {
        "count": sums.count,
        "gross": sums.gross,
        "fee": sums.fee,
        "fee_charged": sums.charged,
        "fee_returned": sums.returned,
        "fee_returned_count": sums.returned_rows,
        "net": sums.net,
    }


def _split(split: Split | None) -> dict[str, int] | None:
    return None if split is None else {"available": split.available, "pending": split.pending}


def _fee(one: FeeLine) -> dict[str, Any]:
    return {
        "type": None if one.kind is None else one.kind.type,
        "description": None if one.kind is None else one.kind.description,
        "own_rows": one.kind is not None and one.kind.apart,
        "tax": one.taxed,
        "conversion": one.converts,
        "count": one.count,
        "amount": one.amount,
    }


def _payout(period: Period, one: PayoutState) -> dict[str, Any]:
    known = one.known
    return {
        "payout": one.id,
        "currency": one.currency,
        "amount": one.amount,
        "fee": one.fee,
        "sent": one.sent,
        "state": one.state,
        "kind": one.kind,
        "destination": one.destination,
        "arrives": None if one.arrived is None else period.day_of(one.arrived).isoformat(),
        "returned": one.returned,
        "failure_code": None if known is None else known.failure_code,
        "trace_id": None if known is None else known.trace_id,
        "at_start": one.begin.value,
        "at_end": one.end.value,
    }


def _bank(one: BankLine) -> dict[str, Any]:
    return {
        "destination": one.destination,
        "currency": one.currency,
        "on_the_way_before": one.on_the_way_before,
        "sent": dict(sorted(one.sent.items())),
        "failed": one.failed,
        "returned": one.returned,
        "canceled": one.canceled,
        "unknown": one.unknown,
        "on_the_way_after": one.on_the_way_after,
        "arrived": one.arrived,
        "counts": dict(sorted(one.counts.items())),
    }


def _sources(account: AccountStatement) -> str:
    """Say whether the lake has the objects that link refunds and disputes to their charges."""
    if not any(path.split(".")[0] == "source" for path in account.options.get("expand", ())):
        return "not_expanded"
    return "in_part" if account.bare_rows else "expanded"


def _frozen(period: Period, account: AccountStatement) -> dict[str, Any] | None:
    since = account.since_frozen
    if since is None:
        return None
    frozen = since.frozen
    return {
        "revision": frozen.revision,
        "frozen_at": frozen.frozen_at,
        "lake_record": frozen.lake_record,
        "lake_record_sha256": frozen.lake_record_sha256,
        "figures_sha256": frozen.figures_sha256,
        "written_now": since.written_now,
        "differs": since.differs,
        "changes": [
            {
                "balance_type": one.purse.balance_type,
                "currency": one.purse.currency,
                "line": one.name,
                **(_sums(one.moved) if one.known else dict.fromkeys(_sums(one.moved))),
            }
            for one in since.lines
        ],
        "rows_new": since.new,
        "rows_changed": since.changed,
        "rows_gone": since.gone,
        "rows": [
            {
                "kind": one.kind,
                "id": one.id,
                "created": one.created,
                "day": period.day_of(one.created).isoformat(),
                "balance_type": one.purse.balance_type,
                "currency": one.purse.currency,
                "category": one.category,
                "amount": one.amount,
                "fee": one.fee,
                "net": one.net,
            }
            for one in since.rows
        ],
    }


def _change(one: PurseChange) -> dict[str, Any]:
    return {
        "balance_type": one.purse.balance_type,
        "currency": one.purse.currency,
        "categories": [
            {"category": line.category, "before": _sums(line.before), "after": _sums(line.after)} for line in one.lines
        ],
        "fees_before": one.fees_before,
        "fees_after": one.fees_after,
        "fees_changed_by": [{"name": why.name, "amount": why.amount, "text": why.text} for why in one.reasons],
    }


def _comparison(name: str | None, found: Comparison) -> dict[str, Any]:
    return {
        "file": name,
        "form": found.form,
        "compared": found.compared,
        "differing": found.differing,
        "agrees": not found.differing,
        "notes": list(found.notes),
        "lines": [
            {
                "line": one.name,
                "currency": one.currency,
                "figure": one.figure,
                "report": one.report,
                "lake": one.lake,
                "agrees": one.agrees,
            }
            for one in found.lines
        ],
    }
