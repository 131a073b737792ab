"""What the records of a lake say of an account; one that cannot be understood is told, and the others count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from connector.core.state import account_record
from connector.core.state.account_record import AccountRecord
from connector.core.state.tables import BALANCES, PAYOUTS, SPECS, TRANSACTIONS
from connector.errors import StateError
from connector.lake.state.kept_verdicts import load_verdict
from connector.lake.state.records import load_record
from connector.lake.state.state_log import load, recorded_accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.core.state.kept_verdict import KeptVerdict
    from connector.core.state.payouts_record import PayoutsRecord
    from connector.core.state.table_state import TableState
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What is recorded of one account.

    Attributes:
        account: its name in the lake.
        state: of its balance transactions, or None.
        payouts: of its payouts, or None.
        record: what else is known of it.
        verdict: what `verify` last found, or None.
        format: of its files, of whichever table; empty where no record says.
        livemode: whether they are of live mode; None where no record says.
        damaged: what is wrong with records that cannot be understood.
    """

    account: AccountId
    state: TableState | None
    payouts: PayoutsRecord | None
    record: AccountRecord
    verdict: KeptVerdict | None
    format: str
    livemode: bool | None
    damaged: tuple[str, ...]

    @property
    def read_until(self) -> int:
        """Up to when runs have read it, UTC seconds; 0 where that is not known."""
        return 0 if self.state is None else self.state.read_until


def all_accounts(store: Store) -> list[AccountId]:
    """Return the accounts that a lake has records of, in any table, sorted.

    Raises:
        StateError: something else is among the records.
        StorageError: the lake cannot be read.
    """
    return sorted({account for spec in SPECS for account in recorded_accounts(store, spec)})


def known_of(store: Store, account: AccountId) -> Known:
    """Return what is recorded of an account. Blocks.

    Raises:
        StorageError: the lake cannot be read.
    """
    damaged: list[str] = []
    state = _tried(damaged, lambda: load(store, TRANSACTIONS, account))
    payouts = _tried(damaged, lambda: load(store, PAYOUTS, account))
    balances = _tried(damaged, lambda: load(store, BALANCES, account))
    record = _tried(
        damaged,
        lambda: load_record(
            account_record.from_document, store, account_record.TABLE, account, remedy=account_record.REMEDY
        ),
    )
    held = [table_record for table_record in (state, payouts, balances) if table_record is not None]
    return Known(
        account=account,
        state=state,
        payouts=payouts,
        record=record or AccountRecord(account),
        verdict=load_verdict(store, account),
        format=_first(table_record.format for table_record in held) or "",
        livemode=_first(table_record.livemode for table_record in held),
        damaged=tuple(damaged),
    )


def _tried(damaged: list[str], act: Callable[[], T | None]) -> T | None:
    try:
        return act()
    except StateError as error:
        damaged.append(str(error))
        return None


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
