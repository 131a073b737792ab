"""From an account's records, and its files where they are read, to its facts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.core.ledger.ledger import Purse
from connector.core.planning.audit.audit import round_of
from connector.core.state.calendar import calendar_of, complete_up_to, gaps_of
from connector.core.state.data_file import parked_seconds
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.state.tables import PAYOUTS, TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY
from connector.errors import LakeChangedError, StateError, StorageError
from connector.lake.state.file_check import differences
from connector.lake.state.frozen_periods import frozen_names
from connector.lake.state.standing_differences import standing
from connector.lake.state.table_states import compare, without_older
from connector.reporting.lake_report.days import add_up
from connector.reporting.lake_report.facts import AccountFacts, AuditFacts, DriftLine, FileProblem, RowFacts
from connector.reporting.lake_report.months import months_of
from connector.reporting.lake_report.payouts import payouts_of
from connector.reporting.lake_report.problems import (
    in_order,
    of_files,
    of_frozen,
    of_layers,
    of_payouts,
    of_record,
    of_state,
    of_sums,
)
from connector.reporting.lake_report.spans import by_day, by_month
from connector.reporting.scan import AccountScan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from os import PathLike

    from connector.core.lake_condition import Problem
    from connector.core.state.calendar import Stretch
    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import State, TableSpec
    from connector.lake.state.file_check import FileDifference
    from connector.lake.stores.base import Store
    from connector.reporting.lake_report.facts import LateLine, MonthLine
    from connector.reporting.lake_report.records import Known


def account_facts(
    store: Store, lake: str, known: Known, late: Sequence[LateLine], *, now: int, stale: int | None
) -> AccountFacts:
    """Return what is known of an account without reading its files. Blocks.

    Args:
        store: the lake.
        lake: its name.
        known: the account's records.
        late: rows of it that came late.
        now: UTC seconds.
        stale: up to when it was read, where runs do not get to read it any more; else None.

    Raises:
        StorageError: the lake cannot be read.
    """
    state = known.state or TableState(known.account, known.format, Granularity.DAY)
    first, damaged = first_of(state, now), tuple(_damaged(store, known))
    facts = AccountFacts(
        account=known.account,
        livemode=known.livemode,
        record=state.number,
        complete_up_to=complete_up_to(state.asked or state.covered, state.covered, first=first),
        rows=state.rows,
        files=len(state.files),
        bytes=sum(file.bytes for file in state.files.values()),
        pending=state.pending,
        parked=state.parked_rows,
        net=tuple(_nets(state)),
        calendar=_calendar(state, first, now, _pending_days(state), damaged) if known.state else (),
        layers=known.verdict.layers if known.verdict else (),
        damaged=damaged,
        payouts=None if known.payouts is None else payouts_of(known.payouts),
        late=tuple(late),
        audit=_audit(state),
        drift=tuple(
            DriftLine(finding.kind, finding.name, finding.count, finding.example) for finding in state.drift.findings
        ),
        retired=known.record.retired,
        refused=known.record.refused,
        frozen=tuple(frozen.words for frozen in frozen_names(store, known.account)),
    )
    gaps = gaps_of(state.asked or state.covered, state.covered, first=first)
    return replace(facts, problems=in_order(_problems(lake, known, facts, gaps, stale=stale, now=now)))


def with_detail(
    store: Store, destination: str | PathLike[str], known: Known, facts: AccountFacts, *, now: int, months: int
) -> AccountFacts:
    """Return an account's facts with what its files say. Blocks.

    Args:
        store: the lake.
        destination: its name as it was given.
        known: the account's records.
        facts: without its files.
        now: UTC seconds.
        months: full months to state, at most.

    Raises:
        LakeChangedError: the account has changed since its records were read.
        StorageError: the lake cannot be read.
    """
    if known.state is None:
        return facts
    state, lake = known.state, str(destination)
    rows = AccountScan.of(destination, state)
    sums = add_up(rows, {problem.path for problem in facts.damaged})
    unreadable = tuple(FileProblem(path, "unreadable") for path in sums.unreadable)
    damaged_files, lines = (*facts.damaged, *unreadable), sums.day_lines()
    damaged = any(problem.kind != "extra" for problem in damaged_files if problem.path in state.files)
    stated, why = _months(store, destination, state, now, 0 if damaged else months)
    read = replace(
        facts,
        damaged=damaged_files,
        calendar=_calendar(state, first_of(state, now), now, sums.pending_days, damaged_files),
        files_say=RowFacts(lines, sums.pending_lines(), stated, why, by_month(lines), by_day(lines)),
    )
    more = [
        *of_files(lake, unreadable),
        *of_frozen(lake, known.account, stated),
        *of_sums(lake, read, whole=not damaged),
    ]
    return replace(read, problems=in_order([*facts.problems, *more]))


def first_of(state: TableState, now: int) -> int:
    """Return a second before which nothing can be lacking: when the account was made, as far as that is known."""
    asked = (state.asked or state.covered).parts
    begins = max(state.account_created, asked[0].start if asked else now)
    return begins or min((file.first_created for file in state.files.values()), default=now)


def _problems(
    lake: str, known: Known, facts: AccountFacts, gaps: Intervals, *, stale: int | None, now: int
) -> Iterator[Problem]:
    yield from (of_record(lake, message) for message in known.damaged)
    yield from of_files(lake, facts.damaged)
    if known.state is not None:
        yield from of_state(lake, known.state, gaps, stale=stale, now=now)
    yield from of_layers(lake, facts)
    yield from of_payouts(lake, facts.payouts)


def _months(
    store: Store, destination: str | PathLike[str], state: TableState, now: int, most: int
) -> tuple[tuple[MonthLine, ...], str | None]:
    """Return the last full months, or why there are none."""
    if not most:
        return (), "files are damaged: a month cannot be stated until they are mended"
    try:
        return tuple(months_of(store, destination, state, now=now, most=most)), None
    except LakeChangedError:
        raise
    except StorageError as error:
        return (), str(error)


def _nets(state: TableState) -> Iterator[tuple[Purse, int]]:
    by_balance = state.net_by_balance()
    for balance, sums in ({"": state.net()} if by_balance is None else by_balance).items():
        for currency, net in sums.items():
            yield Purse(balance, currency), net


def _calendar(
    state: TableState, first: int, now: int, pending: Collection[int], problems: Iterable[FileProblem]
) -> tuple[Stretch, ...]:
    files = (state.files.get(problem.path) for problem in problems if problem.kind != "extra")
    damaged = {day for file in files if file is not None for day in _days_of(file.first_created, file.last_created)}
    return calendar_of(state.covered, first=first, now=now, parked=_parked(state), pending=pending, damaged=damaged)


def _days_of(first: int, last: int) -> range:
    """Return the first seconds of the days from one second to another."""
    return range(first - first % DAY, last + 1, DAY)


def _parked(state: TableState) -> Intervals:
    """Return the seconds of the days whose rows are parked."""
    spans = (
        Interval(parked_file.file.first_created, parked_file.file.last_created + 1)
        for parked_file in state.parked.values()
    )
    return parked_seconds(state.parked.values()).union(Intervals.of(spans))


def _pending_days(state: TableState) -> set[int]:
    """Return the days that may have pending rows, as far as records tell: of files of a day, exactly those."""
    days: set[int] = set()
    for file in state.files.values():
        if file.pending:
            days.update(_days_of(*(file.pending_created or (file.first_created, file.last_created))))
    return days


def _damaged(store: Store, known: Known) -> Iterator[FileProblem]:
    standing: list[FileDifference] = []
    if known.state is not None:
        standing += _standing(store, TRANSACTIONS, known.state, known.state.files, compare(store, known.state))
    if known.payouts is not None:
        for table, files in (
            ("payouts", known.payouts.files),
            ("payout_transactions", known.payouts.transaction_files),
        ):
            there = without_older(differences(store, f"{table}/account={known.account}", files), known.payouts.format)
            standing += _standing(store, PAYOUTS, known.payouts, files, there)
    return (FileProblem(difference.path, difference.kind) for difference in standing)


def _standing(
    store: Store, spec: TableSpec[Any], state: State, files: Mapping[str, DataFile], differences: list[FileDifference]
) -> list[FileDifference]:
    """Return the differences that no run has made; all of them where a record or an intent cannot be understood."""
    try:
        return standing(store, spec, state.account, files, differences)
    except StateError:
        return differences


def _audit(state: TableState) -> AuditFacts:
    audit_round = round_of(state)
    audits = state.audits
    return AuditFacts(
        audit_round.pages, audit_round.never, audit_round.oldest or None, len(audits.suspects), audits.lacking.pairs
    )
