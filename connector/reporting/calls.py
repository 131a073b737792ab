"""Statements as calls: `statement`, and its twin for ordinary code."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio.to_thread

import connector
from connector.blocking import run_plainly
from connector.core.ledger.changes import purse_changes
from connector.core.ledger.money import currency_code
from connector.core.time.periods import Asked, Period, period_of
from connector.errors import ConfigError, UsageError
from connector.lake.state.lake_identity import account_records
from connector.lake.state.table_states import states
from connector.lake.stores.base import open_store
from connector.reporting.document import to_document
from connector.reporting.facts import Changes, Statement
from connector.reporting.gather import account_statement
from connector.reporting.reports import compare_report
from connector.reporting.scan import AccountRows
from connector.reporting.zones import clocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.state.table_state import TableState
    from connector.core.time.times import Time


async def statement(  # noqa: PLR0913 - one keyword for each thing a statement can be told
    destination: str | PathLike[str],
    *,
    month: str | None = None,
    quarter: str | None = None,
    year: str | int | None = None,
    since: Time | None = None,
    until: Time | None = None,
    timezone: str = "UTC",
    accounts: Sequence[str] = (),
    currency: str | None = None,
    compare: str | None = None,
    against: str | PathLike[str] | None = None,
    on_account: Callable[[str], None] | None = None,
) -> Statement:
    """State what an account's balance did in a period, from the lake alone; Stripe is asked nothing.

    Args:
        destination: the lake.
        month: `2026-10`.
        quarter: `2026-Q4`.
        year: `2026`.
        since: first moment; without an offset, it is the zone's time.
        until: moment after the last; now by default.
        timezone: IANA name of the zone whose calendar it is.
        accounts: only these; all accounts of the lake by default.
        currency: only this one, lower-case ISO code.
        compare: an earlier month, quarter or year, to say what changed since and why.
        against: CSV file of a report of Stripe's, compared line by line; for one account.
        on_account: called with each account before it is read.

    Raises:
        UsageError: an argument is out of bounds.
        ConfigError: there is no lake, no such account in it, no zone data, or the report cannot be compared.
        ManifestError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    asked = Asked(month, quarter, year, since, until)
    names = (accounts,) if isinstance(accounts, str) else tuple(accounts)
    wish = (asked, timezone, names, None if currency is None else currency_code(currency), compare, against)
    return await anyio.to_thread.run_sync(_state, destination, *wish, on_account or _nobody)


def run_statement(destination: str | PathLike[str], **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as `statement`
    """Call `statement` from ordinary code.

    Args:
        destination: the lake.
        options: those of `statement`.

    Returns:
        The document of `schemas/statement.json`.

    Raises:
        ConnectorError: as `statement`.
    """
    if unknown := sorted(options.keys() - _OPTIONS):
        raise UsageError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(_OPTIONS))}")

    async def main() -> Statement:
        return await statement(destination, **options)

    return to_document(run_plainly(main, instead="await connector.statement(…)"))


_OPTIONS = frozenset(
    {"month", "quarter", "year", "since", "until", "timezone", "accounts", "currency", "compare", "against"}
)


def _nobody(account: str) -> None:
    """Tell nobody which account is read."""
    del account


def _state(  # noqa: PLR0913, PLR0917 - what `statement` was told, checked
    destination: str | PathLike[str],
    asked: Asked,
    timezone: str,
    accounts: tuple[str, ...],
    currency: str | None,
    compare: str | None,
    against: str | PathLike[str] | None,
    on_account: Callable[[str], None],
) -> Statement:
    now = int(time.time())
    clocks = clocks_of(timezone)
    period = period_of(asked, timezone, clocks, now=now)
    earlier = None if compare is None else _earlier(compare, period, now)
    store = open_store(destination)
    chosen = _chosen(list(states(store)), accounts, str(destination))
    if against is not None and len(chosen) > 1:
        raise ConfigError("a report of Stripe's is about one account: say which with --account")
    name = str(destination)
    retired = {record.account: record.retired for record in account_records(store)}
    stated: list[AccountStatement] = []
    changes: list[Changes] = []
    for state in chosen:
        on_account(state.account)
        found = account_statement(store, name, state, period, currency=currency)
        stated.append(replace(found, retired=retired.get(state.account)))
        if earlier is not None:
            before = account_statement(store, name, state, earlier, currency=currency)
            compared = purse_changes(before.purses, stated[-1].purses)
            changes.append(Changes(state.account, before.final, compared))
    comparison = None
    if against is not None:
        rows = AccountRows.of(name, chosen[0])
        comparison = compare_report(against, stated[0], rows, period.bounds)
    return Statement(
        destination=name,
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


def _chosen(found: list[TableState], accounts: tuple[str, ...], destination: str) -> list[TableState]:
    if not found:
        raise ConfigError(f"there is no lake in {destination}: `stripe-balance sync {destination}` makes one")
    names = [one.account for one in found]
    if missing := [one for one in accounts if one not in names]:
        raise ConfigError(f"there are no rows of {missing[0]}; accounts here: {', '.join(names)}")
    return [one for one in found if not accounts or one.account in accounts]


def _earlier(text: str, period: Period, now: int) -> Period:
    """Return the period to compare with, by the same clocks.

    Raises:
        UsageError: it is no period, or overlaps the other.
    """
    kind = {4: "year", 7: "month"}.get(len(text), "quarter")
    if "q" in text.lower():
        kind = "quarter"
    earlier = period_of(Asked(**{kind: text}), period.zone, period.clocks, now=now)
    if earlier.bounds.stop > period.bounds.start and earlier.bounds.start < period.bounds.stop:
        raise UsageError(f"{earlier.name} and {period.name} share days: compare with another period")
    return earlier
