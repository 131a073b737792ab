"""Looking for what no record names, under whatever name, in the folders that readers are told to read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.state.tables import BALANCES, PAYOUTS, SPEC_OF, TABLES, TRANSACTIONS
from connector.core.units import AccountId
from connector.errors import StorageError
from connector.lake.formats.names import TABLE_FORMATS
from connector.lake.state import table_states
from connector.lake.state.file_check import FileDifference
from connector.lake.state.intents import announced_paths
from connector.lake.state.lake_identity import facts_of, load_balances, load_payouts
from connector.lake.state.standing_differences import standing
from connector.lake.state.state_log import recorded_accounts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.core.state.tables import TableSpec
    from connector.core.state.unnamed import Unnamed
    from connector.lake.stores.base import Store


@dataclass(frozen=True, slots=True)
class UnnamedFiles:
    """What no record names.

    Attributes:
        by_account: in the folders of accounts that have records, by table and account.
        elsewhere: outside of these.
    """

    by_account: Mapping[tuple[str, str], tuple[Unnamed, ...]] = field(default_factory=lambda: MappingProxyType({}))
    elsewhere: tuple[Unnamed, ...] = ()

    def of(self, table: str, account: str) -> tuple[Unnamed, ...]:
        """Return those in an account's folder of a table."""
        return self.by_account.get((table, account), ())


def look_for_unnamed(store: Store) -> UnnamedFiles:
    """Look for what no record of a lake names; what a run records meanwhile, or has announced, is left out. Blocks.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    unnamed = unnamed_files(store, named_files(store, table_states.states(store)))
    if not (unnamed.by_account or unnamed.elsewhere):
        return unnamed
    named = named_files(store, table_states.states(store))
    for (table, account), paths in named.items():
        named[table, account] = {*paths, *announced_paths(store, SPEC_OF[table].name, AccountId(account))}
    return unnamed_files(store, named)


def named_files(store: Store, states: Iterable[TableState]) -> dict[tuple[str, str], Collection[str]]:
    """Return the paths of the data files that the records of a lake name, by table and account. Blocks.

    Args:
        store: the lake.
        states: of the balance transactions, of all accounts.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    named: dict[tuple[str, str], Collection[str]] = {
        (TRANSACTIONS.name, state.account): state.files.keys() for state in states
    }
    for account in recorded_accounts(store, PAYOUTS):
        if (payouts := load_payouts(store, account)) is not None:
            named["payouts", account] = payouts.files.keys()
            named["payout_transactions", account] = payouts.transaction_files.keys()
    for account in recorded_accounts(store, BALANCES):
        if (balances := load_balances(store, account)) is not None:
            named["balances", account] = balances.files.keys()
    return named


def beside(
    store: Store, spec: TableSpec[Any], account: AccountId, files: Mapping[str, DataFile], *, suspected: bool = False
) -> tuple[Unnamed, ...]:
    """Look for what no record names in an account's folders, at the end of a run that wrote there. Blocks.

    On a disk that costs a look at each name. A store that takes its time is asked only where a listing that was made
    anyway has shown such a file. Where the folders cannot be looked at, nothing is found: `status` says why.

    Args:
        store: the lake.
        spec: of the table, or of two whose files are recorded together.
        account: whose.
        files: as its records name them, by path.
        suspected: whether a file is known to lie there that no record names.
    """
    if not suspected and store.at_once > 1:
        return ()
    with suppress(StorageError):
        folders = (f"{table}/account={account}" for table in spec.tables)
        unnamed = [one for folder in folders for one in store.besides(folder, files) if one.matters]
        if not unnamed or facts_of(store).format in TABLE_FORMATS:
            return ()
        told = [FileDifference(one.path, "extra") for one in unnamed]
        left = {one.path for one in standing(store, spec, account, files, told)}
        return tuple(sorted(one for one in unnamed if one.path in left))
    return ()


def unnamed_files(store: Store, named: Mapping[tuple[str, str], Collection[str]]) -> UnnamedFiles:
    """Look through the folders of all tables. Blocks; one look at each name, and at the size of what is not known.

    Where a table lists the files, readers go by that list: older files and logs lie beside them, and none is unnamed.

    Args:
        store: the lake.
        named: paths of the data files that records name, by table and account.

    Raises:
        StorageError: the destination cannot be read.
    """
    if facts_of(store).format in TABLE_FORMATS:
        return UnnamedFiles()
    homes = {f"{table}/account={account}/": (table, account) for table, account in named}
    known = {path for paths in named.values() for path in paths}
    by_home: dict[tuple[str, str] | None, list[Unnamed]] = {}
    for table in TABLES:
        for unnamed_file in store.besides(table, known):
            if unnamed_file.matters:
                home = "/".join(unnamed_file.path.split("/", 2)[:2]) + "/"
                by_home.setdefault(homes.get(home), []).append(unnamed_file)
    elsewhere = tuple(sorted(by_home.pop(None, ())))
    return UnnamedFiles({home: tuple(sorted(ones)) for home, ones in by_home.items() if home is not None}, elsewhere)
