"""Statements as calls: `statement`, and its twin for ordinary code."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, Unpack

import anyio.to_thread

import connector
from connector.core.ledger.changes import purse_changes
from connector.core.ledger.money import currency_code
from connector.core.suggestions import among_accounts
from connector.core.time.periods import MONTHS_OF, Period, PeriodChoice, period_of
from connector.errors import ConfigError, UsageError
from connector.lake.reading.table_snapshot import read_again
from connector.lake.state.lake_identity import account_records
from connector.lake.state.no_lake import no_lake
from connector.lake.state.table_states import states
from connector.lake.stores.base import open_store
from connector.lake.stores.temporary import at_temporary
from connector.options.calls import StatementOptions
from connector.options.signatures import takes
from connector.reporting.csv_lines import to_line
from connector.reporting.scan import AccountScan
from connector.reporting.statement import itemized
from connector.reporting.statement.document import to_document
from connector.reporting.statement.facts import Changes, Statement
from connector.reporting.statement.freezing import freeze, refuse_unfit
from connector.reporting.statement.gather import account_statement
from connector.reporting.statement.stripe_report import compare_report
from connector.reporting.zones import clocks_of
from connector.running.blocking import run_blocking

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.state.table_state import TableState

_Freezing = Literal["once", "again"] | None
"""Whether the period is to be frozen, and whether once more where it has changed."""


class SupportsRewriting(Protocol):
    """A file that can be written anew, such as a temporary one."""

    def seek(self, offset: int, /) -> int:
        """Go to a place in it."""
        ...

    def truncate(self) -> object:
        """Take off what is behind."""
        ...

    def write(self, data: bytes, /) -> int:
        """Add bytes."""
        ...


@takes(StatementOptions)
async def statement(
    destination: str | PathLike[str],
    *,
    on_account: Callable[[str], None] | None = None,
    **options: Unpack[StatementOptions],
) -> Statement:
    """State what an account's balance did in a period, from the lake alone; Stripe is asked nothing.

    Args:
        destination: the lake.
        on_account: called with each account before it is read.
        options: see below.

    Returns:
        The figures, by account, balance and currency; amounts are in minor units.

    Raises:
        UsageError: an argument is out of bounds.
        FreezeError: the period is to be frozen, and is not final, or was frozen with other figures.
        ConfigError: there is no lake, no such account in it, no zone data, or the report cannot be compared.
        LakeChangedError: runs replaced files of the lake each time that it was read.
        StateError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    state = partial(_state, destination, _choice_of(options), on_account or (lambda _: None))
    return await anyio.to_thread.run_sync(read_again, state)


@takes(StatementOptions)
async def itemized_statement(
    destination: str | PathLike[str],
    file: SupportsRewriting,
    *,
    on_account: Callable[[str], None] | None = None,
    **options: Unpack[StatementOptions],
) -> tuple[Statement, int]:
    """State a period, and write each row behind it into a file: the lines of `itemized`, after their header.

    Args:
        destination: the lake.
        file: where the lines go, UTF-8; begun anew where a run changes the lake meanwhile, so that all are of one
            state.
        on_account: called with each account before it is read.
        options: see below.

    Returns:
        What `statement` returns, and the number of rows.

    Raises:
        ConnectorError: as `statement`; and StorageError where the file cannot be written.
    """
    choice = _choice_of(options)

    def attempt() -> tuple[Statement, int]:
        count = 0
        with at_temporary("keeping rows"):
            file.seek(0)
            file.truncate()
            file.write(to_line(itemized.HEADER).encode())

        def on_rows(rows: AccountScan, stated: AccountStatement, period: Period) -> None:
            nonlocal count
            for line in itemized.to_lines(destination, rows, stated, period, currency=choice.currency):
                with at_temporary("keeping rows"):
                    file.write(line.encode("utf-8", "backslashreplace"))
                count += 1

        return _state(destination, choice, on_account or (lambda _: None), on_rows), count

    return await anyio.to_thread.run_sync(read_again, attempt)


@takes(StatementOptions)
def run_statement(destination: str | PathLike[str], **options: Unpack[StatementOptions]) -> dict[str, Any]:
    """Call `statement` from ordinary code.

    Args:
        destination: the lake.
        options: see below.

    Returns:
        The document of `schemas/statement.json`.

    Raises:
        ConnectorError: as `statement`.
    """

    async def main() -> Statement:
        return await statement(destination, **options)

    return to_document(run_blocking(main, instead="await connector.statement(…)"))


@dataclass(frozen=True, slots=True)
class _Choice:
    """What `statement` was told, checked.

    Attributes:
        asked: the period.
        timezone: of whose days.
        accounts: whose; none named for all of the lake.
        currency: only of this one; None for all.
        compare: the period to compare with, as it was written.
        against: file of a report of Stripe's to compare with.
        freezing: whether the figures are to be frozen.
    """

    asked: PeriodChoice
    timezone: str
    accounts: tuple[str, ...]
    currency: str | None
    compare: str | None
    against: str | PathLike[str] | None
    freezing: _Freezing


def _choice_of(options: StatementOptions) -> _Choice:
    accounts, currency = options.get("accounts", ()), options.get("currency")
    return _Choice(
        PeriodChoice(*(options.get(name) for name in ("month", "quarter", "year", "since", "until"))),
        options.get("timezone", "UTC"),
        (accounts,) if isinstance(accounts, str) else tuple(accounts),
        None if currency is None else currency_code(currency),
        options.get("compare"),
        options.get("against"),
        _frozen_how(options),
    )


def _state(
    destination: str | PathLike[str],
    choice: _Choice,
    on_account: Callable[[str], None],
    on_rows: Callable[[AccountScan, AccountStatement, Period], None] | None = None,
) -> Statement:
    now = int(time.time())
    clocks = clocks_of(choice.timezone)
    period = period_of(choice.asked, choice.timezone, clocks, now=now)
    earlier = None if choice.compare is None else _earlier(choice.compare, period, now)
    if choice.freezing:
        refuse_unfit(period, choice.currency)
    store = open_store(destination)
    lake_states = list(states(store))
    if not lake_states:
        raise no_lake(store, destination)
    chosen = _chosen(lake_states, choice.accounts)
    if choice.against is not None and len(chosen) > 1:
        raise ConfigError("a report of Stripe's is about one account: say which with `account`")
    retired = {record.account: record.retired for record in account_records(store)}
    stated: list[AccountStatement] = []
    changes: list[Changes] = []
    for state in chosen:
        on_account(state.account)
        account = account_statement(store, destination, state, period, currency=choice.currency)
        stated.append(replace(account, retired=retired.get(state.account)))
        if on_rows is not None:
            on_rows(AccountScan.of(destination, state), account, period)
        if earlier is not None:
            before = account_statement(store, destination, state, earlier, currency=choice.currency)
            changes.append(Changes(state.account, before.final, purse_changes(before.purses, account.purses)))
    if choice.freezing:
        stated = list(freeze(store, destination, chosen, stated, period, again=choice.freezing == "again"))
    comparison = None
    if choice.against is not None:
        rows = AccountScan.of(destination, chosen[0])
        comparison = compare_report(choice.against, stated[0], rows, period.bounds)
    return Statement(
        destination=str(destination),
        period=period,
        made_at=now,
        version=connector.__version__,
        currency=choice.currency,
        accounts=tuple(stated),
        compared_with=earlier,
        changes=tuple(changes),
        report=None if choice.against is None else str(choice.against),
        comparison=comparison,
    )


def _frozen_how(options: StatementOptions) -> _Freezing:
    if options.get("freeze_again"):
        return "again"
    return "once" if options.get("freeze") else None


def _chosen(lake_states: list[TableState], accounts: tuple[str, ...]) -> list[TableState]:
    names = [state.account for state in lake_states]
    if missing := [account for account in accounts if account not in names]:
        raise ConfigError(f"there are no rows of {among_accounts(missing[0], names)}")
    return [state for state in lake_states if not accounts or state.account in accounts]


def _earlier(text: str, period: Period, now: int) -> Period:
    """Return the period to compare with, by the same clocks.

    Raises:
        UsageError: it is no period, or overlaps the other.
    """
    kind = next((span for span in MONTHS_OF if text.strip().lower().endswith(span)), None)  # as in last-month
    kind = kind or ("quarter" if "q" in text.lower() else {4: "year", 7: "month"}.get(len(text), "quarter"))
    earlier = period_of(PeriodChoice(**{kind: text}), period.zone, period.clocks, now=now)
    if earlier.bounds.stop > period.bounds.start and earlier.bounds.start < period.bounds.stop:
        raise UsageError(f"{earlier.name} and {period.name} share days: compare with another period")
    return earlier
