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
    from connector.reporting.statement.facts import Statement

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
                **account_document(statement.period, account),
                "frozen": _frozen(statement.period, account),
                "sources": _sources(account),
            }
            for account in statement.accounts
        ],
        "compared_with": None if statement.compared_with is None else _period(statement.compared_with),
        "changes": [
            {"account": change.account, "final": change.final, "balances": [_change(purse) for purse in change.purses]}
            for change in statement.changes
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
        "balances": [_purse(purse) for purse in account.purses],
        "payouts_as_of": account.payouts_as_of,
        "payouts": [_payout(period, payout) for payout in account.payouts],
        "bridge": [asdict(bridge) for bridge in account.bridges],
        "bank": [_bank(line) for line in account.bank],
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
        "activity": [
            {"category": line.category, **_sums(line.sums)} for line in purse.lines if line.part == "activity"
        ],
        "activity_total": _sums(purse.total("activity")),
        "payouts": [{"category": line.category, **_sums(line.sums)} for line in purse.lines if line.part == "payouts"],
        "payouts_total": _sums(purse.total("payouts")),
        "closing": {"amount": purse.closing, "computed": _split(purse.closing_split)},
        "pending": [{"day": day.isoformat(), "net": net} for day, net in purse.waiting],
        "fees": [_fee(fee) for fee in purse.fees],
        "fees_total": sum(fee.amount for fee in purse.fees),
        "conversion_fees": sum(fee.amount for fee in purse.fees if fee.converts),
        "refunds": [{"category": refund.category, **_sums(refund.sums)} for refund in purse.refunds],
        "disputes": [
            {
                "dispute": dispute.dispute,
                "created": dispute.sums.created,
                "withdrawn": dispute.sums.withdrawn,
                "reinstated": dispute.sums.reinstated,
                "fee": dispute.sums.fee,
                "cost": dispute.cost,
                "reason": dispute.sums.reason,
                "status": dispute.sums.status,
                "charge": dispute.sums.charge,
                "evidence_due": dispute.sums.evidence_due,
            }
            for dispute in purse.disputes
        ],
        "conversions": [
            {
                "paid_currency": conversion.paid_currency,
                "count": conversion.sums.count,
                "paid": conversion.sums.paid if conversion.paid_currency is not None else None,
                "gross": conversion.sums.gross,
            }
            for conversion in purse.conversions
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


def _fee(fee: FeeLine) -> dict[str, Any]:
    return {
        "type": None if fee.kind is None else fee.kind.type,
        "description": None if fee.kind is None else fee.kind.description,
        "own_rows": fee.kind is not None and fee.kind.apart,
        "tax": fee.taxed,
        "conversion": fee.converts,
        "count": fee.count,
        "amount": fee.amount,
    }


def _payout(period: Period, payout: PayoutState) -> dict[str, Any]:
    known = payout.known
    return {
        "payout": payout.id,
        "currency": payout.currency,
        "amount": payout.amount,
        "fee": payout.fee,
        "sent": payout.sent,
        "state": payout.state,
        "kind": payout.kind,
        "destination": payout.destination,
        "arrives": None if payout.arrived is None else period.day_of(payout.arrived).isoformat(),
        "returned": payout.returned,
        "failure_code": None if known is None else known.failure_code,
        "trace_id": None if known is None else known.trace_id,
        "at_start": payout.begin.value,
        "at_end": payout.end.value,
    }


def _bank(line: BankLine) -> dict[str, Any]:
    return {
        "destination": line.destination,
        "currency": line.currency,
        "on_the_way_before": line.on_the_way_before,
        "sent": dict(sorted(line.sent.items())),
        "failed": line.failed,
        "returned": line.returned,
        "canceled": line.canceled,
        "unknown": line.unknown,
        "on_the_way_after": line.on_the_way_after,
        "arrived": line.arrived,
        "counts": dict(sorted(line.counts.items())),
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
                "balance_type": line.purse.balance_type,
                "currency": line.purse.currency,
                "line": line.name,
                **(_sums(line.moved) if line.known else dict.fromkeys(_sums(line.moved))),
            }
            for line in since.lines
        ],
        "rows_new": since.new,
        "rows_changed": since.changed,
        "rows_gone": since.gone,
        "rows": [
            {
                "kind": row.kind,
                "id": row.id,
                "created": row.created,
                "day": period.day_of(row.created).isoformat(),
                "balance_type": row.purse.balance_type,
                "currency": row.purse.currency,
                "category": row.category,
                "amount": row.amount,
                "fee": row.fee,
                "net": row.net,
            }
            for row in since.rows
        ],
    }


def _change(change: PurseChange) -> dict[str, Any]:
    return {
        "balance_type": change.purse.balance_type,
        "currency": change.purse.currency,
        "categories": [
            {"category": line.category, "before": _sums(line.before), "after": _sums(line.after)}
            for line in change.lines
        ],
        "fees_before": change.fees_before,
        "fees_after": change.fees_after,
        "fees_changed_by": [{"name": why.name, "amount": why.amount, "text": why.text} for why in change.reasons],
    }


def _comparison(name: str | None, comparison: Comparison) -> dict[str, Any]:
    return {
        "file": name,
        "form": comparison.form,
        "compared": comparison.compared,
        "differing": comparison.differing,
        "agrees": not comparison.differing,
        "notes": list(comparison.notes),
        "lines": [
            {
                "line": line.name,
                "currency": line.currency,
                "figure": line.figure,
                "report": line.report,
                "lake": line.lake,
                "agrees": line.agrees,
            }
            for line in comparison.lines
        ],
    }
