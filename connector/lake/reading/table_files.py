"""What a lake holds of a table, account by account: exactly the files that its states and records name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from connector.core.account_ids import UNNAMED, is_account_id
from connector.core.state.partition import Granularity
from connector.core.state.tables import BALANCES, PAYOUTS, TABLES, TRANSACTIONS, State
from connector.core.units import AccountId
from connector.errors import UsageError
from connector.lake.formats.formats import Format, format_of
from connector.lake.reading.moment import Moment, state_at_a_moment, state_at_a_version
from connector.lake.state.record_files import newest_number
from connector.lake.state.state_log import recorded_accounts, refuse_other_states
from connector.lake.state.table_states import TABLE
from connector.lake.writing.small_tables import small_table
from connector.tables.arrow import arrow_schema
from connector.tables.balance_transactions import to_batch
from connector.tables.source_columns import row_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.core.state.balances_record import BalancesRecord
    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.state.table_state import TableState
    from connector.core.state.tables import TableSpec
    from connector.lake.stores.base import Store

S = TypeVar("S", bound=State)

_LABEL_TYPES = {Granularity.DAY: pa.date32(), Granularity.MONTH: pa.string(), Granularity.YEAR: pa.int32()}
_DAYS = {"payouts": "created_date", "payout_transactions": "arrival_date", "balances": "snapshot_date"}


@dataclass(frozen=True, slots=True)
class TableFiles:
    """One account's files of a table.

    Attributes:
        account: whose they are.
        files: as the record names them, in order of path, which is that of time.
        moment: of the record that names them.
        form: their format.
        schema: of all columns, `account` and the partition column last.
        to_batch: makes columns of the objects of a file of JSON lines.
        expanded: what was expanded in each row, as `source`; nothing in the small tables.
        mixed: whether some files lack columns that others have, until `backfill` has made them again.
    """

    account: str
    files: tuple[DataFile, ...]
    moment: Moment
    form: Format
    schema: pa.Schema
    to_batch: Callable[[list[dict[str, Any]]], pa.RecordBatch]
    expanded: tuple[str, ...] = ()
    mixed: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the files, relative to the destination, by time."""
        return tuple(file.path for file in self.files)


NOTHING = {
    TABLE: "no state of stripe-balance is there; sync to it first",
    "payouts": "no payouts are there; bring them with `stripe-balance payouts`",
    "payout_transactions": "no payouts are there; bring them with `stripe-balance payouts`",
    "balances": "no balance was recorded; do it with `stripe-balance balance DEST`",
}
"""What to say of a destination that holds nothing of a table."""


def table_files(
    store: Store, table: str, account: str | None = None, *, version: int | None = None
) -> Iterator[TableFiles]:
    """Yield what there is of a table, in order of account.

    Args:
        store: the destination.
        table: its name.
        account: whose alone is looked at; None for all.
        version: number of the record that it is to be as of; None for now.

    Raises:
        UsageError: there is no such table.
        ConfigError: it cannot be read as of that record any more.
        StateError: a state or a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    if table == TABLE:
        for found in _found(store, TRANSACTIONS, account, version):
            yield _large(*found)
    elif table == "balances":
        for balances, moment in _found(store, BALANCES, account, version):
            yield _small(table, balances, moment, balances.files)
    elif table in PAYOUTS.tables:
        for record, moment in _found(store, PAYOUTS, account, version):
            yield _small(table, record, moment, record.files if table == "payouts" else record.transaction_files)
    else:
        raise UsageError(f"there is no table {table!r}; tables: {', '.join(TABLES)}")


def _found(store: Store, spec: TableSpec[S], account: str | None, version: int | None) -> Iterator[tuple[S, Moment]]:
    for account_id in recorded_accounts(store, spec) if account is None else _recorded(store, spec, account):
        recorded = (
            state_at_a_moment(store, spec, account_id)
            if version is None
            else state_at_a_version(store, spec, account_id, version)
        )
        if recorded is not None:
            yield recorded


def _recorded(store: Store, spec: TableSpec[Any], account: str) -> list[AccountId]:
    """Return one account if a table has records of it; the others of the lake, thousands perhaps, are not listed."""
    refuse_other_states(store)
    may_be_there = account == UNNAMED or is_account_id(account)
    return [AccountId(account)] if may_be_there and newest_number(store, spec.name, account) else []


def file_schema(table: str, partition: Granularity, *, source_columns: bool = False) -> pa.Schema:
    """Return the schema of all columns of a table, `account` and the partition column last.

    Args:
        table: its name.
        partition: time a file of `balance_transactions` holds; the small tables have a file a day.
        source_columns: whether balance transactions have the columns of expanded sources.

    Raises:
        UsageError: there is no such table.
    """
    if table == TABLE:
        stored, time = row_schema(source_columns=source_columns), pa.field(partition.column, _LABEL_TYPES[partition])
    elif table in _DAYS:
        stored, time = arrow_schema(table), pa.field(_DAYS[table], pa.date32())
    else:
        raise UsageError(f"there is no table {table!r}; tables: {', '.join((TABLE, *_DAYS))}")
    return _plain(stored).append(pa.field("account", pa.string())).append(time)


def _large(state: TableState, moment: Moment) -> TableFiles:
    expanded = tuple(state.options.get("expand", ()))
    mixed = bool(state.bare and state.options.get("source_columns"))
    return TableFiles(
        state.account, _in_order(state.files), moment, format_of(state), _schema(state), to_batch, expanded, mixed
    )


def _small(
    table: str, record: PayoutsRecord | BalancesRecord, moment: Moment, files: Mapping[str, DataFile]
) -> TableFiles:
    """Return what there is of a small table."""
    small = small_table(table, record.format)
    return TableFiles(
        record.account, _in_order(files), moment, small.form, file_schema(table, Granularity.DAY), small.to_batch
    )


def _in_order(files: Mapping[str, DataFile]) -> tuple[DataFile, ...]:
    return tuple(file for _, file in sorted(files.items()))


def _schema(state: TableState) -> pa.Schema:
    return file_schema(TABLE, state.partition, source_columns=bool(state.options.get("source_columns")))


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return a schema without the metadata that would differ between files and here."""
    return pa.schema([field.remove_metadata() for field in schema])
