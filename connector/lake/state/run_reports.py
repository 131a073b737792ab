"""The reports of runs in a lake: what the newest say of the records, and which are not kept any longer.

What audits of the past have in hand is kept there, too, as each run reads the newest one anyway.

Who removes the newest record of a state turns time back, and no record is left that could tell. A report says up to
which record a run left the state, so it is a witness: of balance transactions, as far as runs lived to write one. Of
runs that overlapped, the greatest record counts; a run that began after another had ended knew what that one left, and
may have gone on from less, to repair.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.allocation import Savings
from connector.core.state.run_ids import began, id_of_second
from connector.core.units import DAY
from connector.errors import StateError, StorageError
from connector.lake.paths import RUNS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.core.units import AccountId
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store

MOST_WITNESSES = 50
"""Reports that are read, at most, to learn of all accounts: each has those of its run."""

KEPT_REPORTS = 400
"""Reports that are kept whatever their age: the newest ones."""

MOST_BYTES = 2**30
"""Bytes of reports that are kept, but for the newest `MOST_WITNESSES`: one of thousands of accounts takes megabytes."""

MOST_REMOVED = 200
"""Reports that one run removes, at most: the oldest ones. A lake may have very many, and no run is to wait for that."""

WRITTEN_APART_SECONDS = 2.0
"""How far the time at which a report was written may be from the end of its run: a bucket has whole seconds."""

_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+\.json")


def report_paths(store: Store) -> list[str]:
    """Return the paths of the run reports, those of runs that began last first; nothing else that lies there. Blocks.

    Raises:
        StorageError: the destination cannot be read.
    """
    return [info.path for info in _listed(store)]


def _listed(store: Store) -> list[FileInfo]:
    return sorted(
        (info for info in store.list(RUNS) if _NAME.fullmatch(info.path.removeprefix(f"{RUNS}/"))), reverse=True
    )


def run_of(path: str) -> str:
    """Return the id of the run whose report has a path."""
    return path.removeprefix(f"{RUNS}/").removesuffix(".json")


def ended(run: str, report: Mapping[str, Any]) -> float | None:
    """Return when a run ended, UTC seconds of the clock that its id goes by; None where that cannot be understood.

    Args:
        run: its id.
        report: its report, as it is kept.
    """
    start, seconds = began(run), report.get("duration_seconds", 0.0)
    known = start is not None and type(seconds) in {int, float} and isfinite(seconds) and seconds >= 0
    return start + seconds if known else None


def too_old(paths: Sequence[str], *, now: int, days: int) -> list[str]:
    """Return the reports that one run is to remove, the oldest first.

    Args:
        paths: of all of them, the newest first.
        now: UTC seconds.
        days: how long each is kept, by when its run began.
    """
    before = id_of_second(max(0, now - days * DAY))
    old = [path for path in paths[KEPT_REPORTS:] if path.removeprefix(f"{RUNS}/") < before]
    return old[::-1][:MOST_REMOVED]


def too_large(reports: Sequence[FileInfo], *, most: int = MOST_BYTES) -> list[str]:
    """Return the reports that one run is to remove since all take too much together, the oldest first.

    Args:
        reports: all of them, the newest first.
        most: bytes that they may take.
    """
    sizes = accumulate(info.bytes for info in reports)
    kept = max(MOST_WITNESSES, sum(1 for _ in takewhile(lambda total: total <= most, sizes)))
    return [info.path for info in reports[kept:]][::-1][:MOST_REMOVED]


def thin_reports(store: Store, *, now: int, days: int, most: int = MOST_BYTES) -> int:
    """Remove reports that are too old, or too large together, and return how many went. Blocks.

    That is housekeeping: what cannot be removed stays for the next run.

    Args:
        store: the lake.
        now: UTC seconds.
        days: how long a report is kept.
        most: bytes that all of them may take.
    """
    gone = 0
    with suppress(StorageError):
        there = _listed(store)
        old = too_old([info.path for info in there], now=now, days=days)
        for path in max(old, too_large(there, most=most), key=len):
            store.delete(path)
            gone += 1
    return gone


@dataclass(frozen=True, slots=True)
class NewestReports:
    """What the newest reports tell.

    Attributes:
        records: by account, up to which record the newest reports say that runs left its state.
        savings: what audits had in hand by the newest report that says it; None where none does.
    """

    records: dict[str, int]
    savings: Savings | None = None


def witnessed_records(store: Store, accounts: Collection[AccountId]) -> dict[str, int]:
    """Return by account up to which record the newest reports say that runs left its state. Blocks.

    That is the greatest record of the report whose run began last, and of those whose runs ended after it had begun.

    Args:
        store: the lake.
        accounts: those whose states are there; once of all of them something was read, no more is than what was written
            while the runs of those reports went on.

    Raises:
        StorageError: the lake cannot be read.
    """
    return _newest_reports(store, accounts, savings=False).records


def newest_reports(store: Store, accounts: Collection[AccountId]) -> NewestReports:
    """Return what the newest reports tell, also of audits; see `witnessed_records`."""
    return _newest_reports(store, accounts, savings=True)


@dataclass(slots=True)
class _Testimony:
    """What reports say of the records of accounts, read in the order of `report_paths`.

    Attributes:
        records: up to which record by account.
        since: by account, when the run of the first report that names it began, UTC seconds by its id.
        written: of the reports that named an account first, when the earliest of their runs can have begun, by when the
            report was written and how long the run took; in nanoseconds of the store's clock.
    """

    records: dict[str, int] = field(default_factory=dict[str, int])
    since: dict[str, float] = field(default_factory=dict[str, float])
    written: float = inf

    def add(self, info: FileInfo, report: dict[str, Any]) -> None:
        """Take in a report."""
        run = run_of(info.path)
        end = ended(run, report)
        for account, number in _records_in(report):
            if account not in self.records:
                start = began(run)
                lasted = end - start if end is not None and start is not None else 0.0
                self.records[account], self.since[account] = number, inf if start is None else start
                self.written = min(self.written, info.changed - (lasted + WRITTEN_APART_SECONDS) * 1e9)
            elif end is not None and end > self.since[account]:
                self.records[account] = max(self.records[account], number)

    def may_hear(self, info: FileInfo) -> bool:
        """Say whether a report may be of a run that ended after one had begun that was heard."""
        return info.changed >= self.written


def _newest_reports(store: Store, accounts: Collection[AccountId], *, savings: bool) -> NewestReports:
    testimony = _Testimony()
    in_hand: Savings | None = None
    read = 0
    for info in _listed(store):
        enough = testimony.records.keys() >= set(accounts) and (in_hand or not savings)
        if (enough and read) and not testimony.may_hear(info):
            continue
        if read == MOST_WITNESSES:
            break
        read += 1
        there = store.read(info.path)
        report = _document(b"" if there is None else there.data)
        testimony.add(info, report)
        in_hand = in_hand or _savings_in(report)
    return NewestReports(testimony.records, in_hand)


def _document(data: bytes) -> dict[str, Any]:
    """Return a report; an empty one where that cannot be understood."""
    try:
        report = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", report) if isinstance(report, dict) else {}


def _records_in(report: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the accounts of a report with their records; nothing of one that cannot be understood."""
    try:
        if report["outcome"] != "planned":
            return [(str(account["account"]), int(account.get("lake_record", 0))) for account in report["accounts"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    return []


def _savings_in(report: dict[str, Any]) -> Savings | None:
    try:
        said = report["audits"]
        return Savings(int(said["counted_at"]), float(said["in_hand"]))
    except (ValueError, LookupError, TypeError, OverflowError):
        return None


def turned_back(number: int, witnessed: int) -> str:
    """Say what is wrong with a state that goes up to an earlier record than a report says, as the end of a sentence."""
    is_last = number + 1 == witnessed
    gone = f"record {witnessed} is" if is_last else f"records {number + 1} to {witnessed} are"
    return f"the state at record {witnessed}, and it is at {number}: {gone} gone"


def refuse_turned_back(account: str, number: int, witnessed: Mapping[str, int]) -> None:
    """Refuse to go on from a state whose newest records were removed: what they named would be written over.

    Args:
        account: whose state.
        number: of its newest record; 0 for none.
        witnessed: up to which record reports say that it went.

    Raises:
        StateError: records are gone; says what to do.
    """
    if number < (there := witnessed.get(account, 0)):
        raise StateError(
            f"{account}: a run left {turned_back(number, there)}. Restore what was removed of"
            f" _stripe_balance/state/balance_transactions/{account} from a backup; or sync with `repair`, which goes on"
            " from what is there and reads the rest again",
            account=account,
        )
