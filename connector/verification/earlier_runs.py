"""What earlier runs said of an account: the lake must not hold less than they left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any

from connector.core.state.run_ids import began
from connector.core.time.intervals import Interval, Intervals
from connector.lake.paths import RUNS
from connector.lake.state.run_reports import ended, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Content

MOST_BYTES = 64 * 2**20
"""Run reports are read, the newest first, up to so many bytes."""


@dataclass(frozen=True, slots=True)
class EarlierRuns:
    """What the kept run reports say of one account.

    Attributes:
        asked: every second of `created` that a run was asked for.
        covered: what the latest run left covered: of those that overlapped, the one with the greatest record.
        rows: how many rows it left, or None without a report.
        net: sum of `net` per currency it left, in minor units.
        run_id: the latest run.
        record: number of the record that the state went up to after it; 0 where it does not say.
        since: when the run that began last did, UTC seconds.
    """

    asked: Intervals = field(default_factory=Intervals)
    covered: Intervals = field(default_factory=Intervals)
    rows: int | None = None
    net: Mapping[str, int] = field(default_factory=dict[str, int])
    run_id: str = ""
    record: int = 0
    since: float = inf


def read_past(store: Store) -> dict[str, EarlierRuns]:
    """Return what the run reports say, by account; reports that cannot be read say nothing.

    Raises:
        StorageError: when the destination cannot be read.
    """
    past: dict[str, EarlierRuns] = {}
    read = 0
    for info in sorted(store.list(RUNS), reverse=True):
        read += info.bytes
        if read > MOST_BYTES:
            break
        run = run_of(info.path)
        end, accounts = _read(run, store.read(info.path))
        for account in accounts:
            try:
                _remember(past, account, run, end)
            except (LookupError, TypeError, ValueError, AttributeError):
                continue
    return past


def _read(run: str, text: Content | None) -> tuple[float | None, list[dict[str, Any]]]:
    """Return when a run ended, and what its report says of accounts."""
    try:
        report = json.loads(text.data if text else b"")
        return ended(run, report), [] if report["outcome"] == "planned" else list(report["accounts"])
    except (LookupError, TypeError, ValueError, AttributeError):
        return None, []


def _remember(past: dict[str, EarlierRuns], account: dict[str, Any], run_id: str, end: float | None) -> None:
    """Add what an older report says."""
    name, (start, stop) = str(account["account"]), account["asked"]
    newer = past.get(name)
    asked = Intervals.span(int(start), int(stop)).union(newer.asked if newer is not None else Intervals())
    record = int(account.get("lake_record", 0))
    overlapped = newer is not None and end is not None and end > newer.since and record > newer.record
    if newer is not None and not overlapped:
        past[name] = replace(newer, asked=asked)
    elif account["covered"] or account["lake_rows"]:
        covered = Intervals.of(Interval(int(first), int(last)) for first, last in account["covered"])
        rows, net = int(account["lake_rows"]), dict(account["net"])
        since = newer.since if newer is not None else began(run_id)
        past[name] = EarlierRuns(asked, covered, rows, net, run_id, record, inf if since is None else since)
