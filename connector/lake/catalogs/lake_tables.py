"""The tables of a lake, and what the state says that each of them is to hold: publishing them all."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.documents import to_json
from connector.core.state.partition import Granularity
from connector.core.state.publishing import EMPTY, Wanted, alterations, lag_of
from connector.core.state.tables import SPEC_OF, TABLES, TRANSACTIONS
from connector.errors import CommitConflictError, ConfigError, ConnectorError, StateError
from connector.lake.catalogs.base import ForeignTableError, publish, shape_of
from connector.lake.catalogs.delta_store import options_for
from connector.lake.catalogs.gone_files import check_of
from connector.lake.formats.formats import HIVE, format_named
from connector.lake.paths import STATE
from connector.lake.reading.table_files import file_schema
from connector.lake.state import state_log, table_states
from connector.lake.state.lake_identity import facts_of
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.publishing import Alteration
    from connector.core.state.record import Record
    from connector.core.state.table_state import TableState
    from connector.core.state.tables import State, TableSpec
    from connector.core.units import AccountId
    from connector.lake.catalogs.base import CatalogTable, Published, TableShape, WantedNow
    from connector.lake.stores.base import Store
    from connector.lake.stores.bucket import Bucket

ICEBERG = "iceberg"

SETTINGS = f"{STATE}/catalog.json"
"""Where the name of the catalog is that the tables are in, where that is not the lake's own."""


def kind_of(store: Store) -> str:
    """Return what makes a lake of the files: `hive`, `delta` or `iceberg`. Blocks."""
    there = facts_of(store).format
    return HIVE if there is None else format_named(there).catalog


def publish_tables(store: Store, *, repair: bool = False, catalog: str | None = None) -> tuple[Published, ...]:
    """Bring all tables of a lake up to date with its state; a lake without a catalog has none. Blocks.

    One that fails spares the others.

    Args:
        store: the lake.
        repair: undo what something else did to the tables, instead of refusing.
        catalog: name of the catalog that they are in, where they have none so far; None for that of the lake.

    Raises:
        ConfigError: the tables cannot be where they are to be; or their library is not installed.
        StateError: data files are gone that it was to take in; it is left as it is.
        StorageError: one of them cannot be read or written, or was altered by something else.
    """
    failure: ConnectorError | None = None
    done: list[Published] = []
    states = States(store)
    with opened_tables(store, catalog=catalog, renew=repair, states=states) as opened:
        for table in TABLES:
            try:
                if (catalog_table := opened(table)) is not None:
                    check = check_of(store, table)
                    done.append(publish(catalog_table, states.wanted(table), repair=repair, check=check))
            except ConnectorError as error:
                failure = failure or error
    if failure is not None:
        raise failure
    return tuple(done)


def check_tables(store: Store, kind: str, catalog: str | None) -> None:
    """Refuse what a lake's tables could not be made with, before anything is read for them. Blocks.

    Args:
        store: the lake, which may not exist yet.
        kind: `hive`, `delta` or `iceberg`.
        catalog: name of the catalog that is asked for.

    Raises:
        ConfigError: the library is not installed, the tables cannot be there, or in that catalog.
    """
    if kind != ICEBERG and catalog is not None:
        raise ConfigError(f"`catalog` is for Iceberg tables: a lake of the format {kind} has none to be named")
    if kind == HIVE:
        return
    there = _known_catalog(store)
    if catalog is not None and there not in {None, catalog}:
        raise ConfigError(f"the tables of this lake are in the catalog {there}, and {catalog} was asked for")
    with ExitStack() as stack:
        _maker(store, kind, catalog or there, stack)


@dataclass(frozen=True, slots=True)
class TableComparison:
    """How a table compares with the state.

    Attributes:
        altered: what something else did to its list of files.
        behind: files that it has to take in or let go of until it is as the state says.
        foreign: why it is none of ours, or not any more: then its list is not looked at.
    """

    altered: tuple[Alteration, ...] = ()
    behind: int = 0
    foreign: str | None = None


def compared(store: Store) -> dict[str, TableComparison]:
    """Return how each table of a lake compares with the state. Blocks.

    Raises:
        ConfigError: the tables are not where they are to be; or their library is not installed.
        StorageError: one of them cannot be read.
    """
    comparisons: dict[str, TableComparison] = {}
    states = States(store)
    with opened_tables(store, states=states) as opened:
        for table in TABLES:
            if (catalog_table := opened(table)) is not None:
                comparisons[table] = _comparison(catalog_table, states.wanted(table))
    return comparisons


def _comparison(table: CatalogTable, wanted_now: WantedNow) -> TableComparison:
    try:
        table.read()
        there = table.contents() or EMPTY
    except ForeignTableError as error:
        return TableComparison(foreign=str(error))
    wanted = wanted_now(there.revisions)
    return TableComparison(tuple(alterations(wanted, there)), lag_of(wanted, there))


@dataclass(frozen=True, slots=True)
class States:
    """What the state says that tables are to hold. Each account's is loaded once, and then what came after it.

    Attributes:
        store: the lake.
    """

    store: Store
    _newest: dict[tuple[str, AccountId], State] = field(init=False, repr=False, default_factory=dict[Any, Any])
    _records: dict[str, Record] = field(init=False, repr=False, default_factory=dict[str, "Record"])
    _older: dict[tuple[str, AccountId, int], State | None] = field(
        init=False, repr=False, default_factory=dict[Any, Any]
    )

    def wanted(self, table: str) -> WantedNow:
        """Return what reads what a table is to hold, from the state as it is then; raises what `state_log` raises."""
        return lambda revisions: self._wanted(table, revisions)

    def any(self) -> TableState | None:
        """Return the state of the balance transactions of one account, which tells of what kind the lake is."""
        names = table_states.accounts(self.store)
        return next((newest for name in names if (newest := self._now(TRANSACTIONS, name)) is not None), None)

    def _wanted(self, table: str, revisions: Mapping[str, int]) -> Wanted:
        spec = SPEC_OF[table]
        names = state_log.recorded_accounts(self.store, spec)
        states = [newest for name in names if (newest := self._now(spec, name)) is not None]
        files = {path: file for state in states for path, file in _files_of(table, state).items()}
        published = {
            state.account: _files_of(table, then)
            for state in states
            if (number := revisions.get(state.account)) is not None
            and (then := self._then(spec, state, number)) is not None
        }
        numbers = {state.account: state.number for state in states}
        return Wanted(MappingProxyType(files), MappingProxyType(numbers), MappingProxyType(published))

    def _now(self, spec: TableSpec[Any], account: AccountId) -> Any:  # noqa: ANN401 - of the table's kind
        known = self._newest.get((spec.name, account))
        if known is None:
            record = state_log.load(self.store, spec, account, known=self._records)
        else:
            record = state_log.newest_of(self.store, spec, known)
        if record is not None:
            self._newest[spec.name, account] = record
        return record

    def _then(self, spec: TableSpec[Any], state: State, number: int) -> State | None:
        """Return a state as it was when a table was published."""
        if number == state.number:
            return state
        key = spec.name, state.account, number
        if key not in self._older:
            self._older[key] = state_log.load_at(self.store, spec, state.account, number, known=self._records)
        return self._older[key]


def _files_of(table: str, state: State) -> dict[str, DataFile]:
    return {path: file for path, file in state.recorded.files.items() if path.startswith(f"{table}/")}


@contextmanager
def opened_tables(
    store: Store, *, catalog: str | None = None, renew: bool = False, states: States | None
) -> Generator[Callable[[str], CatalogTable | None]]:
    """Offer what opens each table of a lake; None for one that no state is of. Closes their catalog at the end.

    Args:
        store: the lake.
        catalog: as for `publish_tables`.
        renew: make tables of a lake that was moved anew, instead of refusing.
        states: of the lake, where they are used besides.
    """
    states = states or States(store)
    lake = states.any()
    kind = kind_of(store) if lake is None else format_named(lake.format).catalog
    with ExitStack() as stack:
        if kind == HIVE:
            yield lambda _: None
            return
        make = _maker(store, kind, settled_catalog(store, catalog), stack)

        def opened(table: str) -> CatalogTable | None:
            recorded = state_log.recorded_accounts(store, SPEC_OF[table])
            return make(_shape(lake, table), recorded, renew) if recorded else None

        yield opened


def _shape(state: TableState | None, table: str) -> TableShape:
    partition = Granularity.DAY if state is None else state.partition
    columns = state is not None and bool(state.options.get("source_columns"))
    return shape_of(table, file_schema(table, partition, source_columns=columns))


def settled_catalog(store: Store, asked: str | None = None) -> str | None:
    """Return the name of the catalog that a lake's tables are in; None for the lake's own. Blocks.

    What is asked for first is remembered.

    Raises:
        ConfigError: another one is asked for.
        StateError: what is remembered cannot be read.
    """
    there = _known_catalog(store)
    if there is None and asked is not None:
        try:
            store.write(SETTINGS, to_json({"catalog": asked}), condition=ABSENT)
        except CommitConflictError:
            there = _known_catalog(store)
        else:
            return asked
    if asked not in {None, there}:
        raise ConfigError(f"the tables of this lake are in the catalog {there}, and {asked} was asked for")
    return there


def _known_catalog(store: Store) -> str | None:
    content = store.read(SETTINGS)
    if content is None:
        return None
    try:
        return str(json.loads(content.data)["catalog"])
    except (ValueError, LookupError, TypeError) as error:
        raise StateError(f"{SETTINGS} is damaged ({error!r}): restore it from a backup, or remove it") from error


def _maker(
    store: Store, kind: str, catalog: str | None, stack: ExitStack
) -> Callable[[TableShape, Collection[AccountId], bool], CatalogTable]:
    """Return what opens a table; the stack closes all.

    It takes its shape, the accounts that it is of, and whether the table of a lake that was moved is to be made anew.

    Raises:
        ConfigError: the library is not installed, or the tables cannot be there.
    """
    root = store.address(table_states.TABLE).removesuffix(f"/{table_states.TABLE}")
    module = import_module(f"connector.lake.catalogs.{kind}")  # an extra
    bucket: Bucket | None = getattr(store, "bucket", None)
    if kind != ICEBERG:
        module.refuse_unfit(root)
        options = dict[str, str] if bucket is None else partial(options_for, bucket)
        options()  # what deltalake cannot have is refused now
        return lambda shape, accounts, _: module.DeltaCatalogTable(shape, f"{root}/{shape.name}", options, accounts)
    properties: Mapping[str, str] = {}
    if bucket is not None:
        files = import_module("connector.lake.catalogs.iceberg_files")  # an extra
        root, properties = files.address_in_tables(bucket), stack.enter_context(files.files_in(bucket))
    opened = import_module("connector.lake.catalogs.iceberg_catalog").open_catalog(root, catalog, properties)
    stack.callback(opened.close)
    return lambda shape, _, renew: module.IcebergCatalogTable(shape, opened, root, renew)
