"""Statements as calls: `statement`, and its twin for ordinary code."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

import anyio.to_thread

import connector
from connector.core.ledger.changes import purse_changes
from connector.core.ledger.money import currency_code
from connector.core.suggestions import among_accounts
from connector.core.time.periods import MONTHS_OF, Period, PeriodChoice, period_of
from connector.errors import ConfigError, UsageError
from connector.lake.reading.table_snapshot import read_again
from connector.lake.state.lake_identity import account_records
from connector.lake.state.table_states import states
from connector.lake.stores.base import open_store
from connector.options.calls import StatementOptions
from connector.options.signatures import takes
from connector.reporting.document import to_document
from connector.reporting.facts import Changes, Statement
from connector.reporting.freezing import freeze, refuse_unfit
from connector.reporting.gather import account_statement
from connector.reporting.scan import AccountScan
from connector.reporting.stripe_report import compare_report
from connector.reporting.zones import clocks_of
from connector.running.blocking import run_blocking

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.state.table_state import TableState

_Freezing = Literal["once", "again"] | None
"""Whether the period is to be frozen, and whether once more where it has changed."""


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
    accounts, currency = options.get("accounts", ()), options.get("currency")
    state = partial(
        _state,
        destination,
        PeriodChoice(*(options.get(name) for name in ("month", "quarter", "year", "since", "until"))),
        options.get("timezone", "UTC"),
        (accounts,) if isinstance(accounts, str) else tuple(accounts),
        None if currency is None else currency_code(currency),
        options.get("compare"),
        options.get("against"),
        _frozen_how(options),
        on_account or (lambda _: None),
    )
    return await anyio.to_thread.run_sync(read_again, state)


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


def _state(  # noqa: PLR0913, PLR0917 - what `statement` was told, checked
    destination: str | PathLike[str],
    asked: PeriodChoice,
    timezone: str,
    accounts: tuple[str, ...],
    currency: str | None,
    compare: str | None,
    against: str | PathLike[str] | None,
    freezing: _Freezing,
    on_account: Callable[[str], None],
) -> Statement:
    now = int(time.time())
    clocks = clocks_of(timezone)
    period = period_of(asked, timezone, clocks, now=now)
    earlier = None if compare is None else _earlier(compare, period, now)
    if freezing:
        refuse_unfit(period, currency)
    store = open_store(destination)
    chosen = _chosen(list(states(store)), accounts, str(destination))
    if against is not None and len(chosen) > 1:
        raise ConfigError("a report of Stripe's is about one account: say which with `account`")
    retired = {record.account: record.retired for record in account_records(store)}
    stated: list[AccountStatement] = []
    changes: list[Changes] = []
    for state in chosen:
        on_account(state.account)
        found = account_statement(store, destination, state, period, currency=currency)
        stated.append(replace(found, retired=retired.get(state.account)))
        if earlier is not None:
            before = account_statement(store, destination, state, earlier, currency=currency)
            compared = purse_changes(before.purses, stated[-1].purses)
            changes.append(Changes(state.account, before.final, compared))
    if freezing:
        stated = list(freeze(store, destination, chosen, stated, period, again=freezing == "again"))
    comparison = None
    if against is not None:
        rows = AccountScan.of(destination, chosen[0])
        comparison = compare_report(against, stated[0], rows, period.bounds)
    return Statement(
        destination=str(destination),
        period=period,
        made_at=now,
        version=connector.__version__,
        currency=currency,
        accounts=tuple(stated),
        compared_with=earlier,
        changes=tuple(changes),
        report=None if against is None else str(against),
        comparison=comparison,
    )


def _frozen_how(options: StatementOptions) -> _Freezing:
    if options.get("freeze_again"):
        return "again"
    return "once" if options.get("freeze") else None


def _chosen(found: list[TableState], accounts: tuple[str, ...], destination: str) -> list[TableState]:
    if not found:
        raise ConfigError(f"there is no lake in {destination}: `stripe-balance sync {destination}` makes one")
    names = [one.account for one in found]
    if missing := [one for one in accounts if one not in names]:
        raise ConfigError(f"there are no rows of {among_accounts(missing[0], names)}")
    return [one for one in found if not accounts or one.account in accounts]


def _earlier(text: str, period: Period, now: int) -> Period:
    """Return the period to compare with, by the same clocks.

    Raises:
        UsageError: it is no period, or overlaps the other.
    """
    kind = next((one for one in MONTHS_OF if text.strip().lower().endswith(one)), None)  # as in last-month
    kind = kind or ("quarter" if "q" in text.lower() else {4: "year", 7: "month"}.get(len(text), "quarter"))
    earlier = period_of(PeriodChoice(**{kind: text}), period.zone, period.clocks, now=now)
    if earlier.bounds.stop > period.bounds.start and earlier.bounds.start < period.bounds.stop:
        raise UsageError(f"{earlier.name} and {period.name} share days: compare with another period")
    return earlier
