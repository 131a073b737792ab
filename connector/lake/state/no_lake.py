"""What is said where a command looks for a lake and finds no records: that there is none, or that they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.state.tables import TABLES
from connector.errors import ConfigError, ConnectorError, StateError
from connector.lake.paths import STATE
from connector.lake.state.run_reports import refuse_turned_back, witnessed_records

if TYPE_CHECKING:
    from connector.lake.stores.base import Store


def no_lake(store: Store, destination: object) -> ConnectorError:
    """Return the error of a place without records: nobody is told to make a lake where one has lost them. Blocks.

    Args:
        store: the place.
        destination: its name.

    Returns:
        A `StateError` where reports of runs tell of records, or only files of rows are there; else a `ConfigError`.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        for account, number in sorted(witnessed_records(store, ()).items()):
            refuse_turned_back(account, 0, {account: number})
    except StateError as error:
        return error
    began = any(True for _ in store.list(STATE))  # a run that was killed with its first files left signs of it
    if not began and (held := [table for table in TABLES if store.folders(table)]):
        return StateError(
            f"{destination} has files in {held[0]}, and no records of them: what was in {STATE} is gone. Restore it"
            " from a backup; or sync with `repair`, which reads all of it again"
        )
    return ConfigError(f"there is no lake in {destination}: `stripe-balance sync {destination}` makes one")
