"""The end of a run on a lake with a catalog: its tables are brought up to date with what was recorded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.errors import ConnectorError, UnpublishedError
from connector.lake.catalogs.lake_tables import publish_tables

if TYPE_CHECKING:
    from connector.lake.stores.base import Store


async def follow(store: Store, *, repair: bool = False, catalog: str | None = None) -> UnpublishedError | None:
    """Bring the tables of a lake up to date, and return what that failed with; nothing interrupts it.

    Args:
        store: the lake; one without a catalog has no tables.
        repair: undo what something else did to the tables.
        catalog: name of the catalog that they are in; None for that of the lake.
    """
    publish = partial(publish_tables, store, repair=repair, catalog=catalog)
    try:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(publish)
    except ConnectorError as error:
        return UnpublishedError(error)
    return None
