"""Rows by which a payout left the balance, held to the payouts that the lake has: a list of them may leave one out.

Nothing else tells of a payout that was not listed when its time was read: it is not asked about again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.api.fields import id_of
from connector.core.state.payouts_record import PAYOUTS
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY
from connector.lake.formats.row_columns import to_rows, value_of
from connector.lake.writing.small_tables import read_rows, small_table
from connector.verification.windows import rows_within

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.state.payouts_record import PayoutsRecord
    from connector.lake.stores.base import Store
    from connector.verification.inventory import Inventory

PAYOUT = "payout"
"""`type` of a payout's own row, whose `source` is the payout."""

APART = DAY
"""Seconds that a payout and its row may be `created` apart, at the most; as a rule they are of one second."""

_ID = "po_"


def payout_rows_of(batch: pa.RecordBatch) -> dict[str, int]:
    """Return `created` of the payouts' own rows of a batch, UTC seconds, by the rows' ids."""
    kind = batch.column("type")
    own = pa.Table.from_batches([batch.filter(pc.equal(kind, value_of(kind, PAYOUT)))])
    return {row["id"]: row["created"] for row in to_rows(own, ("id", "created"))}


def without_payout(
    store: Store, inventory: Inventory, record: PayoutsRecord, named: Collection[str], damaged: Collection[str]
) -> dict[str, str]:
    """Return the payouts' own rows whose payout the lake does not have, with its id. Blocks.

    Rows that do not say their source, as in a lake without it, are left out; so are those of payouts whose time was not
    read.

    Args:
        store: the lake.
        inventory: of the account's files.
        record: of its payouts.
        named: ids of rows that payouts in the lake have listed.
        damaged: files of payouts that are not as they were written.

    Raises:
        LakeChangedError: a file was replaced meanwhile.
    """
    read = record.covered
    left = {
        row_id: created
        for row_id, created in (inventory.payout_rows or {}).items()
        if row_id not in named and read.covers(Interval(max(0, created - APART), created + APART))
    }
    if left:
        own = _own_rows(store, record, damaged)
        left = {row_id: created for row_id, created in left.items() if row_id not in own}
    if not left:
        return {}
    seconds = Intervals.of(Interval(created, created + 1) for created in left.values())
    sources = {
        row["id"]: id_of(row.get("source")) or ""
        for row in rows_within(store, inventory.state, seconds, inventory.unreadable)
        if row["id"] in left
    }
    return {
        row_id: source for row_id, source in sources.items() if source.startswith(_ID) and source not in record.payouts
    }


def _own_rows(store: Store, record: PayoutsRecord, damaged: Collection[str]) -> set[str]:
    """Return the ids of the rows that the lake's payouts call their own: of manual ones none is listed."""
    table, ids = small_table(PAYOUTS, record.format), set[str]()
    for path in record.files.keys() - damaged:
        rows = read_rows(store, table.form, path)
        if rows is not None:
            known = (row for row in table.objects(rows) if row["id"] in record.payouts)
            ids.update(filter(None, (id_of(row.get("balance_transaction")) for row in known)))
    return ids
