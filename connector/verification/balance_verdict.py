"""What sums of rows and a balance come to, as the verdict of the layer `balance`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.ledger import money
from connector.core.ledger.accounting import (
    NOTHING,
    PENDING,
    WHOLE,
    BalanceKey,
    Total,
    add_totals,
    cancelling,
    changes_since,
    compared,
    disagreements,
    nets_of,
    side_by_side,
    unexplained,
    unshown,
)
from connector.core.time.times import to_words
from connector.verification.evidence import BalanceFigures
from connector.verification.verdict import Finding, Findings, Layer, not_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.core.ledger.accounting import Disagreement, Unshown
    from connector.verification.recorded_balances import RecordedBalance


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """What is compared.

    Attributes:
        rows: what all rows come to now, by bucket.
        held: what the balance holds, in minor units.
        overdue: what the rows among them come to that Stripe's list has as pending past their `available_on`.
        checked: how many of each thing were looked at.
    """

    rows: Mapping[BalanceKey, Total]
    held: Mapping[BalanceKey, int]
    overdue: Mapping[BalanceKey, Total]
    checked: Mapping[str, int]


def judge(reading: BalanceReading) -> Layer:
    """Hold all rows there ever were to the balance, by currency, kind of balance and status."""
    nets = nets_of(reading.rows)
    splits, others = cancelling(disagreements(nets, reading.held))
    findings = Findings()
    for split in splits:
        findings.add(_split(split, reading, nets))
    for other in others:
        findings.add(_finding(other))
    count = compared(nets, reading.held)
    proved = f"rows add up to all {count:,} balances, to the last minor unit"
    layer = _layer(findings, proved, reading, balances=count, left_out=unshown(reading.rows))
    layer = replace(layer, balances=_figures(side_by_side(nets, reading.held)))
    if not splits:
        return layer
    late = sum(reading.overdue.get(_pending(split), NOTHING).rows for split in splits)
    return replace(layer, reason=f"{_agreeing(splits, late, others=bool(others))}; {layer.reason}")


def judge_changes(recorded: Sequence[RecordedBalance], reading: BalanceReading) -> Layer:
    """Judge by the oldest recorded balance that tells: one that does not agree may lack rows that came late."""
    for balance in recorded:
        layer = _judge_change(balance, reading)
        if layer.verdict != "residual" or not balance.fresh:
            return layer
    return not_checkable(
        "balance",
        "the recorded balances do not agree with the rows, and rows made in the minutes before them may have come "
        "after: record another at a quieter time",
    )


def _judge_change(balance: RecordedBalance, reading: BalanceReading) -> Layer:
    findings = Findings()
    before = {bucket: Total(-net, -rows) for bucket, (net, rows) in balance.before.items()}
    since = add_totals([reading.rows, before])
    for disagreement in unexplained(nets_of(since), balance.held, reading.held):
        findings.add(_finding(disagreement, f"since {to_words(balance.at)}"))
    count = len({bucket[:2] for bucket in (*balance.held, *reading.held) if bucket.balance_type in WHOLE})
    proved = (
        f"rows since {to_words(balance.at)}, when the balance was recorded, add up to the change since, of {count:,}"
        " balances; the lake does not begin at the beginning"
    )
    counted = replace(reading, rows=since)
    layer = _layer(findings, proved, counted, balances=count, left_out=unshown(since, since=True))
    return replace(
        layer, balances=_figures(changes_since(nets_of(since), balance.held, reading.held), since=balance.at)
    )


def _figures(disagreements: Sequence[Disagreement], *, since: int | None = None) -> tuple[BalanceFigures, ...]:
    return tuple(
        BalanceFigures(*disagreement.bucket, disagreement.held, disagreement.rows, since)
        for disagreement in disagreements
    )


def _layer(
    findings: Findings, proved: str, reading: BalanceReading, *, balances: int, left_out: Sequence[Unshown]
) -> Layer:
    """Return the layer: what nothing could be compared with is not proved, whatever else is."""
    rows = sum(total.rows for total in reading.rows.values())
    without = sum(balance.rows for balance in left_out)
    checked = {"balances": balances, "rows_compared": rows - without, "rows_not_compared": without, **reading.checked}
    layer = findings.layer("balance", f"the {proved}", checked=checked)
    if not left_out:
        return layer
    words = (
        f"{without:,} of {rows:,} rows are compared with nothing, since Stripe shows no balance of theirs: "
        + ", ".join(
            f"{balance.balance_type} ({counted(balance.rows, 'row')}, {money.to_text(balance.net, balance.currency)})"
            for balance in left_out
        )
    )
    layer = replace(layer, not_compared=tuple(left_out))
    if layer.verdict == "residual":
        return replace(layer, reason=f"{layer.reason}; {words}")
    return replace(layer, verdict="not_checkable", reason=f"{words}; the other {proved}")


def _agreeing(splits: Sequence[Disagreement], late: int, *, others: bool) -> str:
    """Say that totals agree, and how many rows Stripe's list is behind with."""
    which = f"the total agrees in {len(splits):,} of the balances that differ" if others else "the total agrees"
    return f"{which}; {_behind(late)}" if late else f"{which}; what is pending of it does not"


def _split(disagreement: Disagreement, reading: BalanceReading, nets: Mapping[BalanceKey, int]) -> Finding:
    """Describe a balance whose total agrees, and what is pending of it does not."""
    kind, currency, _ = disagreement.bucket
    pending = _pending(disagreement)
    total = money.to_text(nets.get(disagreement.bucket, 0) + nets.get(pending, 0), currency)
    late = reading.overdue.get(pending, NOTHING)
    behind = f", {_behind(late.rows)} ({money.to_text(late.net, currency)})" if late.rows else ""
    held, rows = money.to_text(disagreement.held, currency), money.to_text(disagreement.rows, currency)
    message = f"{kind}: the total agrees, {total}{behind}; available is {held}, and the rows that are add up to {rows}"
    return Finding("wrong_split", message, currency=currency, expected=disagreement.held, found=disagreement.rows)


def _behind(rows: int) -> str:
    past = "past its available_on is" if rows == 1 else "past their available_on are"
    return f"{counted(rows, 'row')} {past} still pending in the list"


def _pending(disagreement: Disagreement) -> BalanceKey:
    return disagreement.bucket._replace(status=PENDING)


def _finding(disagreement: Disagreement, since: str = "") -> Finding:
    kind, currency, status = disagreement.bucket
    held, rows = money.to_text(disagreement.held, currency), money.to_text(disagreement.rows, currency)
    apart = money.to_text(abs(disagreement.held - disagreement.rows), currency)
    which = "less" if disagreement.rows < disagreement.held else "more"
    balance = f"{since}, the balance changed by" if since else "the balance is"
    message = f"{kind}, {status}: {balance} {held}, and the rows add up to {rows}, {apart} {which}"
    return Finding("wrong_balance", message, currency=currency, expected=disagreement.held, found=disagreement.rows)
