"""Expanding rows that are in a lake already: which seconds are to be read again, and which of them now."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.api.page_size import PAGE_SIZE
from connector.core.planning.coverage.plan import bounds_of
from connector.core.planning.rereading.rereading import affordable
from connector.core.time.intervals import Interval, Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.table_state import TableState

ADDED_LATER = ("expand", "source_columns")
"""Choices that a lake made without them can take up: what is there has them once it is read again."""


def can_take_up(there: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Say whether a lake of some choices can become one of others: they add to it, and change nothing else."""
    others = ({name: value for name, value in side.items() if name not in ADDED_LATER} for side in (there, asked))
    first, second = others
    kept = all(asked.get(name) == there[name] for name in ADDED_LATER if name in there)
    return first == second and kept and there != asked


def unlinked_words(lake: str, options: Iterable[Mapping[str, Any]]) -> str:
    """Say what a lake that expands no sources cannot tell, and what adds it; empty where it does, or has no rows.

    Args:
        lake: its name.
        options: choices that its accounts' rows depend on.
    """
    answers = list(options)
    hidden = any("source" in {*answer.get("omit", ()), *answer.get("hash", ())} for answer in answers)
    if hidden or not answers or any(answer.get("expand") for answer in answers):
        return ""
    again = shlex.join(["stripe-balance", "sync", lake, "--expand", "source", "--backfill"])
    return f"refunds and disputes are not linked to their charges here; `{again}` adds what links them"


def taking_up(state: TableState, options: Mapping[str, Any]) -> TableState:
    """Return the state of a lake that expands more from here on: what it has of rows is bare.

    Rows that are parked are let go, and read again: they would become visible as they are.
    """
    return replace(
        state,
        options=MappingProxyType(dict(options)),
        bare=state.covered if state.files else Intervals(),
        parked=MappingProxyType({}),
        aside=MappingProxyType({}),
    )


def next_bare(state: TableState, asked: Interval, requests: float) -> tuple[Intervals, float]:
    """Choose what to read again now: whole partitions, the newest first; nothing where nothing is left.

    Partitions that follow each other are one stretch, whatever has been read again of them: a request for each gap
    would cost more than their rows.

    Args:
        state: the lake's state.
        asked: seconds that may be read.
        requests: how many there are to spend.

    Returns:
        The seconds, and the requests that they are thought to take.
    """
    bare = state.bare.both(state.covered).within(asked)
    waiting = [file for file in state.files.values() if bare.touching(file.span)]
    chosen, spent = affordable(waiting, requests)
    if not chosen and waiting and requests >= 1:
        newest = max(waiting, key=lambda file: file.last_created)
        return _end_of(bare.within(newest.span), requests / (newest.rows / PAGE_SIZE + 1)), requests
    paths = {file.path for file in chosen}
    ordered = sorted(state.files.values(), key=lambda file: file.first_created)
    runs = (list(run) for there, run in groupby(ordered, lambda file: file.path in paths) if there)
    stretches = Intervals.of(
        Interval(bounds_of(run[0], state.partition).start, bounds_of(run[-1], state.partition).stop) for run in runs
    )
    return stretches.both(state.covered).within(asked), spent


def _end_of(seconds: Intervals, share: float) -> Intervals:
    """Return the latest part of some seconds, of about this share of them, one at least."""
    first, last = seconds.parts[0].start, seconds.parts[-1].stop
    return seconds.within(Interval(min(last - 1, last - int((last - first) * min(1.0, share))), last))
