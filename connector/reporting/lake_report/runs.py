"""What the kept reports of runs say: the latest runs, and the rows that came late."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from connector.lake.paths import RUNS
from connector.reporting.lake_report.facts import LateLine, RunLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Content

MOST_RUNS = 200
"""Reports that are read, the newest first."""

MOST_BYTES = 16 * 2**20
"""And no more than so many bytes of them."""


def look_at_runs(store: Store) -> tuple[list[RunLine], dict[str, list[LateLine]]]:
    """Return the latest runs, newest first, and by account the late rows they found; what cannot be read is left out.

    Raises:
        StorageError: the lake cannot be read.
    """
    runs: list[RunLine] = []
    late: dict[str, list[LateLine]] = {}
    for report in _reports(store):
        try:
            line, late_lines = _line(report), list(_late(report))
        except (LookupError, TypeError, ValueError, AttributeError):
            continue
        runs.append(line)
        for account, moment in late_lines:
            late.setdefault(account, []).append(moment)
    return runs, late


def _reports(store: Store) -> Iterator[Mapping[str, Any]]:
    read = 0
    for info in sorted(store.list(RUNS), reverse=True)[:MOST_RUNS]:
        read += info.bytes
        if read > MOST_BYTES:
            return
        if (report := _decoded(store.read(info.path))) is not None:
            yield report


def _decoded(text: Content | None) -> dict[str, Any] | None:
    try:
        document = json.loads(text.data if text else b"")
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def _line(report: Mapping[str, Any]) -> RunLine:
    accounts: list[Mapping[str, Any]] = report["accounts"]
    return RunLine(
        id=str(report["run_id"]),
        started=str(report["started"]),
        seconds=float(report["duration_seconds"]),
        outcome=str(report["outcome"]),
        error=None if report["error"] is None else str(report["error"]),
        requests=int(report["requests"]["total"]),
        accounts=len(accounts),
        rows_new=sum(int(account["rows_new"]) for account in accounts),
        rows_changed=sum(int(account["rows_changed"]) for account in accounts),
        late=sum(int(account["late"]["rows"]) for account in accounts),
    )


def _late(report: Mapping[str, Any]) -> Iterator[tuple[str, LateLine]]:
    for account in report["accounts"]:
        if rows := int(account["late"]["rows"]):
            late = account["late"]
            first, last = late["first_created"], late["last_created"]
            yield (
                str(account["account"]),
                LateLine(
                    run=str(report["run_id"]),
                    rows=rows,
                    first_created=None if first is None else int(first),
                    last_created=None if last is None else int(last),
                    longest_lag=int(late["longest_lag_seconds"]),
                ),
            )
