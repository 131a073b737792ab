"""Files of payouts and of their transactions: what was read is laid over what is there, and nothing there is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.api.fields import id_of
from connector.core.state.data_file import Listing, with_changes
from connector.core.state.payouts_record import COLUMNS
from connector.errors import ProtocolError
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.rewrite import StagedFile, condition_of, trusted
from connector.lake.writing.small_tables import read_rows, stage_rows
from connector.tables import payout_transactions
from connector.tables.payouts import with_trace_parts

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts import DayDue
    from connector.lake.stores.base import Store
    from connector.lake.writing.rewrite import PartitionRewrite
    from connector.lake.writing.small_tables import SmallTable


PAYOUT = "payout"
"""Type of a payout's own row, whose source it is."""


@dataclass(slots=True)
class Listed:
    """The transactions of one payout as they come in, page by page.

    Attributes:
        payout: its id.
        batches: their columns.
        paid_out: ids of the payouts whose own rows are among them.
    """

    payout: str
    batches: list[pa.RecordBatch] = field(default_factory=list[pa.RecordBatch])
    paid_out: set[str] = field(init=False, default_factory=set[str])
    _net: Counter[str] = field(init=False, default_factory=Counter[str])

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Take a page.

        Raises:
            SchemaError: a row lacks what a ledger cannot do without.
        """
        self.batches.append(payout_transactions.to_batch(self.payout, rows))
        for row in rows:
            self._net[row["currency"]] += row["net"]
            if row["type"] == PAYOUT and (name := id_of(row.get("source"))) is not None:
                self.paid_out.add(name)

    def refuse_anothers(self, reconciled: Container[str]) -> None:
        """Refuse rows that another payout paid out: each row is paid out once, and goes with a payout's own.

        Args:
            reconciled: ids of the account's automatic payouts whose lists are complete. The row of a manual one may be
                among those of the automatic one after it.

        Raises:
            ProtocolError: they are another's.
        """
        others = sorted(name for name in self.paid_out if name != self.payout and name in reconciled)
        if others or (self.payout not in self.paid_out and self.listing.reconciles):
            whose = f"the row of {others[0]} is" if others else "its own row is not"
            raise ProtocolError(
                f"{whose} among the rows listed for {self.payout}, so they are not what it paid out: nothing of them is"
                " kept. Something on the way does not heed `payout`, or keeps answers: look at what `api_base` leads"
                " through"
            )

    @property
    def listing(self) -> Listing:
        """What there is, in figures."""
        return Listing(sum(batch.num_rows for batch in self.batches), dict(sorted(self._net.items())))


def stage_payouts(
    store: Store, table: SmallTable, rewrite: PartitionRewrite, rows: Sequence[dict[str, Any]], columns: int
) -> StagedFile:
    """Write the payouts of one day, not visible yet: those read now, laid over those there. Blocks.

    Args:
        store: the destination.
        table: of the table `payouts`; what it hides is hidden in the rows that are there, too.
        rewrite: the day that they are of; its rows that are there are kept.
        rows: payouts read, in any order, maybe none; of two with one id, the later counts.
        columns: which the file that is there has, as its record says; fewer than now are added.

    Raises:
        SchemaError: a payout lacks what its table cannot do without.
        StaleFileError: the file that is there is not as its record says.
        StorageError: the destination cannot be read or written.
    """
    old = rewrite.old
    condition = condition_of(store, f"{rewrite.folder}/{table.form.file_name}", old, lost=rewrite.lost)
    there = _as_written(store, table, old)
    kept = _hidden(table, there, old)
    lacking = columns < COLUMNS and not table.form.read_objects
    if kept is not None and lacking:
        kept = with_trace_parts(kept)
    before = {} if kept is None else {received["id"]: received for received in table.objects(kept)}
    read = {row["id"]: row for row in table.without_hidden(list(rows))}
    same = sum(before.get(name) == transactions for name, transactions in read.items())
    new = len(read.keys() - before.keys())
    counts = MergeCounts(new=new, unchanged=same, replaced=len(read) - new - same)
    merged = table.joined([*([] if kept is None else [kept]), table.encode(list(read.values()))])
    unchanged = there is not None and merged.equals(there) and not lacking
    if old is not None and unchanged:
        return StagedFile(with_changes(old, hidden=table.hidden), counts, None)
    file, staged = stage_rows(store, table.form, rewrite.folder, merged)
    return StagedFile(with_changes(file, hidden=table.hidden), counts, staged, condition)


def stage_transactions(
    store: Store, table: SmallTable, rewrite: PartitionRewrite, day: DayDue, listed: Sequence[Listed]
) -> StagedFile:
    """Write the transactions of the payouts that arrive on one day, not visible yet. Blocks.

    Args:
        store: the destination.
        table: of the table `payout_transactions`; what it hides is hidden in the rows that are there, too.
        rewrite: the day that they are of; its rows that are there are kept.
        day: what is due.
        listed: the complete lists of its payouts.

    Raises:
        StaleFileError: the file that is there is not as its record says.
        StorageError: the destination cannot be read or written.
    """
    old = rewrite.old
    condition = condition_of(store, f"{rewrite.folder}/{table.form.file_name}", old, lost=rewrite.lost)
    there = _as_written(store, table, old)
    kept = _hidden(table, there, old)
    listings = {payout.payout: payout.listing for payout in listed}
    parts: list[pa.RecordBatch] = []
    disappeared = 0
    if kept is not None and old is not None:
        gone = pa.array(sorted(day.gone), pa.string())
        parts = [kept.filter(pc.invert(pc.is_in(kept.column("payout_id"), gone)))]
        stay = {name: listing for name, listing in (old.listings or {}).items() if name not in day.gone}
        again = _not_listed_again(table, parts[0], listed)
        disappeared = len(again)
        listings = {**stay, **{name: _with(listing, again, name) for name, listing in listings.items()}}
    parts += [_encoded(table, batch) for payout in listed for batch in payout.batches]
    merged = table.joined(parts)
    counts = MergeCounts(new=sum(payout.listing.rows for payout in listed), disappeared=disappeared)
    if merged.num_rows == 0:
        return StagedFile(None, counts, None)
    told: dict[str, Any] = {"hidden": table.hidden, "listings": dict(sorted(listings.items()))}
    if old is not None and there is not None and merged.equals(there):
        return StagedFile(with_changes(old, **told), counts, None)
    file, staged = stage_rows(store, table.form, rewrite.folder, merged)
    return StagedFile(with_changes(file, **told), counts, staged, condition)


def _as_written(store: Store, table: SmallTable, old: DataFile | None) -> pa.RecordBatch | None:
    """Return the rows of the file that is there.

    Raises:
        StaleFileError: it is not as the record has it.
    """
    if old is None:
        return None
    with trusted(store, old):
        return read_rows(store, table.form, old.path)


def _hidden(table: SmallTable, there: pa.RecordBatch | None, old: DataFile | None) -> pa.RecordBatch | None:
    """Return the rows there without what is hidden: a file written before the lake did without it still shows it."""
    if there is None or old is None or not table.shows_hidden(old):
        return there
    return table.encode(table.objects(there))


def _encoded(table: SmallTable, batch: pa.RecordBatch) -> pa.RecordBatch:
    as_it_is = not (table.form.read_objects or table.hidden)
    return batch if as_it_is else table.encode(payout_transactions.to_objects(batch))


def _not_listed_again(table: SmallTable, there: pa.RecordBatch, listed: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return the rows there of payouts that were listed again without them."""
    fresh = {
        payout.payout: {name for batch in payout.batches for name in batch.column("balance_transaction_id").to_pylist()}
        for payout in listed
    }
    of_them = there.filter(pc.is_in(there.column("payout_id"), pa.array(sorted(fresh), pa.string())))
    objects = table.objects(of_them)
    return [received for received in objects if received["balance_transaction_id"] not in fresh[received["payout_id"]]]


def _with(listing: Listing, more: Sequence[Mapping[str, Any]], payout: str) -> Listing:
    """Return a listing with the rows among `more` that are the payout's."""
    rows = [transaction for transaction in more if transaction["payout_id"] == payout]
    net = Counter(dict(listing.net))
    for row in rows:
        net[row["currency"]] += row["net"]
    return Listing(listing.rows + len(rows), dict(sorted(net.items())))
