"""The page of what was measured. Pure: text from lines; no path and no name of a machine gets in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.benchmarks.drawing import Bar, bars, curves
from tests.benchmarks.figures import Line, lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.benchmarks.figures import Goal
    from tests.benchmarks.kept import Measured

RATIOS = "benchmarks-ratios.svg"
MEMORY = "benchmarks-memory.svg"
"""Drawings beside the page."""

REST = "## What was tried"
"""From here on the page is written by hand, and stays as it is."""

TEXT = """# What it costs

<!-- `make bench` writes this page down to "What was tried", from benchmarks.json. -->

Beside an [afternoon's script](../tests/benchmarks/afternoon.py) (aiohttp, one page after the other, orjson,
`Table.from_pylist` in batches of 10,000, one Parquet file; no days, no order, no check, no compression of pages), and
beside an older state of this code ("before": commit {before}, with the dependencies of its own lock).

What is compared was run on one machine, in turn and against the same bytes from one server; the server has one core,
what is measured the other. **Figures are ratios within one run of a scenario**; a figure has the median of its rounds,
and the least and the greatest in brackets. Seconds depend on the machine, and on what else it does:
{machine}. The last column is the commit that was measured; {how}.

<!-- skip: it takes half an hour, and sets up an environment -->
```bash
make bench                        # all of it, and this page
make bench SCENARIO=cpu-parquet   # one scenario, printed only; KEEP=1 puts it into this page
make bench FULL=1                 # at the goals' own sizes: some hours
```

{drawings}

| scenario | what | figure | goal | | of |
|---|---|---|---|---|---|
{rows}

T is what the limit allows: rows / 100 / rate, and two latencies. What "holds at" a size was measured at that size only,
which is smaller than the goal's own. "Late over early cost" is what the last half of the days, or accounts, cost, over
what as many cost before: 1 is linear. Where others kept the machine busy, seconds are told only where they hold all the
same.
{notes}
"""


def page_of(goals: Sequence[Goal], kept: Mapping[str, Measured], *, before: str, rest: str = "") -> dict[str, str]:
    """Return the page and its drawings, by file name.

    Args:
        goals: the table, in order.
        kept: what was measured last, by scenario.
        before: what is compared with, a short commit.
        rest: of the page as it is: what follows the table, written by hand.
    """
    lines = [line for goal in goals for line in [_line_of(goal, kept.get(goal.scenario))]]
    series = {name: points for one in kept.values() for name, points in one.series.items()}
    shown = drawings_of(lines, series)
    told = [(line.goal.what, line.figure.note) for line in lines if line.figure and line.is_told]
    noted = [(what, note) for what, note in told if note]
    names = {RATIOS: "Ratios with their spread and their goals", MEMORY: "Peak memory by the number of rows"}
    rows = [row_of(line, kept[line.goal.scenario].state if line.goal.scenario in kept else "") for line in lines]
    text = TEXT.format(
        how="; ".join(dict.fromkeys(one.how for one in kept.values())),
        before=before,
        machine=", or ".join(dict.fromkeys(one.machine for one in kept.values())),
        drawings="\n\n".join(f"![{names[name]}]({name})" for name in shown),
        rows="\n".join(rows),
        notes="".join(f"\n- {what}: {note}." for what, note in noted),
    )
    return {"benchmarks.md": f"{text}\n{rest}" if rest else text, **shown}


def rest_of(page: str) -> str:
    """Return the part of a page that is written by hand."""
    _, heading, rest = page.partition(REST)
    return heading + rest


def _line_of(goal: Goal, measured: Measured | None) -> Line:
    if measured is None:
        return Line(goal, why_not="not yet")
    (line,) = lines_of([goal], [one for one in measured.found if one.key == goal.key])
    return replace(line, busy=measured.busy)


def row_of(line: Line, state: str) -> str:
    """Return a row of the table; `state` is the commit that was measured."""
    goal, value = line.goal, line.value if line.is_told else "-"
    return f"| {goal.scenario} | {goal.what} | {value} | {goal.bound} | {line.verdict} | {state} |"


def drawings_of(lines: list[Line], series: Mapping[str, list[tuple[float, float]]]) -> dict[str, str]:
    """Return the drawings there are figures for."""
    found: dict[str, str] = {}
    ratios = [
        Bar(line.goal.what, line.figure.samples, line.figure.value, line.goal.most)
        for line in lines
        if line.figure and line.goal.unit == "x" and line.goal.key.endswith(("/script", "/before"))
    ]
    if ratios:
        found[RATIOS] = bars("Beside the script, and beside before (1); the green mark is the goal", ratios)
    memory = {name.removeprefix("memory, "): points for name, points in series.items() if name.startswith("memory, ")}
    if memory:
        found[MEMORY] = curves("Peak memory by rows over five years", memory, unit="MB")
    return found
