"""What a destination holds already, of whichever table: whose rows, of which mode, in which format."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.documents import to_json
from connector.core.state import account_record
from connector.core.state.account_record import AccountRecord
from connector.core.state.tables import BALANCES, PAYOUTS
from connector.errors import CommitConflictError, CommitUnknownError, ConfigError
from connector.lake.state import state_log, table_states
from connector.lake.state.records import load_record, record_names, record_path
from connector.lake.state.state_log import recorded_accounts
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.core.state.balances_record import BalancesRecord
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

ROUNDS = 8
"""Times that a record of an account is changed on what others have made of it meanwhile."""


@dataclass(frozen=True, slots=True)
class LakeFacts:
    """What a new account's rows have to go with.

    Attributes:
        accounts: those the lake has rows of, in any table.
        livemode: whether they are of live mode; None where no record says.
        format: of its files; None for a destination that has none.
        records: what is known of single accounts besides, by their names in the lake.
    """

    accounts: frozenset[AccountId] = frozenset()
    livemode: bool | None = None
    format: str | None = None
    records: Mapping[AccountId, AccountRecord] = field(default_factory=lambda: MappingProxyType({}))

    def record_of(self, account: AccountId) -> AccountRecord:
        """Return what is known of an account besides its rows."""
        return self.records.get(account) or AccountRecord(account)

    @property
    def retired(self) -> frozenset[str]:
        """The accounts that are retired."""
        return frozenset(name for name, record in self.records.items() if record.retired is not None)


def is_new(store: Store) -> bool:
    """Say whether a destination holds no lake yet, of whichever table; quicker than `facts_of`. Blocks."""
    return not (table_states.accounts(store) or any(recorded_accounts(store, spec) for spec in (PAYOUTS, BALANCES)))


def refuse_new(store: Store, destination: str) -> None:
    """Refuse to make a lake where one was said to exist: a mistyped name, or a mount that is not there.

    Raises:
        ConfigError: there is no lake.
    """
    if is_new(store):
        raise ConfigError(
            f"there is no lake in {destination}, and with `existing` none is made: check the name, and that what it is "
            "on is mounted; without `existing` a new lake is made there"
        )


def refuse_overlapping(store: Store) -> None:
    """Refuse to make a lake where the rows of another one would be read with its own, or its own with theirs. Blocks.

    Raises:
        ConfigError: there is such a lake; says where.
        StorageError: the destination cannot be read.
    """
    other = store.other_lake()
    if other is not None:
        here = store.address("x").removesuffix("/x")
        lies = (
            f"is a part of the lake in {other}"
            if f"{here}/".startswith(f"{other}/")
            else f"has the lake in {other} in it"
        )
        raise ConfigError(f"{here} {lies}, and whoever reads the outer one would count rows twice: name another place")


def facts_of(store: Store) -> LakeFacts:
    """Look at a destination. Blocks.

    Of the records, which agree, one is read, and more only where it does not say of which mode its rows are; the format
    of payouts and balances goes before that of the balance transactions, so that each table stays of one kind.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    holders = {spec.name: recorded_accounts(store, spec) for spec in (PAYOUTS, BALANCES)}
    holders[table_states.TABLE] = table_states.accounts(store)
    records = (
        record
        for kind, load in (
            (PAYOUTS.name, load_payouts),
            (BALANCES.name, load_balances),
            (table_states.TABLE, table_states.load),
        )
        for account in holders[kind]
        if (record := load(store, account)) is not None
    )
    first = next(records, None)
    if first is None:
        return LakeFacts()
    return LakeFacts(
        accounts=frozenset(name for names in holders.values() for name in names),
        livemode=next((each.livemode for each in chain([first], records) if each.livemode is not None), None),
        format=first.format,
        records=MappingProxyType({kept.account: kept for kept in account_records(store)}),
    )


def facts_to_write(store: Store) -> LakeFacts:
    """Look at a destination that is to be written, or planned for; raises what `facts_of` raises. Blocks.

    Raises:
        ConfigError: it holds no lake yet, and one here would lie in another, or around one.
    """
    facts = facts_of(store)
    if not facts.accounts:
        refuse_overlapping(store)
    return facts


def account_records(store: Store) -> Iterator[AccountRecord]:
    """Yield what is known of single accounts, in order of account.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    kind, remedy = account_record.TABLE, account_record.REMEDY
    for account in record_names(store, kind):
        record = load_record(account_record.from_document, store, kind, account, remedy=remedy)
        if record is not None:
            yield record


def save_account(store: Store, record: AccountRecord) -> None:
    """Write what a run knows of an account; whether it is retired is not a run's to say. Blocks.

    Raises:
        CommitConflictError: others change it again and again.
        StorageError: the destination refuses; the old record is then still whole.
    """
    change_account(store, record.account, lambda there: replace(record, retired=there.retired))


def change_account(store: Store, account: AccountId, change: Callable[[AccountRecord], AccountRecord]) -> AccountRecord:
    """Change what is known of an account, and return that; of several who do at once none undoes another's. Blocks.

    Args:
        store: the lake.
        account: whose record.
        change: returns what is to be known, given what is; it may be asked again.

    Raises:
        CommitConflictError: others change it again and again.
        StorageError: the destination refuses; the old record is then still whole.
    """
    kind, remedy = account_record.TABLE, account_record.REMEDY
    for _ in range(ROUNDS):
        there = store.read(record_path(kind, account))
        known = load_record(account_record.from_document, store, kind, account, remedy=remedy) if there else None
        new = change(known or AccountRecord(account))
        if new == known:
            return new
        text = to_json(account_record.to_document(new), sort_keys=True)
        try:
            store.write(record_path(kind, account), text, condition=there.version if there else ABSENT)
        except (CommitConflictError, CommitUnknownError):  # what is there tells
            continue
        return new
    raise CommitConflictError(f"others change what is known of {account} again and again: run again")


def load_payouts(store: Store, account: AccountId) -> PayoutsRecord | None:
    """Return the state of an account's payouts, or None when there is none; raises what `state_log.load` raises."""
    return state_log.load(store, PAYOUTS, account)


def load_balances(store: Store, account: AccountId) -> BalancesRecord | None:
    """Return the state of an account's snapshots, or None when there is none; raises what `state_log.load` raises."""
    return state_log.load(store, BALANCES, account)
