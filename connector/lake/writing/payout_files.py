"""Files of payouts and of their transactions: what was read is laid over what is there, and nothing there is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.state.data_file import Listing, with_changes
from connector.core.state.payouts_record import COLUMNS
from connector.lake.stores.conditions import ABSENT
from connector.lake.writing.rewrite import condition_of, trusted
from connector.lake.writing.small_tables import read_rows, stage_rows
from connector.tables import payout_transactions
from connector.tables.payouts import with_trace_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts import DayDue
    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Condition
    from connector.lake.writing.small_tables import Sheet


@dataclass(frozen=True, slots=True)
class Place:
    """Where a day's file goes.

    Attributes:
        folder: of the day.
        old: the record's entry of the file that is there; its rows are kept.
        lost: whether a file may be there that is known to be lost.
    """

    folder: str
    old: DataFile | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file, and what was new in it.

    Attributes:
        file: its entry for the record; None when it holds no rows.
        unchanged: whether what is visible was right already.
        new: rows it did not have.
        changed: rows that differ from what it had.
        same: rows read again and found the same.
        disappeared: rows it had that were not among those read, though they should have been; they are kept.
        staged: where the file lies until it is visible; None where nothing is to be published.
        condition: what has to be there when it is.
    """

    file: DataFile | None
    unchanged: bool
    new: int = 0
    changed: int = 0
    same: int = 0
    disappeared: int = 0
    staged: Path | None = None
    condition: Condition = ABSENT


@dataclass(slots=True)
class Listed:
    """The transactions of one payout as they come in, page by page.

    Attributes:
        payout: its id.
        batches: their columns.
    """

    payout: str
    batches: list[pa.RecordBatch] = field(default_factory=list[pa.RecordBatch])
    _net: Counter[str] = field(init=False, default_factory=Counter[str])

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Take a page.

        Raises:
            SchemaError: a row lacks what a ledger cannot do without.
        """
        self.batches.append(payout_transactions.to_batch(self.payout, rows))
        for row in rows:
            self._net[row["currency"]] += row["net"]

    @property
    def listing(self) -> Listing:
        """What there is, in figures."""
        return Listing(sum(batch.num_rows for batch in self.batches), dict(sorted(self._net.items())))


def stage_payouts(
    store: Store, sheet: Sheet, place: Place, rows: Sequence[dict[str, Any]], columns: int = COLUMNS
) -> Written:
    """Write the payouts of one day, not visible yet: those read now, laid over those there. Blocks.

    Args:
        store: the destination.
        sheet: of the table `payouts`; what it hides is hidden in the rows that are there, too.
        place: where they go.
        rows: payouts read, in any order, maybe none; of two with one id, the later counts.
        columns: which the file that is there has, as its record says; fewer than now are added.

    Raises:
        SchemaError: a payout lacks what its table cannot do without.
        StaleFileError: the file that is there is not as its record says.
        StorageError: the destination cannot be read or written.
    """
    old = place.old
    condition = condition_of(store, f"{place.folder}/{sheet.form.file_name}", old, lost=place.lost)
    there = _as_written(store, sheet, old)
    kept = _hidden(sheet, there, old)
    lacking = columns < COLUMNS and not sheet.form.read_objects
    if kept is not None and lacking:
        kept = with_trace_parts(kept)
    before = {} if kept is None else {one["id"]: one for one in sheet.objects(kept)}
    read = {one["id"]: one for one in sheet.without_hidden(list(rows))}
    same = sum(before.get(name) == one for name, one in read.items())
    new = len(read.keys() - before.keys())
    counts: dict[str, Any] = {"new": new, "same": same, "changed": len(read) - new - same}
    merged = sheet.joined([*([] if kept is None else [kept]), sheet.encode(list(read.values()))])
    unchanged = there is not None and merged.equals(there) and not lacking
    if old is not None and unchanged:
        return Written(with_changes(old, hidden=sheet.hidden), unchanged=True, **counts)
    file, staged = stage_rows(store, sheet.form, place.folder, merged)
    file = with_changes(file, hidden=sheet.hidden)
    return Written(file, unchanged=False, **counts, staged=staged, condition=condition)


def stage_transactions(store: Store, sheet: Sheet, place: Place, day: DayDue, listed: Sequence[Listed]) -> Written:
    """Write the transactions of the payouts that arrive on one day, not visible yet. Blocks.

    Args:
        store: the destination.
        sheet: of the table `payout_transactions`; what it hides is hidden in the rows that are there, too.
        place: where they go.
        day: what is due.
        listed: the complete lists of its payouts.

    Raises:
        StaleFileError: the file that is there is not as its record says.
        StorageError: the destination cannot be read or written.
    """
    old = place.old
    condition = condition_of(store, f"{place.folder}/{sheet.form.file_name}", old, lost=place.lost)
    there = _as_written(store, sheet, old)
    kept = _hidden(sheet, there, old)
    listings = {one.payout: one.listing for one in listed}
    parts: list[pa.RecordBatch] = []
    disappeared = 0
    if kept is not None and old is not None:
        gone = pa.array(sorted(day.gone), pa.string())
        parts = [kept.filter(pc.invert(pc.is_in(kept.column("payout_id"), gone)))]
        stay = {name: one for name, one in (old.listings or {}).items() if name not in day.gone}
        again = _not_listed_again(sheet, parts[0], listed)
        disappeared = len(again)
        listings = {**stay, **{name: _with(one, again, name) for name, one in listings.items()}}
    parts += [_encoded(sheet, batch) for one in listed for batch in one.batches]
    merged = sheet.joined(parts)
    counts: dict[str, Any] = {"new": sum(one.listing.rows for one in listed), "disappeared": disappeared}
    if merged.num_rows == 0:
        return Written(None, unchanged=False, **counts)
    told: dict[str, Any] = {"hidden": sheet.hidden, "listings": dict(sorted(listings.items()))}
    if old is not None and there is not None and merged.equals(there):
        return Written(with_changes(old, **told), unchanged=True, **counts)
    file, staged = stage_rows(store, sheet.form, place.folder, merged)
    return Written(with_changes(file, **told), unchanged=False, **counts, staged=staged, condition=condition)


def _as_written(store: Store, sheet: Sheet, old: DataFile | None) -> pa.RecordBatch | None:
    """Return the rows of the file that is there.

    Raises:
        StaleFileError: it is not as the record has it.
    """
    if old is None:
        return None
    with trusted(store, old):
        return read_rows(store, sheet.form, old.path)


def _hidden(sheet: Sheet, there: pa.RecordBatch | None, old: DataFile | None) -> pa.RecordBatch | None:
    """Return the rows there without what is hidden: a file written before the lake did without it still shows it."""
    if there is None or old is None or not sheet.shows_hidden(old):
        return there
    return sheet.encode(sheet.objects(there))


def _encoded(sheet: Sheet, batch: pa.RecordBatch) -> pa.RecordBatch:
    as_it_is = not (sheet.form.read_objects or sheet.hidden)
    return batch if as_it_is else sheet.encode(payout_transactions.to_objects(batch))


def _not_listed_again(sheet: Sheet, there: pa.RecordBatch, listed: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return the rows there of payouts that were listed again without them."""
    fresh = {
        one.payout: {name for batch in one.batches for name in batch.column("balance_transaction_id").to_pylist()}
        for one in listed
    }
    of_them = there.filter(pc.is_in(there.column("payout_id"), pa.array(sorted(fresh), pa.string())))
    objects = sheet.objects(of_them)
    return [one for one in objects if one["balance_transaction_id"] not in fresh[one["payout_id"]]]


def _with(listing: Listing, more: Sequence[Mapping[str, Any]], payout: str) -> Listing:
    """Return a listing with the rows among `more` that are the payout's."""
    rows = [one for one in more if one["payout_id"] == payout]
    net = Counter(dict(listing.net))
    for one in rows:
        net[one["currency"]] += one["net"]
    return Listing(listing.rows + len(rows), dict(sorted(net.items())))
