"""What a lake lives through while engines read it: whatever its store is, and whatever makes a lake of its files."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from connector.core.tuning import RunTuning
from connector.core.units import DAY
from connector.errors import ConnectorError
from tests.support.bucket_lakes import command
from tests.support.lakes import START, config_for, run, sync_given, truth
from tests.support.reading_in_a_loop import judged, looking
from tests.support.waiting import killed_at_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox import Sandbox
    from tests.support.reading_in_a_loop import Looker

TAKEN = "2026-01-02"
"""The day that something else takes away."""

REPLACED = {
    "polars": r"^(ComputeError: parquet: |PanicException: )",
    "duckdb": r"^(Error|IOException|InvalidInputException): ",
    "pyarrow": r"^(ArrowInvalid|OSError): .*(Parquet|thrift|Thrift|stream|page|Page|corrupt)",
}
"""What engines say of a file that is replaced between two looks of theirs at it, as `docs/readers.md` has it."""

GONE = rf"created_date={TAKEN}/part-0\.parquet"
"""What all of them may say of a file that something else removes."""


def may_raise(kind: str) -> Mapping[str, str]:
    """What engines may say instead of giving rows: of tables nothing."""
    if kind != "parquet":
        return {}
    return {one: "|".join({GONE, REPLACED.get(one, GONE)}) for one in ("duckdb", "polars", "pyarrow", "connector")}


EAGER = {"tuning": RunTuning(commit_seconds=0.002, park_rows=50, park_seconds=0.002)}
"""Commits and parks all the time, as a long run does now and then."""


def life(
    lake: Any,
    served: Sandbox,
    lookers: list[Looker],
    *,
    take_away: Callable[[], None],
    kills: int = 0,
    environ: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """A first load, increments, late rows, runs cut short, flips of status, killed runs, two at once, a repair.

    Args:
        lake: the destination.
        served: whom to ask.
        lookers: who reads.
        take_away: takes the day `TAKEN` away, as something else would.
        kills: how many runs are killed.
        environ: what a process needs to get at the lake.
        options: of the first run.
    """
    expected, chance = lookers[0].expected, random.Random(7)

    def rows_come(*ages: int) -> None:
        for age in ages:
            served.add_rows(count=40, created=served.now - age * DAY)
        expected.grow(truth(served))

    async def cancelled(seconds: float) -> None:
        with suppress(ConnectorError), anyio.move_on_after(seconds):
            await sync_given(lake, config_for(served, max_in_flight=4), EAGER, full_refresh=True)

    expected.grow(truth(served))
    run(lake, served, services=EAGER, until=START + 2 * DAY + 40_000, **options)
    run(lake, served, services=EAGER)
    for _ in range(2):
        served.advance(DAY)
        rows_come(1)
        run(lake, served, services=EAGER)
    rows_come(4, 6)
    for _ in range(3):
        anyio.run(cancelled, chance.uniform(0.05, 0.4))
    run(lake, served, services=EAGER, full_refresh=True)
    served.advance(20 * DAY)
    run(lake, served, services=EAGER)
    there = {**(environ or {}), "STRIPE_API_BASE": served.url, "STRIPE_API_KEY": served.key}
    for _ in range(kills):
        rows_come(24, 25)
        request, later = chance.randint(2, 10), chance.uniform(0.0, 0.5)
        words = ("sync", lake, "-q", "--full-refresh")
        killed_at_request(served, request, lambda words=words: command(*words, environ=there), later=later)
    rows_come(0, 1)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: run(lake, served, services=EAGER, full_refresh=True), range(2)))
    for one in lookers:
        one.taken = TAKEN
    take_away()
    run(lake, served, services=EAGER, repair=True)


def made_of(
    old: list[Looker], new: list[Looker], convert: Callable[[], Any], *, all_of: Callable[[], Mapping[str, str]]
) -> None:
    """A lake is made of another one while engines read both: the old one stays as it is, the new one is never wrong.

    Args:
        old: who reads the one that is there, and what it holds.
        new: who reads the one that is made.
        convert: makes it.
        all_of: returns what the old lake has, file by file.
    """
    before = all_of()
    with looking([*old, *new]):
        convert()
    judged([*old, *new], {})
    assert all_of() == before
    held = [sorted((name, status) for _, name, status in one.look()) for one in (*old, *new)]
    assert all(one == held[0] for one in held)
