"""Sums of an account's rows by balance, currency and status; exact, however large."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.ledger.accounting import AVAILABLE, NOTHING, PENDING, BalanceKey, Total, add_totals, add_up
from connector.core.units import PAYMENTS
from connector.lake.formats.row_columns import MICROSECONDS, to_rows, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from connector.core.ledger.balance import Balance, BalanceAmount

MOST_DUE = 500_000
"""Pending rows that are remembered one by one: about 200 bytes each."""

_LOW_BITS = 32


class Due(NamedTuple):
    """A pending row whose time has come: Stripe may call it available by now.

    Attributes:
        created: UTC seconds.
        bucket: where its `net` is counted.
        net: minor units.
        available_on: UTC seconds; None where the row does not say.
    """

    created: int
    bucket: BalanceKey
    net: int
    available_on: int | None


@dataclass(slots=True)
class Ledger:
    """Adds up rows.

    Attributes:
        due_by: pending rows that become available before this second are remembered; None where nobody asks for them.
        sums: what the rows come to, by bucket.
        due: remembered rows by id, at most `MOST_DUE`.
        crowded: whether there were more.
        untyped: whether there are rows that do not say which balance they are of, as in API versions before
            2025-05-28; they count as payments.
    """

    due_by: int | None
    sums: dict[BalanceKey, Total] = field(default_factory=dict[BalanceKey, Total])
    due: dict[str, Due] = field(default_factory=dict[str, Due])
    crowded: bool = False
    untyped: bool = False

    def add(self, batch: pa.RecordBatch) -> dict[BalanceKey, Total]:
        """Take a batch in, and return its sums."""
        if not batch.num_rows:
            return {}
        self.untyped = self.untyped or batch.column("balance_type").null_count > 0
        sums = sums_of_batch(batch)
        self.sums = add_totals([self.sums, sums])
        if self.due_by is not None:
            self._remember(batch, self.due_by)
        return sums

    def _remember(self, batch: pa.RecordBatch, due_by: int) -> None:
        """Remember the pending rows that become available before a second."""
        status = batch.column("status")
        waiting = batch.filter(pc.equal(status, value_of(status, PENDING)))
        if not waiting.num_rows:
            return
        ticks = waiting.column("available_on").view(pa.int64())
        soon = pc.less(ticks, value_of(ticks, due_by * MICROSECONDS))
        due = waiting.filter(soon.fill_null(True))  # noqa: FBT003 - Arrow's own; a row that does not say when may be due
        names = ("id", "created", "available_on", "balance_type", "currency", "status", "net")
        for row in to_rows(pa.Table.from_batches([due]), names):
            if len(self.due) < MOST_DUE:
                self.due[row["id"]] = Due(row["created"], _bucket(row), row["net"], row["available_on"])
            else:
                self.crowded = True

    def as_of(self, statuses: Mapping[str, str]) -> dict[BalanceKey, Total]:
        """Return the sums with these rows' statuses as they are now.

        Args:
            statuses: by id; those of rows that are not remembered count for nothing.
        """
        sums = dict(self.sums)
        for purse, status in statuses.items():
            due = self.due.get(purse)
            if due is not None and status != due.bucket.status:
                was, moved = sums[due.bucket], due.bucket._replace(status=status)
                now = sums.get(moved, NOTHING)
                sums[due.bucket] = Total(was.net - due.net, was.rows - 1)
                sums[moved] = Total(now.net + due.net, now.rows + 1)
        return sums

    def overdue(self, statuses: Mapping[str, str], now: int) -> dict[BalanceKey, Total]:
        """Return what the remembered rows come to that Stripe's list still has as pending past their `available_on`.

        Args:
            statuses: by id, as the list has them now.
            now: UTC seconds.
        """
        late = [
            due
            for purse, status in statuses.items()
            if status == PENDING and (due := self.due.get(purse)) is not None and _is_past(due.available_on, now)
        ]
        return add_totals({due.bucket: Total(due.net, 1)} for due in late)


def sums_of(rows: Iterable[Mapping[str, Any]]) -> dict[BalanceKey, Total]:
    """Add up rows as received, by bucket."""
    return add_totals({_bucket(row): Total(int(row["net"]), 1)} for row in rows)


def overdue_of(rows: Iterable[Mapping[str, Any]], now: int) -> dict[BalanceKey, Total]:
    """Return what those rows as received come to that are pending past their `available_on`, at `now`."""
    return sums_of(row for row in rows if row.get("status") == PENDING and _is_past(row.get("available_on"), now))


def _is_past(available_on: object, now: int) -> bool:
    return type(available_on) is int and available_on <= now


def held_by(balance: Balance) -> dict[BalanceKey, int]:
    """Return what a balance holds, by bucket; views of the same money (`instant_available`) are left out."""
    parts: list[tuple[str, str, tuple[BalanceAmount, ...]]] = [
        (PAYMENTS, AVAILABLE, balance.available),
        (PAYMENTS, PENDING, balance.pending),
        *(("issuing", status, amounts) for status, amounts in balance.issuing.items()),
        *(
            ("refund_and_dispute_prefunding", status, amounts)
            for status, amounts in balance.refund_and_dispute_prefunding.items()
        ),
    ]
    return add_up(
        {BalanceKey(kind, amount.currency, status): amount.amount}
        for kind, status, amounts in parts
        for amount in amounts
    )


def _bucket(row: Mapping[str, Any]) -> BalanceKey:
    return BalanceKey(str(row.get("balance_type") or PAYMENTS), str(row["currency"]), str(row.get("status")))


def sums_of_batch(batch: pa.RecordBatch) -> dict[BalanceKey, Total]:
    """Add up rows by bucket, `net` in two halves, since Arrow's 64-bit sums wrap around without a word."""
    net = batch.column("net")
    halves = pa.table(
        {
            "balance_type": batch.column("balance_type"),
            "currency": batch.column("currency"),
            "status": batch.column("status"),
            "high": pc.shift_right(net, value_of(net, _LOW_BITS)),
            "low": pc.bit_wise_and(net, value_of(net, 2**_LOW_BITS - 1)),
        }
    )
    keys = ["balance_type", "currency", "status"]
    wanted: list[tuple[str | list[str], str]] = [("high", "sum"), ("low", "sum"), ([], "count_all")]
    return add_totals(
        {_bucket(row): Total((row["high_sum"] << _LOW_BITS) + row["low_sum"], row["count_all"])}
        for row in halves.group_by(keys, use_threads=False).aggregate(wanted).to_pylist()
    )
