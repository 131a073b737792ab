"""Lakes that were tampered with: files rewritten, with the state left as it was or made to match."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import anyio

from connector.core.time.intervals import Interval, Intervals
from connector.lake.formats.formats import format_of
from connector.lake.state import table_states
from connector.lake.stores.disk import sha256_of
from connector.lake.stores.local import LocalStore
from connector.lake.writing.file_statistics import Summary
from connector.tables.balance_transactions import to_batch, to_lines, to_objects
from connector.verification.calls import verify
from connector.verification.inventory import batches
from tests.support.lakes import config_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.core.api.page import Row
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.sandbox import Sandbox
    from connector.verification.verdict import AccountVerdict, Layer


PROVED = {"rows": "proved", "windows": "proved", "payouts": "proved", "balance": "proved"}
FORMATS = ("parquet", "jsonl", "arrow")
BUSY = 1_500
"""Rows of the busy sandbox."""


def check(lake: Path, served: Sandbox | None = None, **options: Any) -> AccountVerdict:
    """Verify a lake of one account, in an event loop of its own; offline without a sandbox, and with a small sample."""
    asking = {"offline": True} if served is None else {"config": config_for(served)}
    (only,) = anyio.run(partial(verify, lake, **({"seed": 5, "sample": 5} | asking | options))).accounts
    return only


def layer(verdict: AccountVerdict, name: str) -> Layer:
    """One layer of a verdict."""
    return next(one for one in verdict.layers if one.layer == name)


def answers(verdict: AccountVerdict) -> dict[str, str]:
    """The verdict of each layer."""
    return {one.layer: one.verdict for one in verdict.layers}


def the_state(lake: Path, account: str | None = None) -> TableState:
    return next(one for one in table_states.states(LocalStore(lake)) if account in {None, one.account})


def busiest(state: TableState) -> DataFile:
    """The file with most rows."""
    return max(state.files.values(), key=lambda file: file.rows)


def path_of(lake: Path, row: Row) -> str:
    """The file a row is in."""
    files = the_state(lake).files.values()
    return next(file.path for file in files if file.first_created <= row["created"] <= file.last_created)


def rewrite(lake: Path, path: str, change: Callable[[list[Row]], list[Row]], *, fix: bool) -> None:
    """Write a file again with its rows changed.

    Args:
        lake: the lake.
        path: of the file.
        change: returns the rows as they are to be; none at all removes the file.
        fix: make the state match.
    """
    state = next(one for one in table_states.states(LocalStore(lake)) if path in one.files)
    form, local = format_of(state), lake / path
    with batches(form, local) as read:
        rows = change([row for batch in read for row in to_objects(batch)])
    files = dict(state.files)
    del files[path]
    local.unlink()
    if rows:
        batch = to_lines(rows) if form.name.startswith("jsonl") else to_batch(rows)
        writer = form.open_writer(local)
        writer.write(batch)
        writer.close()
        summary = Summary()
        summary.add(to_batch(rows))
        files[path] = summary.data_file(path, size=local.stat().st_size, sha256=sha256_of(local))
    if fix:
        save(lake, replace(state, files=MappingProxyType(files)))


def save(lake: Path, state: TableState) -> None:
    table_states.commit(LocalStore(lake), state)


def forget_reports(lake: Path) -> None:
    """Remove the run reports, which say what there was."""
    for report in (lake / "_stripe_balance" / "runs").iterdir():
        report.unlink()


def call_covered(lake: Path, *intervals: tuple[int, int]) -> None:
    """Mark time as covered that was never read."""
    state = the_state(lake)
    more = Intervals.of(Interval(start, stop) for start, stop in intervals)
    save(lake, replace(state, covered=state.covered.union(more)))
