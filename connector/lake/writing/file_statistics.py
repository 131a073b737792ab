"""What the state says of a file, gathered while its rows go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from connector.core.state.data_file import DataFile
from connector.core.units import PAYMENTS
from connector.lake.formats.row_columns import FEW_ROWS, MICROSECONDS, value_of

if TYPE_CHECKING:
    import pyarrow as pa

_LOW_BITS = 32


class Summary:
    """Adds up sorted batches. Sums of money are exact, however large.

    Args:
        ids: whether to find the least and the greatest id, too.
    """

    def __init__(self, *, ids: bool = False) -> None:
        self._wants_ids = ids
        self._ids: tuple[str, str] | None = None
        self._rows = self._first = self._last = self._pending = 0
        self._net: dict[str, int] = {}
        self._apart: dict[str, dict[str, int]] = {}
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
        net, currency = batch.column("net"), batch.column("currency")
        for name, amount in _net(net, currency).items():
            self._net[name] = self._net.get(name, 0) + amount
        self._add_apart(batch.column("balance_type"), net, currency)
        status = batch.column("status")
        if batch.num_rows <= FEW_ROWS and "pending" not in status.to_pylist():
            return
        is_pending = pc.equal(status, value_of(status, "pending"))
        if pc.any(is_pending).as_py():
            self._add_pending(created.filter(is_pending), batch.column("available_on").filter(is_pending))

    def _add_apart(self, balance_type: pa.Array, net: pa.Array, currency: pa.Array) -> None:
        """Add up what is of other balances than that of payments; rows that do not say are of that one."""
        if len(balance_type) <= FEW_ROWS:
            names = {value for value in balance_type.to_pylist() if value not in {None, PAYMENTS}}
        else:
            names = set(pc.unique(balance_type).to_pylist()) - {None, PAYMENTS}
        for name in sorted(names):
            sums = self._apart.setdefault(name, {})
            is_of = pc.equal(balance_type, value_of(balance_type, name))
            for code, amount in _net(net.filter(is_of), currency.filter(is_of)).items():
                sums[code] = sums.get(code, 0) + amount

    def _add_pending(self, created: pa.Array, available_on: pa.Array) -> None:
        """Count rows that are pending, at least one."""
        self._pending += len(created)
        first, last = created[0].value // MICROSECONDS, created[-1].value // MICROSECONDS
        self._pending_created = (self._pending_created[0] if self._pending_created else first, last)
        earliest = pc.min(available_on).value
        if earliest is not None:
            due = earliest // MICROSECONDS
            self._pending_from = due if self._pending_from is None else min(due, self._pending_from)

    def data_file(self, path: str, *, size: int, sha256: str) -> DataFile:
        """Return the state's entry, once there were rows.

        Args:
            path: final path of the file.
            size: in bytes.
            sha256: of its bytes.
        """
        return DataFile(
            path=path,
            rows=self._rows,
            bytes=size,
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


def span_of(column: pa.Array, known: tuple[str, str] | None) -> tuple[str, str]:
    """Return the least and the greatest value of a text column that has rows, by their bytes.

    Args:
        column: without nulls.
        known: those of the rows before.
    """
    span = pc.min_max(column).as_py()
    least, greatest = known or (span["min"], span["max"])
    return min(least, span["min"]), max(greatest, span["max"])  # by code points, which go as UTF-8's bytes do


def _net(net: pa.Array, currency: pa.Array) -> dict[str, int]:
    """Sum `net` per currency: few rows one by one, many by Arrow, a currency at a time."""
    if len(net) <= FEW_ROWS:
        sums: dict[str, int] = {}
        for name, amount in zip(currency.to_pylist(), net.to_pylist(), strict=True):
            sums[name] = sums.get(name, 0) + amount
        return sums
    names = pc.unique(currency).to_pylist()
    if len(names) == 1:
        return {names[0]: _sum(net)}
    return {name: _sum(net.filter(pc.equal(currency, value_of(currency, name)))) for name in names}


def _sum(amounts: pa.Array) -> int:
    """Add up; what may not fit in 64 bits in two halves, since Arrow's sums wrap around without a word."""
    extremes = pc.min_max(amounts).as_py()
    if max(-extremes["min"], extremes["max"]) * len(amounts) < 2**63:
        return pc.sum(amounts).as_py()
    high = pc.shift_right(amounts, value_of(amounts, _LOW_BITS))
    low = pc.bit_wise_and(amounts, value_of(amounts, 2**_LOW_BITS - 1))
    return (pc.sum(high).as_py() << _LOW_BITS) + pc.sum(low).as_py()
