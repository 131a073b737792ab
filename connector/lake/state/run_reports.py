"""The reports of runs in a lake: what the newest say of the records, and which are not kept any longer.

What audits of the past have in hand is kept there, too, as each run reads the newest one anyway.

Who removes the newest record of a state turns time back, and no record is left that could tell. A report says up to
which record a run left the state, so it is a witness: of balance transactions, as far as runs lived to write one.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.allocation import Savings
from connector.core.units import DAY
from connector.errors import StateError, StorageError
from connector.lake.paths import RUNS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

MOST_WITNESSES = 50
"""Reports that are read, at most, to learn of all accounts: each has those of its run."""

KEPT_REPORTS = 400
"""Reports that are kept whatever their age: the newest ones."""

MOST_REMOVED = 200
"""Reports that one run removes, at most: the oldest ones. A lake may have very many, and no run is to wait for that."""

_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+\.json")


def report_paths(store: Store) -> list[str]:
    """Return the paths of the run reports, those of runs that began last first; nothing else that lies there. Blocks.

    Raises:
        StorageError: the destination cannot be read.
    """
    names = (info.path for info in store.list(RUNS))
    return sorted((path for path in names if _NAME.fullmatch(path.removeprefix(f"{RUNS}/"))), reverse=True)


def too_old(paths: Sequence[str], *, now: int, days: int) -> list[str]:
    """Return the reports that one run is to remove, the oldest first.

    Args:
        paths: of all of them, the newest first.
        now: UTC seconds.
        days: how long each is kept, by when its run began.
    """
    before = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(max(0, now - days * DAY)))
    old = [path for path in paths[KEPT_REPORTS:] if path.removeprefix(f"{RUNS}/") < before]
    return old[::-1][:MOST_REMOVED]


def thin_reports(store: Store, *, now: int, days: int) -> int:
    """Remove reports that are too old, and return how many went. Blocks.

    That is housekeeping: what cannot be removed stays for the next run.

    Args:
        store: the lake.
        now: UTC seconds.
        days: how long a report is kept.
    """
    gone = 0
    with suppress(StorageError):
        for path in too_old(report_paths(store), now=now, days=days):
            store.delete(path)
            gone += 1
    return gone


@dataclass(frozen=True, slots=True)
class Told:
    """What the newest reports tell.

    Attributes:
        records: up to which record the newest report of each account says that a run left its state.
        savings: what audits had in hand by the newest report that says it; None where none does.
    """

    records: dict[str, int]
    savings: Savings | None = None


def witnessed_records(store: Store, accounts: Collection[AccountId]) -> dict[str, int]:
    """Return up to which record the newest report of each account says that a run left its state. Blocks.

    Args:
        store: the lake.
        accounts: those whose states are there; once of all of them something was read, no more is.

    Raises:
        StorageError: the lake cannot be read.
    """
    return _told(store, accounts, savings=False).records


def told(store: Store, accounts: Collection[AccountId]) -> Told:
    """Return what the newest reports tell, also of audits; see `witnessed_records`."""
    return _told(store, accounts, savings=True)


def _told(store: Store, accounts: Collection[AccountId], *, savings: bool) -> Told:
    records: dict[str, int] = {}
    found: Savings | None = None
    for path in report_paths(store)[:MOST_WITNESSES]:
        there = store.read(path)
        report = _document(b"" if there is None else there.data)
        for account, number in _records_in(report):
            records.setdefault(account, number)
        found = found or _savings_in(report)
        if records.keys() >= set(accounts) and (found or not savings):
            break
    return Told(records, found)


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
            return [(str(one["account"]), int(one.get("lake_record", 0))) for one in report["accounts"]]
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
    one = number + 1 == witnessed
    gone = f"record {witnessed} is" if one else f"records {number + 1} to {witnessed} are"
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
