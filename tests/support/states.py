"""States and records of files that were written, without a commit."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.state.data_file import folder_of, replaced_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts import Payout
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.state.table_state import TableState
    from connector.core.time.intervals import Intervals


def with_files(state: TableState, files: Iterable[DataFile], covered: Intervals) -> TableState:
    """Return a state after these files were written and these seconds are in them."""
    return replace(state, files=replaced_in(state.files, files), covered=state.covered.union(covered))


def with_payouts(record: PayoutsRecord, files: Iterable[DataFile], payouts: Iterable[Payout]) -> PayoutsRecord:
    """Return a record after files of payouts were written; `payouts` are those read this time."""
    known = {**record.payouts, **{one.id: one for one in payouts}}
    return replace(record, files=replaced_in(record.files, files), payouts=MappingProxyType(known))


def with_transactions(record: PayoutsRecord, file: DataFile) -> PayoutsRecord:
    """Return a record after a day's transactions were written."""
    others = {path: one for path, one in record.transaction_files.items() if folder_of(path) != folder_of(file.path)}
    return replace(record, transaction_files=MappingProxyType({**others, file.path: file}))
