"""Work shared out to tasks: which accounts together, and how little is too little for a task of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.page_size import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROWS = 2**62
"""More than there are of any account."""

LEAST_ROWS = 1_000
"""Rows that a window should have: ten pages take less time than a task takes to start."""

AMPLE_SECONDS = 80
"""For how long a task should read where there are more windows than slots: to start one takes some seconds."""


def ample_rows(rate: float) -> int:
    """Return the rows that a window should have where there are more windows than slots.

    Args:
        rate: requests per second of its task, above 0; infinite for no limit.
    """
    return max(1, int(min(AMPLE_SECONDS * rate * PAGE_SIZE, MOST_ROWS)))


def groups_of(accounts: Sequence[str | None], count: int) -> list[list[str | None]]:
    """Return accounts in at most `count` groups of about equal size; each account is in one."""
    groups = [list(accounts[number::count]) for number in range(count)]
    return [group for group in groups if group]
