"""The newest metadata of an Iceberg table, by the catalog in the lake: a SQLite file, which needs no pyiceberg."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from connector.errors import StorageError

if TYPE_CHECKING:
    from connector.lake.stores.base import Store

CATALOG_FILE = "iceberg.db"
"""The catalog of Iceberg tables that is in the lake."""


def newest_metadata(store: Store, table: str) -> str | None:
    """Return the name of a table's newest file of metadata, by the lake's own catalog of Iceberg tables. Blocks.

    Returns:
        None where that catalog has no such table, or is in a bucket.

    Raises:
        StorageError: the catalog cannot be read.
    """
    with store.opened(CATALOG_FILE) as local:
        if local is None:
            return None
        try:
            with closing(sqlite3.connect(f"file:{quote(str(local))}?mode=ro", uri=True)) as catalog:
                wanted = "select metadata_location from iceberg_tables where table_name = ?"
                row = catalog.execute(wanted, (table,)).fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"reading {CATALOG_FILE}: {error}") from error
    return None if row is None else str(row[0]).rpartition("/")[2]
