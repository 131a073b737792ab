"""What earlier runs said of an account: the lake must not hold less than they left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector.core.time.intervals import Interval, Intervals
from connector.lake.paths import RUNS

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
        covered: what the latest run left covered.
        rows: how many rows it left, or None without a report.
        net: sum of `net` per currency it left, in minor units.
        run_id: the latest run.
        record: number of the record that the state went up to after it; 0 where it does not say.
    """

    asked: Intervals = field(default_factory=Intervals)
    covered: Intervals = field(default_factory=Intervals)
    rows: int | None = None
    net: Mapping[str, int] = field(default_factory=dict[str, int])
    run_id: str = ""
    record: int = 0


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
        for account in _accounts_of(store.read(info.path)):
            try:
                _remember(past, account, info.path.removeprefix(f"{RUNS}/").removesuffix(".json"))
            except (LookupError, TypeError, ValueError, AttributeError):
                continue
    return past


def _accounts_of(text: Content | None) -> list[dict[str, Any]]:
    try:
        report = json.loads(text.data if text else b"")
        return [] if report["outcome"] == "planned" else list(report["accounts"])
    except (LookupError, TypeError, ValueError):
        return []


def _remember(past: dict[str, EarlierRuns], account: dict[str, Any], run_id: str) -> None:
    """Add what an older report says."""
    name, (start, stop) = str(account["account"]), account["asked"]
    asked = Intervals.span(int(start), int(stop))
    newer = past.get(name)
    if newer is not None:
        past[name] = replace(newer, asked=newer.asked.union(asked))
    elif account["covered"] or account["lake_rows"]:
        covered = Intervals.of(Interval(int(first), int(last)) for first, last in account["covered"])
        record = int(account.get("lake_record", 0))
        past[name] = EarlierRuns(asked, covered, int(account["lake_rows"]), dict(account["net"]), run_id, record)
