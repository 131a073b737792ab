"""The lists of files that a lake's tables keep, held to the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.lake.catalogs.lake_tables import compared
from connector.verification.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.lake.catalogs.lake_tables import TableComparison
    from connector.lake.stores.base import Store

_DONE = {
    "foreign": "is in the table, though no run put it there: its rows may count twice",
    "missing": "is not in the table any more: its rows are not read",
    "changed": "has other rows in the table than were written",
}


def table_findings(store: Store) -> list[Finding]:
    """Return what does not agree between the tables of a lake and its state; nothing of a lake without tables. Blocks.

    Raises:
        ConfigError: the tables are not where they are to be; or their library is not installed.
        StorageError: one of them cannot be read.
    """
    return [finding for name, comparison in compared(store).items() for finding in _of(name, comparison)]


def _of(table: str, comparison: TableComparison) -> Iterator[Finding]:
    if comparison.foreign is not None:
        yield Finding("table_foreign", comparison.foreign)
    for alteration in comparison.altered:
        message = (
            f"{alteration.path} {_DONE[alteration.kind]}; `stripe-balance maintain DEST --publish --repair` undoes that"
        )
        yield Finding("table_altered", message, path=alteration.path)
    behind = comparison.behind - len(comparison.altered)
    if behind > 0:
        files = counted(behind, "file")
        message = f"the table {table} is {files} behind the state; `stripe-balance maintain DEST --publish` publishes"
        yield Finding("table_behind", message, expected=0, found=behind)
