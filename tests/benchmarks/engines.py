"""Tasks of Airflow and of Spark behind Stripe's limiter, beside one process: the real engines, each in its environment.

`make .venv-airflow/.done` and `make .venv-readers/.done` set these up; where one is missing, its lines say so. What
they end with is compared row by row by the tests (`make airflow FULL=1`, `make spark FULL=1`).
"""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Missing
from tests.benchmarks.served import ROOT
from tests.support.behind_limit import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.peers import Bench

ROUNDS = 3
RUNS = {
    "airflow-tasks": (".venv-airflow", "tests.airflow.live.at_limit", ()),
    "spark-tasks": (".venv-readers", "tests.spark.live.at_limit", ("account",)),
    "spark-accounts": (".venv-readers", "tests.spark.live.at_limit", ("accounts",)),
}
"""Environment, module and words of each scenario."""


def scenario(name: str, bench: Bench, *, root: Path = ROOT) -> list[Figure | Missing]:
    """Run an engine, some rounds of it in full, and say how long its tasks take, or how much of the limit they use."""
    environment = RUNS[name][0]
    if not (root / environment / "bin" / "python").exists():
        return [Missing(name, f"make {environment}/.done sets up what it needs")]
    return [figure_of(name, [measured(name) for _ in range(ROUNDS if bench.full else 1)])]


def figure_of(name: str, runs: list[dict[str, Any]]) -> Figure:
    """Return the figure of some runs, as the engines' modules print them."""
    last = runs[-1]
    if name == "spark-accounts":
        used, alone = tuple(_used(run["tasks"]) for run in runs), _used(last["one"])
        lists = f"{last['lists']:,} of {last['tasks']['requests']:,} requests are lists"
        return Figure(name, used, note=f"one process beside it uses {alone:.1f} %; {lists}, and all count")
    note = f"requests {last['tasks']['requests'] / last['one']['requests']:.3f} x those of one process"
    if (default := last.get("default")) is not None:
        note += f"; {default['refused']} refused at the default pace"
    return Figure(name, tuple(run["tasks"]["seconds"] / run["one"]["seconds"] for run in runs), note=note)


def _used(reading: dict[str, Any]) -> float:
    """Say how much of the limit, of all of an account's requests in test mode, was used from first to last."""
    return 100 * reading["requests"] / LIMIT / reading["seconds"]


def measured(name: str) -> dict[str, Any]:
    """Run an engine once, and return what it printed.

    Raises:
        RuntimeError: it failed.
    """
    environment, module, words = RUNS[name]
    command = [str(ROOT / environment / "bin" / "python"), "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


SCENARIOS = {name: partial(scenario, name) for name in RUNS}
