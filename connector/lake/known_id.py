"""An id that an account is known to have: whoever is another account is told that there is no such thing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from connector.errors import SchemaError, StorageError
from connector.lake import commit
from connector.lake.check import changed_files
from connector.lake.facts import load_payouts
from connector.lake.formats import format_of

if TYPE_CHECKING:
    from connector.core.manifest import DataFile, Manifest
    from connector.core.units import AccountId
    from connector.lake.store import Store

FILES_TRIED = 3
"""Files that are looked into, the newest first: one may be gone or damaged."""


def known_id(store: Store, account: AccountId) -> str | None:
    """Return the id of a balance transaction, else of a payout, that a lake has of an account. Blocks.

    Raises:
        ManifestError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    manifest = commit.load(store, account)
    if manifest is not None:
        newest = sorted(manifest.files.values(), key=lambda file: -file.last_created)
        for file in islice(newest, FILES_TRIED):
            if (found := _first_id(store, manifest, file)) is not None:
                return found
    payouts = load_payouts(store, account)
    return max(payouts.payouts, default=None) if payouts is not None else None


def _first_id(store: Store, manifest: Manifest, file: DataFile) -> str | None:
    """Return the id of a file's first row; None where the file is not as it was written."""
    if changed_files(store, [file]):
        return None
    form = format_of(manifest)
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
