"""Facts to lines: each line once, whatever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.ledger.bridge import Stage
from connector.core.ledger.ledger import Purse, Sums
from connector.core.units import PAYMENTS
from connector.reporting.cells import Cell, Money
from connector.reporting.statement.comparison_lines import change_lines, compared_line, frozen_lines
from connector.reporting.statement.statement_line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.bridge import BankLine, PayoutState
    from connector.core.ledger.statement import AccountStatement, Bridge, FeeLine, PurseStatement, Split
    from connector.reporting.statement.facts import Statement


def lines_of(statement: Statement) -> Iterator[Line]:
    """Yield every line of a statement, in the order in which it is read."""
    for account in statement.accounts:
        for purse in account.purses:
            yield from _balance(account.account, purse)
            yield from _fees(account.account, purse)
            yield from _refunds(account.account, purse)
            yield from _disputes(statement, account.account, purse)
            yield from _conversions(account.account, purse)
            for day, net in purse.waiting:
                cells: dict[str, Cell] = {"day": day, "net": _money(net, purse)}
                yield Line(account.account, purse.purse, "pending", "available_on", cells)
        yield from (_payout(statement, account, payout) for payout in account.payouts)
        for bridge in account.bridges:
            yield from _bridge(account.account, bridge)
        for bank in account.bank:
            yield from _bank(account.account, bank)
        if account.since_frozen is not None:
            yield from frozen_lines(statement.period, account.account, account.since_frozen)
    for changed in statement.changes:
        for purse_change in changed.purses:
            yield from change_lines(changed.account, purse_change)
    if statement.comparison is not None:
        account_name = statement.accounts[0].account
        yield from (compared_line(account_name, line) for line in statement.comparison.lines)


def _money(amount: int | None, purse: PurseStatement) -> Money:
    return Money(amount, purse.purse.currency)


def _sums(sums: Sums, currency: str) -> dict[str, Cell]:
    returned = Money(sums.returned, currency) if sums.returned else None
    return {
        "count": sums.count,
        "gross": Money(sums.gross, currency),
        "fee": Money(sums.fee, currency),
        "fee_returned": returned,
        "net": Money(sums.net, currency),
    }


def _balance(account: str, purse: PurseStatement) -> Iterator[Line]:
    def line(name: str, cells: dict[str, Cell]) -> Line:
        return Line(account, purse.purse, "balance", name, cells)

    opening, currency = purse.opening, purse.purse.currency
    yield line(
        "opening",
        {
            "name": "opening balance",
            "net": _money(opening.amount, purse),
            "state": opening.basis,
            "note": opening.reason,
        },
    )
    yield from _split(account, purse, "opening", purse.opening_split)
    for part, title in (("activity", "activity"), ("payouts", "payouts")):
        inside = [line for line in purse.lines if line.part == part]
        for category in inside:
            yield line(part, {"name": category.category, **_sums(category.sums, currency)})
        if not inside and part == "payouts" and purse.purse.balance_type != PAYMENTS:
            continue
        total = sum((line.sums for line in inside), Sums())
        yield line(f"{part}_total", {"name": f"all {title}", **_sums(total, currency)})
    reason = None if purse.closing is not None else "the opening is not known"
    yield line("closing", {"name": "closing balance", "net": _money(purse.closing, purse), "note": reason})
    yield from _split(account, purse, "closing", purse.closing_split)


def _split(account: str, purse: PurseStatement, end: str, split: Split | None) -> Iterator[Line]:
    for status in () if split is None else ("available", "pending"):
        cells: dict[str, Cell] = {
            "name": f"of it {status}",
            "state": "computed",
            "net": _money(getattr(split, status), purse),
            "note": "computed from the rows",
        }
        yield Line(account, purse.purse, "balance", f"{end}_{status}", cells)


def _fees(account: str, purse: PurseStatement) -> Iterator[Line]:
    for fee in purse.fees:
        yield Line(account, purse.purse, "fees", "tax" if fee.taxed else "fee", _fee(fee, purse.purse.currency))
    if purse.fees:
        total = sum(fee.amount for fee in purse.fees)
        cells: dict[str, Cell] = {"name": "all fees and taxes", "fee": _money(total, purse)}
        yield Line(account, purse.purse, "fees", "fees_total", cells)


def _fee(fee: FeeLine, currency: str) -> dict[str, Cell]:
    if fee.kind is None:
        return {"name": "not itemized", "fee": Money(fee.amount, currency), "kind": "in rows"}
    return {
        "name": fee.kind.type,
        "note": fee.kind.description,
        "kind": "rows of their own" if fee.kind.apart else "in rows",
        "count": fee.count,
        "fee": Money(fee.amount, currency),
    }


def _refunds(account: str, purse: PurseStatement) -> Iterator[Line]:
    for kind, lines in (("refunds", purse.refunds), ("disputes", purse.dispute_lines)):
        for line in lines:
            cells = _sums(line.sums, purse.purse.currency)
            cells["fee"] = _money(line.sums.charged, purse)
            cells["fee_returned"] = _money(line.sums.returned, purse)
            rows = line.sums.returned_rows
            note = f"{rows:,} of {line.sums.count:,} gave their fee back" if kind == "refunds" else None
            yield Line(account, purse.purse, "refunds", kind, {"name": line.category, **cells, "note": note})


def _disputes(statement: Statement, account: str, purse: PurseStatement) -> Iterator[Line]:
    for dispute in purse.disputes:
        sums = dispute.sums
        gross = sums.reinstated - sums.withdrawn
        cells: dict[str, Cell] = {
            "id": dispute.dispute,
            "at": statement.period.local(sums.created),
            "state": sums.status,
            "gross": _money(gross, purse),
            "fee": _money(sums.fee, purse),
            "net": _money(-dispute.cost, purse),
            "day": None if sums.evidence_due is None else statement.period.day_of(sums.evidence_due),
            "note": ", ".join(filter(None, (sums.reason, sums.charge))) or None,
        }
        yield Line(account, purse.purse, "disputes", "dispute", cells)


def _conversions(account: str, purse: PurseStatement) -> Iterator[Line]:
    for conversion in purse.conversions:
        paid = None
        if conversion.paid_currency is not None:
            paid = Money(conversion.sums.paid, conversion.paid_currency)
        cells: dict[str, Cell] = {
            "name": conversion.paid_currency.upper() if conversion.paid_currency else "another currency",
            "count": conversion.sums.count,
            "paid": paid,
            "gross": _money(conversion.sums.gross, purse),
            "note": None if conversion.paid_currency else "what was paid is known in lakes made with `expand=source`",
        }
        yield Line(account, purse.purse, "conversion", "converted", cells)
    fee = sum(fee_line.amount for fee_line in purse.fees if fee_line.converts)
    if fee:
        cells = {"name": "fees for conversion", "fee": _money(fee, purse)}
        yield Line(account, purse.purse, "conversion", "conversion_fee", cells)


def _payout(statement: Statement, account: AccountStatement, payout: PayoutState) -> Line:
    known = payout.known
    arrived = payout.arrived if payout.state in {"paid", "in_transit", "pending"} else None
    notes = (known.failure_code if known else None, f"trace {known.trace_id}" if known and known.trace_id else None)
    cells: dict[str, Cell] = {
        "id": payout.id,
        "at": statement.period.local(payout.sent),
        "day": None if arrived is None else statement.period.day_of(arrived),
        "state": payout.state,
        "kind": payout.kind,
        "gross": Money(payout.amount, payout.currency),
        "fee": Money(payout.fee, payout.currency),
        "bank": payout.destination,
        "name": _ENDS[payout.end],
        "note": ", ".join(filter(None, notes)) or None,
    }
    return Line(account.account, Purse("", payout.currency), "payouts", "payout", cells)


_ENDS = {
    Stage.ON_THE_WAY: "on the way",
    Stage.ARRIVED: "arrived",
    Stage.RETURNED: "returned",
    Stage.UNKNOWN: "not known",
    Stage.NOT_SENT: "not sent",
}


def _bridge(account: str, bridge: Bridge) -> Iterator[Line]:
    figures = [
        ("opening", "opening balance", bridge.opening),
        ("activity", "activity, after fees", bridge.activity),
        ("payout_fees", "fees of payouts", -bridge.payout_fees),
        ("closing", "less closing balance", None if bridge.closing is None else -bridge.closing),
        ("left", "left for the bank, less what came back", bridge.left),
        ("apart", "of it, in no bank account's lines", bridge.apart),
    ]
    for line, name, amount in figures:
        if amount or line not in {"payout_fees", "apart"}:
            note = "payouts that were not read" if line == "apart" else None
            cells: dict[str, Cell] = {"name": name, "net": Money(amount, bridge.currency), "note": note}
            yield Line(account, Purse("", bridge.currency), "bridge", line, cells)


def _bank(account: str, bank: BankLine) -> Iterator[Line]:
    figures = [
        ("on_the_way_before", "on the way at the start", bank.on_the_way_before),
        *((f"sent_{kind}", f"sent, {kind}", amount) for kind, amount in sorted(bank.sent.items())),
        ("failed", "failed", -bank.failed),
        ("returned", "returned by the bank", -bank.returned),
        ("canceled", "canceled", -bank.canceled),
        ("unknown", "less sent, state not known", -bank.unknown),
        ("on_the_way_after", "less on the way at the end", -bank.on_the_way_after),
        ("arrived", "arrived at the bank", bank.arrived),
    ]
    for line, name, amount in figures:
        if amount or line in {"on_the_way_before", "on_the_way_after", "arrived"}:
            told = bool(amount) or not bank.unknown  # else it may be of those whose state is not known
            cells: dict[str, Cell] = {
                "name": name,
                "count": bank.counts.get(line, 0) if told else None,
                "net": Money(amount if told else None, bank.currency),
                "bank": bank.destination or "not known",
            }
            yield Line(account, Purse("", bank.currency), "bank", line, cells)
