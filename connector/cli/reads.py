"""What the runs of `sync` whose reports a lake keeps took of Stripe's read allocation."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from connector.cli.words import counted
from connector.core.allocation import MONTH, allocation
from connector.lake.paths import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.manifest import Manifest
    from connector.lake.store import Store


@dataclass(frozen=True, slots=True)
class Reads:
    """Requests of 30 days.

    Attributes:
        runs: runs of `sync` begun in that time whose reports are kept; other commands leave none.
        requests: requests they sent, all accounts together, retries included.
        rows: rows in the lake's files that hold nothing older.
    """

    runs: int
    requests: int
    rows: int

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


def reads_of(store: Store, manifests: Iterable[Manifest], *, now: float) -> Reads:
    """Count what the runs of `sync` of the last 30 days asked for; no other requests are known here.

    Args:
        store: the lake.
        manifests: of its accounts.
        now: UTC seconds.
    """
    since = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(max(0.0, now - MONTH)))
    recent = [info.path for info in store.list(RUNS) if info.path.rsplit("/", 1)[-1] >= since]
    counts = [count for path in recent if (count := _requests(store.read(path))) is not None]
    files = [file for one in manifests for file in one.files.values() if file.first_created >= now - MONTH]
    return Reads(len(counts), sum(counts), sum(file.rows for file in files))


def _requests(report: bytes | None) -> int | None:
    """Return the requests of a run's report; None where it cannot be read."""
    try:
        total = cast("Mapping[str, Any]", json.loads(report or b""))["requests"]["total"]
    except (ValueError, LookupError, TypeError):
        return None
    return total if type(total) is int else None
