"""The fourth layer: per currency and kind of balance, all rows add up to the balance as it is now.

Rows newer than the lake covers, and the statuses of pending rows whose time has come, are read from Stripe for the sum,
so that a lake that was synced a while ago can be proved as it is. They are not written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connector.core.ledger.accounting import add_totals
from connector.core.ledger.openings import NEAR
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME, to_words
from connector.core.units import PAYMENTS
from connector.verification.balance_verdict import BalanceReading, judge, judge_changes
from connector.verification.sums import held_by, overdue_of, sums_of
from connector.verification.verdict import Layer, not_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.ledger.accounting import BalanceKey, Total
    from connector.verification.asking import Asker
    from connector.verification.inventory import Inventory
    from connector.verification.sums import Ledger

READINGS = 5
"""Readings of the balance, at most, until two of them in a row are equal."""

UNTYPED = "rows without balance_type, as API versions before 2025-05-28 have them, may be of several balances"
REREAD = "sync under a current version to a new lake to have it checked"

CLOSE = 6 * 3600
"""Pending rows less than this many seconds apart are read with one listing."""


async def check_balance(asker: Asker | None, inventory: Inventory, *, newer_rows: int) -> Layer:
    """Return the verdict of the layer `balance`.

    Args:
        asker: whom to ask, or None.
        inventory: of the account's files.
        newer_rows: rows newer than the lake that are read for the sum, at most: beyond that, a sync is the better use
            of requests.
    """
    if asker is None:
        return not_checkable("balance", "Stripe was not asked (offline)")
    recorded = [balance for balance in inventory.recorded if not balance.near and balance.at + NEAR < inventory.settled]
    if reason := _unfit(inventory) or ("" if recorded else _partial(asker, inventory)):
        return not_checkable("balance", reason)
    before = held_by(await asker.balance())
    for _ in range(READINGS - 1):
        newer = await _newer(asker, inventory.settled, newer_rows)
        if newer is None:
            ends = to_words(inventory.settled)
            return not_checkable(
                "balance", f"the lake ends at {ends}, and more than {newer_rows:,} rows came since: sync"
            )
        statuses = await _statuses(asker, inventory.ledger)
        after = held_by(await asker.balance())
        if before == after:
            if inventory.ledger.untyped and (others := _others(after)):
                return not_checkable("balance", f"{UNTYPED} ({', '.join(others)}): {REREAD}")
            reading = BalanceReading(
                add_totals([inventory.ledger.as_of(statuses), newer.rows]),
                after,
                add_totals([inventory.ledger.overdue(statuses, asker.now), newer.overdue]),
                {"newer_rows": sum(row.rows for row in newer.rows.values()), "statuses_read": len(statuses)},
            )
            return judge_changes(recorded, reading) if recorded else judge(reading)
        before = after
    return not_checkable("balance", f"the balance moved between any two of {READINGS} readings: try at a quieter time")


def _others(held: Mapping[BalanceKey, int]) -> list[str]:
    """Return the balances besides that of payments which hold anything, sorted."""
    return sorted({bucket.balance_type for bucket, amount in held.items() if amount} - {PAYMENTS})


def _unfit(inventory: Inventory) -> str:
    """Say why no sum of the lake's rows means anything; empty if one does."""
    holes = len(inventory.state.covered.parts) - 1
    if holes < 0:
        return "nothing is covered yet: sync"
    if holes:
        return f"covered time has {holes:,} holes: sync without `since` and `until` to fill them"
    return "too many pending rows are due: sync, to have their statuses" if inventory.ledger.crowded else ""


def _partial(asker: Asker, inventory: Inventory) -> str:
    """Say why the lake's rows are not all there ever were; empty if they are."""
    start = inventory.state.covered.parts[0].start
    if start <= asker.created:
        return ""
    if any(recorded.at + NEAR >= inventory.settled for recorded in inventory.recorded):
        return f"a balance was recorded, and the lake has all rows only up to {to_words(inventory.settled)}: sync again"
    if inventory.recorded:
        return "rows were made in the very seconds of the recorded balances, and may be in them or not: record another"
    return (
        f"the lake begins at {to_words(start)}, and rows before it are part of the balance; sync without `since` to "
        "have them all, or record the balance (`stripe-balance balance DEST`) to have what comes after checked"
    )


class _Newer(NamedTuple):
    """Rows created since the lake ends: what all of them come to, and those pending past their `available_on`."""

    rows: Mapping[BalanceKey, Total]
    overdue: Mapping[BalanceKey, Total]


async def _newer(asker: Asker, settled: int, most: int) -> _Newer | None:
    """Add up the rows created since the lake ends; None when there are more than so many."""
    sums: list[dict[BalanceKey, Total]] = []
    overdue: list[dict[BalanceKey, Total]] = []
    rows = 0
    async with asker.listed(Intervals.span(settled, END_OF_TIME)) as pages:
        async for page in pages:
            sums.append(sums_of(page))
            overdue.append(overdue_of(page, asker.now))
            rows += len(page)
            if rows > most:
                return None
    return _Newer(add_totals(sums), add_totals(overdue))


async def _statuses(asker: Asker, ledger: Ledger) -> dict[str, str]:
    """Read the statuses of pending rows that are due, by listing the days they lie in."""
    statuses: dict[str, str] = {}
    days = stretches(due.created for due in ledger.due.values())
    if not days:
        return statuses
    async with asker.listed(days) as pages:
        async for page in pages:
            statuses |= {row["id"]: str(row.get("status")) for row in page if row["id"] in ledger.due}
    return statuses


def stretches(seconds: Iterable[int], apart: int = CLOSE) -> Intervals:
    """Return the stretches that seconds lie in, those less than `apart` seconds from one another joined."""
    ends = Intervals.of(Interval(second, second + apart) for second in seconds)
    return Intervals(tuple(Interval(part.start, part.stop - apart + 1) for part in ends))
