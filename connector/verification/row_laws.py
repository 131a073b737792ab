"""Laws of a single row, and of rows in a file's order, on whole Arrow batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.lake.formats.row_columns import value_of
from connector.verification.verdict import Finding

if TYPE_CHECKING:
    from connector.verification.verdict import Findings


def check_amounts(batch: pa.RecordBatch, path: str, findings: Findings) -> int:
    """Hold rows to `net = amount - fee` and to `fee` = sum of `fee_details`, as far as currencies match.

    Args:
        batch: with columns `id`, `amount`, `fee`, `net`, `currency`, `fee_details`.
        path: file they are from, for the findings.
        findings: where what disagrees goes.

    Returns:
        How many rows have fee details that can be compared with their fee.

    Source: docs.stripe.com/api/balance_transactions/object.
    """
    should = pc.subtract(batch.column("amount"), batch.column("fee"))
    _report(batch, should, "net", "amount less fee", Place(path, findings))
    should, comparable = _sums_of_details(batch)
    compared = pc.sum(comparable).as_py() or 0
    if compared < batch.num_rows:
        batch, should = batch.filter(comparable), should.filter(comparable)
    _report(batch, should, "fee", "sum of the fee details", Place(path, findings))
    return compared


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows are from, and where what disagrees goes."""

    path: str
    findings: Findings


@dataclass(slots=True)
class Order:
    """Holds rows, batch after batch, to the file's order: by `created`, then by id, each id once."""

    _last: tuple[int, str] | None = field(default=None)

    def check(self, batch: pa.RecordBatch, path: str, findings: Findings) -> None:
        """Take the next batch of the file, which has rows."""
        created, ids = batch.column("created").view(pa.int64()), batch.column("id")
        if self._last is not None:
            created = pa.concat_arrays([pa.array([self._last[0]], pa.int64()), created])
            ids = pa.concat_arrays([pa.array([self._last[1]], ids.type), ids])
        older, newer = created[:-1], created[1:]
        tied = pc.and_(pc.equal(older, newer), pc.less(ids[:-1], ids[1:]))
        wrong = pc.invert(pc.or_(pc.less(older, newer), tied))
        misplaced = ids[1:].filter(wrong)
        for row in misplaced.slice(0, 1).to_pylist():
            message = f"{path} is not sorted by created and id, each id once: {row} stands in the wrong place"
            findings.add(Finding("row_out_of_order", message, path=path, id=row), len(misplaced))
        self._last = (created[-1].as_py(), ids[-1].as_py())


def _sums_of_details(batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Sum up fee details row by row, and say which rows have them all in the row's own currency."""
    details = batch.column("fee_details")
    parents, parts = pc.list_parent_indices(details), pc.list_flatten(details)
    amounts, currencies = parts.field("amount"), parts.field("currency")
    same = pc.and_(pc.equal(currencies, batch.column("currency").take(parents)), amounts.is_valid())
    apart = pc.invert(same.fill_null(False)).cast(pa.int64())  # noqa: FBT003 - Arrow's own
    lengths = pc.list_value_length(details).fill_null(0).cast(pa.int64())
    sums, strangers = (_sums_by(lengths, values) for values in (amounts.fill_null(0), apart))
    return sums, pc.and_(pc.equal(strangers, value_of(strangers, 0)), details.is_valid())


def _sums_by(lengths: pa.Array, values: pa.Array) -> pa.Array:
    """Sum up values that lie one group after the other; beyond 64 bits sums wrap around, as Arrow's do."""
    upto = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(values)])
    stops = pc.cumulative_sum(lengths)
    return pc.subtract(upto.take(stops), upto.take(pc.subtract(stops, lengths)))


def _report(batch: pa.RecordBatch, should: pa.Array, name: str, what: str, place: Place) -> None:
    wrong = pc.not_equal(batch.column(name), should)
    count = pc.sum(wrong).as_py() or 0
    if not count:
        return
    kind = f"wrong_{name}"
    shown = pa.table({**{column: batch.column(column) for column in ("id", "currency", name)}, "should": should})
    for row in shown.filter(wrong).slice(0, 1).to_pylist():
        message = f"{row['id']} has {name} {row[name]} {row['currency']}, and {what} is {row['should']} (minor units)"
        finding = Finding(
            kind,
            message,
            path=place.path,
            id=row["id"],
            currency=row["currency"],
            expected=row["should"],
            found=row[name],
        )
        place.findings.add(finding, count)
