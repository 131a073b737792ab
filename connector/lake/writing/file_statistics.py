"""What the state says of a file, gathered while its rows go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.state.data_file import DataFile
from connector.core.units import PAYMENTS
from connector.lake.formats.row_columns import MICROSECONDS, bounds_of

if TYPE_CHECKING:
    from pathlib import Path

_LOW_BITS = 32

_FEW = 64
"""Rows that are added up one by one in the time Arrow takes to begin."""


class Summary:
    """Adds up sorted batches. Sums of money are exact, however large.

    Args:
        ids: whether to find the least and the greatest id, too.
    """

    def __init__(self, *, ids: bool = False) -> None:
        self._wants_ids = ids
        self._ids: tuple[str, str] | None = None
        self._rows = 0
        self._first = 0
        self._last = 0
        self._net: dict[str, int] = {}
        self._apart: dict[str, dict[str, int]] = {}
        self._pending = 0
        self._pending_from: int | None = None
        self._pending_created: tuple[int, int] | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch that has rows; batches come in order of `created`."""
        created = batch.column("created")
        self._first = self._first if self._rows else created[0].value // MICROSECONDS
        self._last = created[-1].value // MICROSECONDS
        self._rows += batch.num_rows
        if self._wants_ids:
            self._ids = span_of(batch.column("id"), self._ids)
        for currency, amount in _net(batch).items():
            self._net[currency] = self._net.get(currency, 0) + amount
        self._add_apart(batch)
        status = batch.column("status")
        if batch.num_rows <= _FEW and "pending" not in status.to_pylist():
            return
        is_pending = pc.equal(status, "pending")
        if pc.any(is_pending).as_py():
            self._add_pending(batch.filter(is_pending))

    def _add_apart(self, batch: pa.RecordBatch) -> None:
        """Add up what is of other balances than that of payments; rows that do not say are of that one."""
        balance_type = batch.column("balance_type")
        if batch.num_rows <= _FEW:
            names = {one for one in balance_type.to_pylist() if one not in {None, PAYMENTS}}
        else:
            names = set(pc.unique(balance_type).to_pylist()) - {None, PAYMENTS}
        for name in sorted(names):
            sums = self._apart.setdefault(name, {})
            for currency, amount in _net(batch.filter(pc.equal(balance_type, name))).items():
                sums[currency] = sums.get(currency, 0) + amount

    def _add_pending(self, waiting: pa.RecordBatch) -> None:
        pending = waiting.column("available_on")
        self._pending += len(pending)
        first, last = bounds_of(waiting)
        self._pending_created = (self._pending_created[0] if self._pending_created else first, last)
        earliest = pc.min(pending.cast(pa.int64())).as_py()
        if earliest is not None:
            due = earliest // MICROSECONDS
            self._pending_from = due if self._pending_from is None else min(due, self._pending_from)

    def data_file(self, path: str, *, written: Path, sha256: str) -> DataFile:
        """Return the state's entry, once there were rows.

        Args:
            path: final path of the file.
            written: where it is now.
            sha256: of its bytes.
        """
        return DataFile(
            path=path,
            rows=self._rows,
            bytes=written.stat().st_size,
            sha256=sha256,
            first_created=self._first,
            last_created=self._last,
            net=dict(sorted(self._net.items())),
            pending=self._pending,
            pending_from=self._pending_from,
            pending_created=self._pending_created,
            apart={name: dict(sorted(sums.items())) for name, sums in sorted(self._apart.items())},
            ids=self._ids,
        )


def span_of(column: pa.Array, known: tuple[str, str] | None = None) -> tuple[str, str]:
    """Return the least and the greatest value of a text column that has rows, by their bytes.

    Args:
        column: without nulls.
        known: those of the rows before.
    """
    found = pc.min_max(column).as_py()
    least, greatest = known or (found["min"], found["max"])
    return min(least, found["min"]), max(greatest, found["max"])  # by code points, which go as UTF-8's bytes do


def _net(batch: pa.RecordBatch) -> dict[str, int]:
    """Sum `net` per currency; many in two halves, since Arrow's 64-bit sums wrap around without a word."""
    net = batch.column("net")
    if batch.num_rows <= _FEW:
        sums: dict[str, int] = {}
        for currency, amount in zip(batch.column("currency").to_pylist(), net.to_pylist(), strict=True):
            sums[currency] = sums.get(currency, 0) + amount
        return sums
    halves = pa.table(
        {
            "currency": batch.column("currency"),
            "high": pc.shift_right(net, _LOW_BITS),
            "low": pc.bit_wise_and(net, 2**_LOW_BITS - 1),
        }
    )
    added = halves.group_by("currency", use_threads=False).aggregate([("high", "sum"), ("low", "sum")])
    return {row["currency"]: (row["high_sum"] << _LOW_BITS) + row["low_sum"] for row in added.to_pylist()}
