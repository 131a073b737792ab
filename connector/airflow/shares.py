"""How mapped tasks share out a plan: how many windows, how fast each, whether the lake has it in the end. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import to_words
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_TASKS = 1_000
"""Mapped tasks of one plan: Airflow's `max_map_length` is 1,024, and a longer list fails the task that pushes it."""

WINDOWS_A_SLOT = 4
"""Windows for each slot of a pool: enough that slots end together, few enough that starting tasks costs little."""


def tasks_for(slots: int) -> int:
    """Return how many tasks to cut work into, 1 to `MOST_TASKS`.

    Args:
        slots: tasks at work at once, at least 1.

    Raises:
        UsageError: there are no slots.
    """
    if type(slots) is not int or slots < 1:
        raise UsageError(f"`slots` {slots!r} must be a whole number, at least 1: those of the pool the tasks run in")
    return max(1, min(MOST_TASKS, WINDOWS_A_SLOT * slots))


def rate_of(budget: float, slots: int) -> float:
    """Return the requests per second of each task, of a budget that `slots` of them share.

    Raises:
        UsageError: the budget is none.
    """
    if not 0 < budget < float("inf"):
        raise UsageError(f"`budget` {budget!r} must be a number above 0, of requests per second")
    return budget / slots


def mapped(windows: Sequence[Mapping[str, Any]], *, budget: float, slots: int) -> list[dict[str, Any]]:
    """Return windows of a plan as arguments of mapped tasks.

    Args:
        windows: from `plan`.
        budget: requests per second of one endpoint that they share.
        slots: tasks at work at once, where there are as many: they share what Stripe allows the account, too.

    Raises:
        UsageError: there are more than Airflow can map.
    """
    if len(windows) > MOST_TASKS:
        raise UsageError(
            f"{len(windows):,} windows are more than the {MOST_TASKS:,} tasks of one plan: plan fewer accounts"
        )
    at_once = max(1, min(slots, len(windows)))
    shared = {"rate": rate_of(budget, at_once), "sharers": at_once, "followed": len(windows) > at_once}
    return [{**window, **shared} for window in windows]


def wanting(accounts: Sequence[Mapping[str, Any]], windows: Sequence[Mapping[str, Any]]) -> str | None:
    """Say what a lake lacks of what was planned; None for nothing.

    Args:
        accounts: those of `connector.run_status`.
        windows: what was planned; where no time is said, or no end, as of a server that tells no time, it is enough
            that there is something. One without `accounts` is of the key's own account, which is one of those that no
            other window names.
    """
    for holding in accounts:
        if holding["differences"] and holding["retired"] is None:
            return f"{holding['account']}: {len(holding['differences']):,} data files are not as their record says"
    named = {account for window in windows for account in window.get("accounts", ()) if account is not None}
    for window in windows:
        asked = None if window.get("until") is None else Interval(window["since"] or 0, window["until"])
        for account in window.get("accounts") or [None]:
            held = [
                holding
                for holding in accounts
                if (holding["account"] == account if account else holding["account"] not in named)
            ]
            name = account or "the key's own account"
            if not any(_covered(holding) for holding in held):
                return f"it has nothing of {name}"
            if asked and not any(_covered(holding).covers(asked) for holding in held):
                return f"{name} lacks some of {to_words(asked.start)} to {to_words(asked.stop)}"
    return None


def _covered(account: Mapping[str, Any]) -> Intervals:
    return Intervals.of(Interval(start, stop) for start, stop in account["covered"])
