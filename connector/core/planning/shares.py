"""Work shared out to tasks: which accounts together, and how little is too little for a task of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ROWS = 1_000
"""Rows that a window should have: ten pages take less time than a task takes to start."""


def groups_of(accounts: Sequence[str | None], count: int) -> list[list[str | None]]:
    """Return accounts in at most `count` groups of about equal size; each account is in one."""
    found = [list(accounts[number::count]) for number in range(count)]
    return [group for group in found if group]
