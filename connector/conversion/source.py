"""The lake that another one is made of, at one moment, and the parts it is converted in."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.counting import counted
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.payouts_record import PayoutsRecord
from connector.core.state.table_state import TableState
from connector.core.state.tables import SPECS, TRANSACTIONS, State
from connector.core.units import AccountId
from connector.errors import ConfigError
from connector.lake.reading.moment import Comparer, state_at_a_moment
from connector.lake.state.lake_id import lake_id
from connector.lake.state.no_lake import no_lake
from connector.lake.state.run_reports import refuse_turned_back, witnessed_records
from connector.lake.state.state_log import recorded_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import TableSpec
    from connector.lake.reading.moment import Moment
    from connector.lake.stores.base import Store


_LENGTHS = (Granularity.DAY, Granularity.MONTH, Granularity.YEAR)


@dataclass(frozen=True, slots=True)
class Held:
    """What a lake holds of an account, of one kind of record.

    Attributes:
        spec: the kind.
        state: what there is.
        moment: when that was.
    """

    spec: TableSpec[Any]
    state: State
    moment: Moment


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are converted together: what they hold goes into partitions of the new lake that hold nothing else.

    Attributes:
        table: whose rows they hold.
        held: what names them.
        label: of their time.
        files: by time.
    """

    table: str
    held: Held
    label: str
    files: tuple[DataFile, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return self.table, self.held.state.account, self.label

    @property
    def sources(self) -> tuple[str, ...]:
        """SHA-256 of the files."""
        return tuple(file.sha256 for file in self.files)

    @property
    def rows(self) -> int:
        """Rows in all of them."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class Source:
    """A lake at one moment.

    Attributes:
        comparer: holds its files to their records.
        lake: its id.
        held: what it holds.
    """

    comparer: Comparer
    lake: str
    held: tuple[Held, ...]

    @property
    def store(self) -> Store:
        """Where it is."""
        return self.comparer.store

    @property
    def format(self) -> str:
        """Name of the format of its files."""
        return self.held[0].state.format

    @property
    def partition(self) -> Granularity:
        """Time that a file of balance transactions holds."""
        return next((state.partition for state in self.rows), Granularity.DAY)

    @property
    def options(self) -> Mapping[str, Any]:
        """Choices that its rows depend on."""
        return self.rows[0].options if self.rows else MappingProxyType({})

    @property
    def rows(self) -> list[TableState]:
        """What it holds of balance transactions, account by account."""
        return [held.state for held in self.held if isinstance(held.state, TableState)]

    def parts(self, partition: Granularity) -> Iterator[Part]:
        """Yield what there is to convert, by time.

        Args:
            partition: time that a file of the new lake is to hold.
        """
        longer = max(partition, self.partition, key=_LENGTHS.index)
        for held in self.held:
            if isinstance(held.state, TableState):
                yield from _by_time(held, held.state, longer)
            else:
                yield from _by_file(held)


def look(comparer: Comparer, name: str) -> Source:
    """Look at a lake. Blocks.

    Args:
        comparer: of its store.
        name: of it, for messages.

    Raises:
        ConfigError: there is none, or rows of it are parked.
        StateError: a record cannot be understood, or the newest are gone, as the reports of its runs tell.
        StorageError: it cannot be read.
    """
    store = comparer.store
    witnessed = witnessed_records(store, recorded_accounts(store, TRANSACTIONS))  # first: runs may go on meanwhile
    held = tuple(
        Held(spec, *state_and_moment)
        for spec in SPECS
        for account in recorded_accounts(store, spec)
        if (state_and_moment := state_at_a_moment(store, spec, account)) is not None
    )
    lake = lake_id(store)
    if not held or lake is None:
        raise no_lake(store, name)
    source = Source(comparer, lake, held)
    there = {state.account: state.number for state in source.rows}
    for account in witnessed:
        refuse_turned_back(account, there.get(AccountId(account), 0), witnessed)
    for state in source.rows:
        if state.parked:
            raise ConfigError(
                f"{counted(state.parked_rows, 'row')} of {state.account} were read and are not visible yet,"
                f" since a run was cut off: `stripe-balance sync {name}` first, which makes them visible"
            )
    return source


def _by_time(held: Held, state: TableState, longer: Granularity) -> Iterator[Part]:
    together: dict[str, list[DataFile]] = {}
    for file in sorted(state.files.values(), key=lambda data_file: data_file.first_created):
        together.setdefault(partition_of(file.first_created, longer).label, []).append(file)
    for label, files in together.items():
        yield Part(held.spec.name, held, label, tuple(files))


def _by_file(held: Held) -> Iterator[Part]:
    state: Any = held.state
    files = state.all_files if isinstance(state, PayoutsRecord) else state.files
    for path, file in sorted(files.items()):
        table, _, label, _ = path.split("/")
        yield Part(table, held, label, (file,))
