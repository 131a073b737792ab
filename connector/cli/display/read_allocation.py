"""What the runs of `sync` whose reports a lake keeps took of Stripe's read allocation."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.allocation import MONTH, allocation
from connector.core.counting import counted
from connector.core.planning.coverage.plan import rows_between
from connector.core.state import run_ids
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.lake.paths import RUNS
from connector.lake.state.run_reports import run_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.table_state import TableState
    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Content


@dataclass(frozen=True, slots=True)
class Reads:
    """Requests of 30 days.

    Attributes:
        runs: runs of `sync` begun in that time whose reports are kept; other commands leave none.
        requests: requests they sent, all accounts together, retries included.
        rows: rows of that time in the lake, about: as if those of a file came evenly.
        audits: pages of the past asked for again, by account.
        seconds: from the first of the runs to now, at least an hour.
    """

    runs: int
    requests: int
    rows: int
    audits: Mapping[str, int]
    seconds: float

    @property
    def allowed(self) -> int:
        """What Stripe allows for so many transactions."""
        return allocation(self.rows)

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {
            "days": MONTH // 86_400,
            "runs": self.runs,
            "requests": self.requests,
            "rows": self.rows,
            "allocation": self.allowed,
        }

    def to_text(self) -> str:
        """Return it as a line for people."""
        sent = f"{counted(self.requests, 'request')} by {counted(self.runs, 'run')} of sync"
        return f"in 30 days {sent}: {self.requests / self.allowed:.1%} of the {self.allowed:,} reads that Stripe allows"


def reads_of(store: Store, states: Iterable[TableState], *, now: float) -> Reads:
    """Count what the runs of `sync` of the last 30 days asked for; no other requests are known here.

    Args:
        store: the lake.
        states: of its accounts.
        now: UTC seconds.
    """
    since = run_ids.id_of_second(max(0.0, now - MONTH))
    recent = [info.path for info in store.list(RUNS) if info.path.rsplit("/", 1)[-1] >= since]
    counts: list[int] = []
    audits: Counter[str] = Counter()
    began = now
    for path in recent:
        if (found := _counted(store.read(path))) is not None:
            counts.append(found[0])
            audits.update(found[1])
            began = min(began, _started(path))
    month = Interval(max(0, int(now - MONTH)), END_OF_TIME)
    rows = int(sum(rows_between(state, month) for state in states))
    return Reads(len(counts), sum(counts), rows, audits, max(3_600.0, now - began))


def _counted(report: Content | None) -> tuple[int, dict[str, int]] | None:
    """Return the requests of a run's report, and the audits of each account; None where it cannot be read."""
    try:
        document = cast("dict[str, Any]", json.loads(report.data if report else b""))
        total, accounts = document["requests"]["total"], document.get("accounts", ())
        audits = {str(account["account"]): int(account.get("audit", {}).get("requests", 0)) for account in accounts}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return (total, audits) if type(total) is int else None


def _started(path: str) -> float:
    """Return when the run of a report began, by its name; far ahead for another name."""
    started = run_ids.began(run_of(path))
    return float("inf") if started is None else started
