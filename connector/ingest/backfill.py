"""Having a lake expand more than it was made for: noted first, of every account, before any row is read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.planning.rereading.backfill import can_take_up, taking_up
from connector.core.state.tables import TRANSACTIONS
from connector.errors import ConfigError, LockedError
from connector.lake.formats.formats import HIVE
from connector.lake.state import table_states
from connector.lake.state.commits import Commits
from connector.lake.state.leases import others_at_work

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from connector.core.state.table_state import TableState
    from connector.ingest.options import Options
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store


def take_up(store: Store, options: Mapping[str, Any], run: str) -> None:
    """Note of every account that its rows are to be expanded, and that those which are there are bare. Blocks.

    Args:
        store: the lake.
        options: the choices that its rows depend on from here on.
        run: id of the run.

    Raises:
        LockedError: other runs are at work, which would go on as the lake was made.
        StorageError: the lake cannot be read or written.
    """
    waiting = [state for state in table_states.states(store) if can_take_up(state.options, options)]
    if not waiting:
        return
    if others_at_work(store, run).live:
        raise LockedError("other runs are at work, as the lake was made: run `backfill` again when they have ended")
    for state in waiting:
        newest = Commits(store, TRANSACTIONS, state.account, run).catch_up(state)  # what a killed run left half done
        table_states.commit(store, taking_up(newest, options), run=run)


def refuse_new_columns(existing: TableState | None, options: Options, form: Format) -> None:
    """Refuse columns of sources for a table whose schema has none: those are fixed with it.

    Raises:
        ConfigError: says what can be had instead.
    """
    if existing is None or form.catalog == HIVE or not options.source_columns:
        return
    if not existing.options.get("source_columns"):
        raise ConfigError(
            "the columns of a Delta or an Iceberg table are fixed with the lake: leave `source_columns` out;"
            " `source_object` has all of it"
        )
