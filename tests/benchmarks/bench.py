"""Measures what the table of goals names, prints each line with its goal, and writes `docs/benchmarks.md`.

`make bench`, half an hour; `make bench SCENARIO=cpu-parquet` measures one scenario and writes nothing, unless KEEP=1;
SCENARIO may also name one of the scripts beside, that measure what has no goal. FULL=1 takes the goals' own sizes. Ends
with 1 when something could not be measured, and keeps what was measured of that before; a goal that does not hold is no
failure.
"""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import signal
import subprocess
import sys
import tempfile
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
from tests.benchmarks.kept import Measured, keep, kept_in, state_here
from tests.benchmarks.page import page_of, rest_of
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
    parser.add_argument("--keep", action="store_true", help="put one scenario into the page, too")
    parser.add_argument("--rounds", type=int, default=5, help="pairs that are run in turn (5)")
    parser.add_argument("--before", default="", help="the commit of the environment compared with, to be named")
    args = parser.parse_args(arguments)
    if args.scenario in alone - scenarios.keys():
        sys.argv = [args.scenario]
        runpy.run_path(str(Path(__file__).with_name(f"{args.scenario}.py")), run_name="__main__")
        return 0
    bench = Bench(rounds=args.rounds, full=args.full)
    chosen = {args.scenario: scenarios[args.scenario]} if args.scenario else scenarios
    sizes = "the goals' own sizes" if args.full else "the smaller sizes"
    lines: list[Line] = []
    for name, scenario in chosen.items():
        told, found = measured(bench, name, scenario, how=f"{args.rounds} rounds, {sizes}{in_memory()}")
        lines += told
        if found is not None and (args.keep or not args.scenario):
            keep(pages, name, found)
            write_page(pages, args.before[:7])
    failed = [line for line in lines if line.why_not.startswith(FAILED)]
    held = sum(line.verdict == "holds" for line in lines)
    told = sum(line.figure is not None for line in lines)
    print(f"{held} of {len(lines)} hold at the goals' own sizes; {told} were measured")
    return 1 if failed else 0


def write_page(folder: Path, before: str) -> None:
    """Write the page of what was measured last; what is written by hand in it stays."""
    page = folder / "benchmarks.md"
    rest = rest_of(page.read_text("utf-8")) if page.exists() else ""
    for name, text in page_of(GOALS, kept_in(folder), before=before, rest=rest).items():
        (folder / name).write_text(text, "utf-8")


def measured(
    bench: Bench,
    name: str,
    scenario: Callable[[Bench], Sequence[Figure | Missing]],
    *,
    how: str = "",
    is_busy: Callable[[], bool] | None = None,
) -> tuple[list[Line], Measured | None]:
    """Run a scenario, and print its lines.

    Args:
        bench: how often, how large.
        name: of the scenario.
        scenario: what measures it.
        how: in words.
        is_busy: says whether others want the cores; by what a core gives us, by default.

    Returns:
        Its lines; and what is to be kept of it, None where it failed.
    """
    is_busy = is_busy or (lambda: is_starved(shares_of_cores(cores())))
    goals = [goal for goal in GOALS if goal.scenario == name]
    busy, found = name in TIMED and is_busy(), None
    bench.seen.clear()
    try:
        found = scenario(bench)
        told = lines_of(goals, found)
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        found, told = None, lines_of(goals, [], f"{FAILED}{error}")
    busy = busy or (name in TIMED and is_busy())
    told = [replace(line, busy=busy) for line in told]
    for line in told:
        print(plain(line), flush=True)
    if found is None:
        return told, None
    return told, Measured(found, state_here(), how, machine(), busy=busy, series=dict(bench.seen))


def cores() -> int:
    """Return how many cores there are to run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_memory() -> str:
    """Say so where lakes are made in memory: a disk that others write to takes its time."""
    mounts = Path("/proc/mounts")
    lines = [line.split() for line in mounts.read_text("utf-8").splitlines()] if mounts.exists() else []
    folder = Path(tempfile.gettempdir()).resolve()
    over = [(len(place), kind) for _, place, kind, *_ in lines if folder.is_relative_to(place)]
    return ", lakes in memory" if max(over, default=(0, ""))[1] in {"tmpfs", "ramfs"} else ""


SPIN = """
import time
began, used = time.perf_counter(), time.process_time()
while time.perf_counter() < began + 0.5:
    pass
print((time.process_time() - used) / (time.perf_counter() - began))
"""


def shares_of_cores(count: int) -> list[float]:
    """Return how much of a core each of some processes gets that want one for half a second: 1 is all of it.

    The load of the machine does not tell: what is nicer than the bench is counted in it, and takes nothing away.
    """
    command = [sys.executable, "-c", SPIN]
    spinning = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(min(count, 2))]
    return [float(one.communicate()[0]) for one in spinning]


def is_starved(shares: Sequence[float]) -> bool:
    """Say whether others took more than a twentieth of what the bench and its server wanted."""
    return min(shares) < 0.95


def machine() -> str:
    """Say what it was measured on, in general words."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{cores()} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}, {libraries}"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped, too
    sys.exit(main())
