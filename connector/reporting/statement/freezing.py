"""Freezing a period: keeping its figures in the lake, and saying later what changed of them since."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import connector
from connector.core.ledger.ledger import category_of, purse_of
from connector.core.ledger.since_frozen import COLUMNS, Prints, RowComparison, SinceFrozen, since_frozen
from connector.core.state.frozen import FrozenPeriod, digest_of
from connector.core.time.times import to_words
from connector.errors import CommitConflictError, FreezeError, UsageError
from connector.lake.formats.row_columns import to_rows
from connector.lake.state.frozen_periods import keep_frozen, load_frozen, record_digest
from connector.lake.state.lake_id import lake_id
from connector.reporting.scan import AccountScan
from connector.reporting.statement.document import account_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike
    from typing import Any

    from connector.core.ledger.statement import AccountStatement
    from connector.core.state.table_state import TableState
    from connector.core.time.periods import Period
    from connector.lake.stores.base import Store


def since_kept(
    store: Store, rows: AccountScan, stated: AccountStatement, period: Period, *, currency: str | None
) -> SinceFrozen | None:
    """Say what changed of a period since it was frozen; None where it never was. Blocks.

    Args:
        store: the lake.
        rows: of the account, by the record that was stated.
        stated: the period as it is now.
        period: which.
        currency: the only one stated.

    Raises:
        LakeChangedError: a file has been replaced.
        StateError: what was frozen is damaged, or was changed since.
        StorageError: the lake cannot be read.
    """
    frozen = load_frozen(store, rows.state.account, period.name, period.zone)
    if frozen is None:
        return None
    return since_frozen(frozen, stated.purses, _held_to(frozen, rows, period, currency), currency=currency)


def refuse_unfit(period: Period, currency: str | None) -> None:
    """Refuse to freeze what is no closed part of the calendar, or not the whole of it.

    Raises:
        UsageError: says what can be frozen.
    """
    if not period.is_named:
        raise UsageError("`freeze` is about a month, a quarter or a year: not about `since` and `until`")
    if currency is not None:
        raise UsageError("`freeze` keeps all currencies: leave `currency` out")


def freeze(
    store: Store,
    destination: str | PathLike[str],
    states: Sequence[TableState],
    stated: Sequence[AccountStatement],
    period: Period,
    *,
    again: bool,
) -> tuple[AccountStatement, ...]:
    """Freeze a period of some accounts: of all of them, or of none where one is not to be. Blocks.

    Args:
        store: the lake.
        destination: its name.
        states: as they were stated.
        stated: the period, account by account.
        period: which.
        again: freeze those whose figures have changed since once more, as a revision of its own.

    Returns:
        The statements with what is frozen now.

    Raises:
        FreezeError: one of them is not final, or was frozen with other figures.
        StorageError: the destination refuses.
    """
    for account in stated:
        _refuse(account, period, again=again)
    return tuple(
        replace(account, since_frozen=_freeze(store, AccountScan.of(destination, state), account, period))
        for state, account in zip(states, stated, strict=True)
    )


def _refuse(account: AccountStatement, period: Period, *, again: bool) -> None:
    if not account.final:
        why = "; ".join(account.reasons)
        raise FreezeError(f"{period.name} of {account.account} is not final, so it is not frozen: {why}")
    since = account.since_frozen
    if since is not None and since.differs and not again:
        when = to_words(since.frozen.frozen_at)
        raise FreezeError(
            f"{period.name} of {account.account} was frozen at {when}, and has changed since: `statement` without"
            " `freeze` says what; `freeze_again` keeps the new figures beside the old ones"
        )


def _freeze(store: Store, rows: AccountScan, account: AccountStatement, period: Period) -> SinceFrozen:
    before = account.since_frozen
    if before is not None and not before.differs:
        return before
    revision = 1 if before is None else before.frozen.revision + 1
    frozen = _kept_of(store, rows, account, period, revision)
    try:
        keep_frozen(store, frozen)
    except CommitConflictError as error:
        raise FreezeError(
            f"{period.name} of {account.account} was frozen by somebody else just now: ask again"
        ) from error
    return SinceFrozen(frozen, written_now=True)


def _kept_of(store: Store, rows: AccountScan, account: AccountStatement, period: Period, revision: int) -> FrozenPeriod:
    state, bounds = rows.state, period.bounds
    prints = Prints()
    for row in _rows_of(rows, period):
        prints.add(row)
        if prints.full:
            break
    figures = account_document(period, account)
    files = sorted(
        (file.path, file.sha256)
        for file in state.files.values()
        if file.first_created < bounds.stop and file.last_created >= bounds.start
    )
    return FrozenPeriod(
        account=state.account,
        name=period.name,
        timezone=period.zone,
        start=bounds.start,
        stop=bounds.stop,
        revision=revision,
        frozen_at=int(time.time()),
        connector_version=connector.__version__,
        api_versions=state.api_versions,
        livemode=state.livemode,
        lake=lake_id(store),
        lake_record=state.number,
        lake_record_sha256=record_digest(store, state),
        files_sha256=digest_of([list(file) for file in files]),
        rows=account.rows,
        figures=figures,
        figures_sha256=digest_of(figures),
        prints=prints.to_text(),
    )


def _held_to(frozen: FrozenPeriod, rows: AccountScan, period: Period, currency: str | None) -> RowComparison | None:
    """Hold the period's rows to the prints of those that were frozen; None where it has none."""
    if frozen.prints is None or currency is not None:
        return None
    comparison = RowComparison(Prints.of_text(frozen.prints).parts)
    for row in _rows_of(rows, period):
        purse = purse_of(row.get("balance_type"), row["currency"])
        comparison.add(row, purse, category_of(row.get("reporting_category"), row["type"]))
    return comparison


def _rows_of(rows: AccountScan, period: Period) -> Iterator[dict[str, Any]]:
    for table in rows.between(period.bounds.start, period.bounds.stop, COLUMNS):
        yield from to_rows(table)
