"""Upkeep of a lake whose files are listed by tables: what no reader needs any more goes, and logs stay short.

Files stay that the state names, that it named within the time to keep, and that are younger than that: at least a day,
so that none of a run at work is among what goes. What a killed run left has no record, and goes by its age alone. Ages
are by the store's clock and by ours: either may be ahead, and what only one of them calls old stays. It may be done
beside runs and publishers: what they commit meanwhile, upkeep finds, or is refused by.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from connector.config.destination import placed
from connector.core.state.publishing import EMPTY, account_of, change_to
from connector.core.state.tables import SPEC_OF, TABLES
from connector.core.units import DAY
from connector.errors import ConnectorError, UsageError
from connector.lake.catalogs.base import KEEP_DAYS, publish, tidied
from connector.lake.catalogs.gone_files import refuse_gone
from connector.lake.catalogs.lake_tables import States, kind_of, opened_tables
from connector.lake.state import state_log
from connector.lake.state.lake_identity import is_new
from connector.lake.state.no_lake import no_lake
from connector.lake.state.store_clock import moment_of_work
from connector.lake.stores.base import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from connector.lake.catalogs.base import CatalogTable
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store

MOST_FILES = 10_000
"""Files that are removed at once; the next upkeep goes on."""


@dataclass(frozen=True, slots=True)
class TableUpkeep:
    """What was done to a table, or would be.

    Attributes:
        table: its name.
        published: files that came in by publishing.
        withdrawn: files that went out by publishing.
        mended: what something else had done to it, now undone.
        removed: data files removed from the store.
        bytes: their size.
        left: data files that are to be removed, and were not yet.
        log: files of the table's own log or metadata that were removed.
        versions: of the table that were let go of.
        folded: manifests that were put together.
    """

    table: str
    published: int = 0
    withdrawn: int = 0
    mended: int = 0
    removed: int = 0
    bytes: int = 0
    left: int = 0
    log: int = 0
    versions: int = 0
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done to a lake, or would be.

    Attributes:
        destination: the lake.
        catalog: `hive`, `delta` or `iceberg`.
        dry_run: whether nothing was done.
        tables: table by table; nothing of a lake without a catalog, which needs no upkeep.
    """

    destination: str
    catalog: str
    dry_run: bool
    tables: tuple[TableUpkeep, ...]


def maintain(
    destination: str | PathLike[str],
    *,
    publish_only: bool = False,
    repair: bool = False,
    keep_days: int = KEEP_DAYS,
    dry_run: bool = False,
    storage_options: Mapping[str, str] | None = None,
) -> Upkeep:
    """Publish what the tables of a lake lack, then clear away what nobody needs any more. Blocks.

    Asks nothing of Stripe, and does no harm beside a run.

    Args:
        destination: the lake.
        publish_only: only publish.
        repair: undo what something else did to the tables, instead of refusing.
        keep_days: days that older files and versions of the tables stay, at least 1.
        dry_run: only say what would be done, by our clock alone: what is written tells that of the store.
        storage_options: settings of a bucket's store.

    Raises:
        UsageError: the days make no sense.
        ConfigError: there is no lake; or the library of its tables is not installed.
        StateError: data files are gone that the state names; their table is left as it is.
        StorageError: the lake, or a table, cannot be read or written, or was altered by something else.
    """
    if type(keep_days) is not int or keep_days < 1:
        raise UsageError(f"`keep_days` {keep_days!r} must be a whole number of days, at least 1")
    store = open_store(placed(destination, storage_options))
    if is_new(store):
        raise no_lake(store, destination)
    kind = kind_of(store)
    with nullcontext(time.time()) if dry_run or publish_only else moment_of_work(store, "maintain") as now:
        cutoff = None if publish_only else now - keep_days * DAY
        return Upkeep(str(destination), kind, dry_run, _tables(store, repair, cutoff, act=not dry_run))


def to_document(upkeep: Upkeep) -> dict[str, Any]:
    """Return the JSON document of `schemas/maintenance.json`."""
    return {**asdict(upkeep), "tables": [asdict(table) for table in upkeep.tables]}


def _tables(store: Store, repair: bool, cutoff: float | None, *, act: bool) -> tuple[TableUpkeep, ...]:  # noqa: FBT001 - as `maintain` has it
    states = States(store)
    with opened_tables(store, renew=repair and act, states=states) as opened:
        failure: ConnectorError | None = None
        done: list[TableUpkeep] = []
        for name in TABLES:
            try:
                if (table := opened(name)) is not None:
                    done.append(_table(states, table, repair, cutoff, act=act))
            except ConnectorError as error:  # one that fails spares the others
                failure = failure or error
    if failure is not None:
        raise failure
    return tuple(done)


def _table(states: States, table: CatalogTable, repair: bool, cutoff: float | None, *, act: bool) -> TableUpkeep:  # noqa: FBT001 - as above
    """Do what a table needs, or say what that is."""
    store, name = states.store, table.shape.name
    files = states.wanted(name)({}).files
    refuse_gone(store, name, files.values(), most=len(files))
    if act:
        done = publish(table, states.wanted(name), repair=repair)
        told = TableUpkeep(name, done.added, done.removed, done.mended)
    else:
        table.read()
        there = table.contents() or EMPTY
        change = change_to(states.wanted(name)(there.revisions), there)
        told = TableUpkeep(name, len(change.added), len(change.removed))
    if cutoff is None:
        return told
    tidy = tidied(table, cutoff, act=act)
    log = (
        []
        if tidy.needed is None
        else [
            file
            for file in store.list(f"{name}/metadata")
            if file.path not in tidy.needed and file.changed / 1e9 < cutoff
        ]
    )
    old = [file for file in _old_files(store, name, table, cutoff) if file.path not in tidy.marked]
    if act:
        for file in (*log, *old[:MOST_FILES]):
            store.delete(file.path)
    removed = old[:MOST_FILES]
    return replace(
        told,
        removed=len(removed),
        bytes=sum(file.bytes for file in removed),
        left=len(old) - len(removed),
        log=len(log),
        versions=tidy.versions,
        folded=tidy.folded,
    )


def _old_files(store: Store, name: str, table: CatalogTable, cutoff: float) -> list[FileInfo]:
    """Return the data files of a table that nobody needs any more, the oldest first.

    Args:
        store: the lake.
        name: of the table.
        table: the table, published.
        cutoff: UTC seconds: what was needed then, or came later, stays.
    """
    spec = SPEC_OF[name]
    there = table.contents() or EMPTY
    needed = set(there.files)
    for account in state_log.recorded_accounts(store, spec):
        needed |= state_log.files_since(store, spec, account, cutoff)
    old = [
        file
        for file in store.list(name)
        if account_of(file.path) is not None and file.path not in needed and file.changed / 1e9 < cutoff
    ]
    return sorted(old, key=lambda file: (file.changed, file.path))
