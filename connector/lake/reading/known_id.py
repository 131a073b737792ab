"""Ids that an account is known to have: whoever is another account is told that there is no such thing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from connector.errors import SchemaError, StorageError
from connector.lake.formats.formats import format_of
from connector.lake.state import table_states
from connector.lake.state.file_check import changed_files
from connector.lake.state.lake_identity import load_payouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

FILES_TRIED = 3
"""Files that are looked into from either end: one may be gone or damaged."""


def known_ids(store: Store, account: AccountId) -> tuple[str, ...]:
    """Return ids that a lake has of an account: of its newest and its oldest balance transactions, else of a payout.

    Two, because a lake may have got rows of another account after its own, before that was looked at. Blocks.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    state = table_states.load(store, account)
    if state is not None:
        files = sorted(state.files.values(), key=lambda file: file.last_created)
        first_ids = (_first(store, state, tried) for tried in (files[::-1], files))
        if ids := tuple(dict.fromkeys(row_id for row_id in first_ids if row_id is not None)):
            return ids
    payouts = load_payouts(store, account)
    return () if payouts is None else tuple(sorted(payouts.payouts)[-1:])


def _first(store: Store, state: TableState, files: Sequence[DataFile]) -> str | None:
    """Return an id from the first of some files that is as it was written."""
    for file in islice(files, FILES_TRIED):
        if (row_id := _first_id(store, state, file)) is not None:
            return row_id
    return None


def _first_id(store: Store, state: TableState, file: DataFile) -> str | None:
    """Return the id of a file's first row; None where the file is not as it was written."""
    if changed_files(store, [file]):
        return None
    form = format_of(state)
    try:
        with store.opened(file.path) as local:
            if local is None:
                return None
            if form.read_objects is not None:
                return next((objects[0]["id"] for objects in form.read_objects(local) if objects), None)
            with form.open_reader(local) as batches:
                return next((batch.column("id")[0].as_py() for batch in batches if batch.num_rows), None)
    except (StorageError, SchemaError):
        return None
