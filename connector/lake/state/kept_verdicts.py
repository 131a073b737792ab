"""What `verify` last found, kept in the lake beside the states that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.state.kept_verdict import KIND, REMEDY, KeptVerdict, from_document, to_document
from connector.errors import StateError, StorageError
from connector.lake.state.records import load_record, save_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.units import AccountId
    from connector.lake.stores.base import Store


def load_verdict(store: Store, account: AccountId) -> KeptVerdict | None:
    """Return what was last found of an account; None where nothing is kept that can be understood. Blocks.

    Raises:
        StorageError: the lake cannot be read.
    """
    try:
        return load_record(from_document, store, KIND, account, remedy=REMEDY)
    except StateError:
        return None


def keep_verdicts(store: Store, verdicts: Iterable[KeptVerdict]) -> None:
    """Keep what was found; a lake that nobody may write to is left as it is, and that is no error. Blocks."""
    try:
        for newer in verdicts:
            older = load_verdict(store, newer.account)
            save_record(store, KIND, newer.account, to_document(newer if older is None else older.after(newer)))
    except StorageError:
        return
