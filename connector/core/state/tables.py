"""The tables whose state is recorded: how each becomes parts of records, and is made of them again."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import UNSET

from connector.core.state.audited import Audits, Suspect
from connector.core.state.balances_record import BalancesRecord
from connector.core.state.drift import Drift
from connector.core.state.payouts_record import COLUMNS, PayoutsRecord
from connector.core.state.record import Fields, Parts
from connector.core.state.table_state import TableState
from connector.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.core.units import AccountId


class State(Protocol):
    """What every table knows of an account."""

    @property
    def account(self) -> AccountId:
        """Whose rows these are."""
        ...

    @property
    def format(self) -> str:
        """Name of the format of its files."""
        ...

    @property
    def livemode(self) -> bool | None:
        """Whether the rows are of live mode; None where nobody said."""
        ...

    @property
    def number(self) -> int:
        """Number of the record it was loaded up to; 0 before the first."""
        ...

    @property
    def written(self) -> int:
        """When that record was written, UTC seconds by its writer's clock."""
        ...

    @property
    def seen(self) -> float:
        """When it was loaded or committed, UTC seconds by our own clock."""
        ...

    @property
    def recorded(self) -> Parts:
        """What the record says the difference to."""
        ...


S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a state is made of besides its parts.

    Attributes:
        account: whose it is.
        number: of the record it goes up to.
        written: when that was written, UTC seconds by its writer's clock.
        where: the record's path, for messages.
        recorded: the parts as they are recorded up to there, where those of the state are others.
        seen: when it was looked at, UTC seconds by our own clock.
    """

    account: AccountId
    number: int
    written: int
    where: str
    recorded: Parts | None = None
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class TableSpec(Generic[S]):
    """A table, or two that are committed together.

    Attributes:
        name: folder of its records.
        tables: folders of its data files.
        remedy: what can be done about damaged records besides restoring them.
        to_parts: takes a state apart.
        of_parts: puts one together.
    """

    name: str
    tables: tuple[str, ...]
    remedy: str
    to_parts: Callable[[S], Parts]
    of_parts: Callable[[Parts, Origin], S]


def _transactions_to_parts(state: TableState) -> Parts:
    audits = state.audits
    return Parts(
        fields=Fields(
            format=state.format,
            partition=state.partition,
            livemode=state.livemode,
            options=dict(sorted(state.options.items())),
            api_versions=state.api_versions,
            drift=state.drift.findings,
            read_until=state.read_until,
            account_created=state.account_created,
            turn=audits.turn,
            silent=audits.silent,
            suspects=tuple((suspect.start, suspect.stop, suspect.expected) for suspect in audits.suspects),
        ),
        seconds=MappingProxyType(
            {
                "covered": state.covered,
                "asked": state.asked,
                "looked": audits.looked,
                "audited": audits.asked,
                "lacking": audits.lacking,
                "bare": state.bare,
            }
        ),
        files=state.files,
        parked=MappingProxyType({**state.parked, **state.aside}),
    )


def _transactions_of_parts(parts: Parts, origin: Origin) -> TableState:
    fields = parts.fields
    if fields.format is UNSET or fields.partition is UNSET or fields.livemode is UNSET:
        raise _incomplete(origin)
    suspects = tuple(Suspect(*suspect) for suspect in fields.suspects or ())
    return TableState(
        account=origin.account,
        format=fields.format,
        partition=fields.partition,
        covered=parts.of("covered"),
        livemode=fields.livemode,
        read_until=fields.read_until or 0,
        files=parts.files,
        api_versions=fields.api_versions or (),
        drift=Drift(fields.drift or ()),
        options=MappingProxyType(fields.options or {}),
        audits=Audits(
            turn=fields.turn or 0,
            looked=parts.of("looked"),
            suspects=suspects,
            lacking=parts.of("lacking"),
            asked=parts.of("audited"),
            silent=fields.silent or 0,
        ),
        account_created=fields.account_created or 0,
        asked=parts.of("asked"),
        bare=parts.of("bare"),
        parked=parts.parked,
        number=origin.number,
        written=origin.written,
        seen=origin.seen,
        recorded=origin.recorded or parts,
    )


def _payouts_to_parts(state: PayoutsRecord) -> Parts:
    return Parts(
        fields=Fields(
            format=state.format,
            livemode=state.livemode,
            api_versions=state.api_versions,
            read_at=state.read_at,
            columns=state.columns,
        ),
        seconds=MappingProxyType({"covered": state.covered}),
        files=state.all_files,
        payouts=state.payouts,
    )


def _payouts_of_parts(parts: Parts, origin: Origin) -> PayoutsRecord:
    fields = parts.fields
    if fields.format is UNSET or fields.livemode is UNSET:
        raise _incomplete(origin)
    lists = {path: file for path, file in parts.files.items() if file.listings is not None}
    return PayoutsRecord(
        account=origin.account,
        format=fields.format,
        livemode=fields.livemode,
        covered=parts.of("covered"),
        payouts=parts.payouts,
        files=MappingProxyType({path: file for path, file in parts.files.items() if path not in lists}),
        transaction_files=MappingProxyType(lists),
        api_versions=fields.api_versions or (),
        read_at=None if fields.read_at is UNSET else fields.read_at,
        columns=COLUMNS if fields.columns is UNSET else fields.columns,
        number=origin.number,
        written=origin.written,
        seen=origin.seen,
        recorded=origin.recorded or parts,
    )


def _balances_to_parts(state: BalancesRecord) -> Parts:
    return Parts(fields=Fields(format=state.format, livemode=state.livemode), files=state.files, lost=state.lost)


def _balances_of_parts(parts: Parts, origin: Origin) -> BalancesRecord:
    fields = parts.fields
    if fields.format is UNSET or fields.livemode is UNSET:
        raise _incomplete(origin)
    return BalancesRecord(
        account=origin.account,
        format=fields.format,
        livemode=fields.livemode,
        files=parts.files,
        lost=parts.lost,
        number=origin.number,
        written=origin.written,
        seen=origin.seen,
        recorded=origin.recorded or parts,
    )


def _incomplete(origin: Origin) -> StateError:
    return StateError(f"{origin.where} is damaged (it does not say how its files are made); restore it from a backup")


TRANSACTIONS = TableSpec(
    "balance_transactions",
    ("balance_transactions",),
    "move its folder away and sync with `repair`, which reads everything again",
    _transactions_to_parts,
    _transactions_of_parts,
)
"""The balance transactions."""

PAYOUTS = TableSpec(
    "payouts",
    ("payouts", "payout_transactions"),
    "move its folder away to have the payouts read again",
    _payouts_to_parts,
    _payouts_of_parts,
)
"""Payouts and their transactions: a commit is of both."""

BALANCES = TableSpec(
    "balances",
    ("balances",),
    "record the balance in a new destination: what was, Stripe does not tell again",
    _balances_to_parts,
    _balances_of_parts,
)
"""Snapshots of the balance."""

SPECS: tuple[TableSpec[Any], ...] = (TRANSACTIONS, PAYOUTS, BALANCES)
"""All there are."""

SPEC_OF: Mapping[str, TableSpec[Any]] = MappingProxyType({table: spec for spec in SPECS for table in spec.tables})
"""Whose records name the files of a table, by the table."""

TABLES = tuple(SPEC_OF)
"""Names of all tables, which are those of their folders."""
