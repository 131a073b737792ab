"""Measures what the table of goals names, prints each line with its goal, and writes `docs/benchmarks.md`.

`make bench`, half an hour; `make bench SCENARIO=cpu-parquet` measures one scenario and writes nothing; SCENARIO may
also name one of the scripts beside, that measure what has no goal. FULL=1 takes the goals' own sizes. Ends with 1 when
something could not be measured; a goal that does not hold is no failure.
"""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import (
    accounts,
    backfill,
    cpu,
    engines,
    growth,
    hot_second,
    memory,
    simulate,
    small_files,
    startup,
    verifying,
)
from tests.benchmarks.figures import lines_of, plain
from tests.benchmarks.goals import GOALS
from tests.benchmarks.page import Ran, page_of
from tests.benchmarks.peers import Bench
from tests.benchmarks.served import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.figures import Figure, Line, Missing

Scenarios = dict[str, Callable[["Bench"], "Sequence[Figure | Missing]"]]

SCENARIOS: Scenarios = {
    "cpu-parquet": partial(cpu.scenario, "parquet"),
    "cpu-jsonl": partial(cpu.scenario, "jsonl"),
    "small-files": small_files.scenario,
    "verify": verifying.scenario,
    "memory": memory.scenario,
    "hot-second": hot_second.scenario,
    "startup": startup.scenario,
    "limit-real": backfill.scenario,
    "accounts": accounts.scenario,
    **engines.SCENARIOS,
    "growth": growth.scenario,
    "limit-simulated": simulate.scenario,
}
"""In the order in which they are run: what takes memory itself comes last."""

PARTS = {"afternoon", "bench", "paced"}
"""What is measured, and what measures: no scripts to choose."""


def scripts() -> list[str]:
    """Return the scripts beside this one that can be run by themselves; a scenario of the same name comes first."""
    found = Path(__file__).parent.glob("*.py")
    return sorted(
        path.stem for path in found if path.stem not in PARTS and "\nif __name__ ==" in path.read_text("utf-8")
    )


FAILED = "failed: "
TIMED = {"startup", "limit-real", "accounts", *engines.SCENARIOS}
"""Scenarios of seconds, not of ratios: on a busy machine they tell of others."""

LIBRARIES = ("aiohttp", "anyio", "msgspec", "orjson", "pyarrow")


def main(arguments: Sequence[str] | None = None, scenarios: Scenarios = SCENARIOS, pages: Path = ROOT / "docs") -> int:
    """Measure as the command line says.

    Args:
        arguments: words after the command's name; those of the process by default.
        scenarios: what there is to measure.
        pages: where the page goes.
    """
    alone = set(scripts())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", choices=[*scenarios, *(alone - scenarios.keys())])
    parser.add_argument("--full", action="store_true", help="at the goals' own sizes")
    parser.add_argument("--rounds", type=int, default=5, help="pairs that are run in turn (5)")
    parser.add_argument("--before", default="", help="the commit of the environment compared with, to be named")
    args = parser.parse_args(arguments)
    if args.scenario in alone - scenarios.keys():
        sys.argv = [args.scenario]
        runpy.run_path(str(Path(__file__).with_name(f"{args.scenario}.py")), run_name="__main__")
        return 0
    bench = Bench(rounds=args.rounds, full=args.full)
    lines = measured(bench, {args.scenario: scenarios[args.scenario]} if args.scenario else scenarios)
    failed = [line for line in lines if line.why_not.startswith(FAILED)]
    if failed and not args.scenario:
        print("docs/benchmarks.md stays as it was: not everything could be measured", file=sys.stderr)
    elif not args.scenario:
        sizes = "the goals' own sizes" if args.full else "the smaller sizes"
        ran = Ran(f"{args.rounds} rounds, {sizes}", args.before[:7], machine())
        for name, text in page_of(lines, bench.seen, ran).items():
            (pages / name).write_text(text, "utf-8")
    held = sum(line.verdict == "holds" for line in lines)
    told = sum(line.figure is not None for line in lines)
    print(f"{held} of {len(lines)} hold at the goals' own sizes; {told} were measured")
    return 1 if failed else 0


def measured(bench: Bench, scenarios: Scenarios, *, is_busy: Callable[[], bool] | None = None) -> list[Line]:
    """Run scenarios one after the other, printing the lines of each; one that fails leaves the others alone.

    Args:
        bench: how often, how large.
        scenarios: what to measure, by name.
        is_busy: says whether others want the cores; by the machine's load by default.
    """
    is_busy = is_busy or (lambda: is_crowded(os.getloadavg()[0], cores()))
    lines: list[Line] = []
    for name, scenario in scenarios.items():
        goals = [goal for goal in GOALS if goal.scenario == name]
        busy = name in TIMED and is_busy()
        try:
            told = lines_of(goals, scenario(bench))
        except (RuntimeError, OSError, ValueError, AssertionError) as error:
            told = lines_of(goals, [], f"{FAILED}{error}")
        busy = busy or (name in TIMED and is_busy())
        told = [replace(line, busy=busy) for line in told]
        for line in told:
            print(plain(line), flush=True)
        lines += told
    return lines


def cores() -> int:
    """Return how many cores there are to run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_crowded(load: float, cores: int) -> bool:
    """Say whether more wanted a core in the last minute than there are, the bench and its server counted in."""
    return load > cores + 1


def machine() -> str:
    """Say what it was measured on, in general words."""
    busy = os.getloadavg()[0]
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{cores()} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}, {libraries};"
        f" on average {busy:.0f} processes wanted a core when it ended, where the bench itself wants one or two"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped, too
    sys.exit(main())
