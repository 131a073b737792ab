"""Who is compared: the script of an afternoon, this checkout, and an older state of it in an environment of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import in_turn
from tests.benchmarks.served import ROOT, Cost, cost_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.served import Served

BEFORE_ENVIRONMENT = ROOT / ".venv-before"
NOW_ENVIRONMENT = ROOT / ".venv-now"
EXTENDED_ENVIRONMENT = ROOT / ".venv-integrations"
"""Each has what its lock of a user's installation names; pandas, which the tests need, pyarrow would import along."""

SCRIPT = ROOT / "tests" / "benchmarks" / "afternoon.py"
UNLIMITED = {"rate": 0, "global_rate": 0, "in_flight": 0, "global_in_flight": 0}
"""Options of a sandbox that refuses nothing."""

DAY = 86_400
FIVE_YEARS = 1_826
"""Days."""

BEGIN = 1_577_836_800
"""2020-01-01, where the worlds begin; they are the same each time, to the byte."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program under measurement.

    Attributes:
        python: the interpreter of its environment.
        path: where its code is, if it is not installed there.
    """

    python: str
    path: str = ""

    @property
    def is_there(self) -> bool:
        """Whether its environment has been set up."""
        return Path(self.python).exists()

    def environment(self, server: Served | None) -> dict[str, str]:
        """Return what a child needs, to ask a server if there is one."""
        said = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STRIPE_"))}
        said |= {"PYTHONPATH": self.path} if self.path else {}
        return said | ({"STRIPE_API_KEY": server.key, "STRIPE_API_BASE": server.url} if server else {})

    def run(self, words: list[str], server: Served | None = None) -> Cost:
        """Run Python with some words, in a folder where no code lies about."""
        with tempfile.TemporaryDirectory() as folder:
            return cost_of([self.python, *words], self.environment(server), folder=Path(folder))

    def command(self, *words: str, server: Served | None = None) -> Cost:
        """Run the command line."""
        return self.run(["-m", "connector.cli", *words], server)

    def sync(self, server: Served, lake: Path, *options: str) -> Cost:
        """Load a lake as fast as it goes; `said` is the run's report."""
        return self.command("sync", str(lake), "--json", "--rate", "0", *options, server=server)


NOW = Peer(str(NOW_ENVIRONMENT / "bin" / "python"), str(ROOT))
EXTENDED = Peer(str(EXTENDED_ENVIRONMENT / "bin" / "python"), str(ROOT))
BEFORE = Peer(str(BEFORE_ENVIRONMENT / "bin" / "python"))


@dataclass(frozen=True, slots=True)
class Bench:
    """How to measure.

    Attributes:
        rounds: pairs that are run in turn.
        full: whether at the goals' own sizes, which take an hour or more.
        now: this checkout, as users have it.
        extended: this checkout, with what the extras of tables bring, where `make integrations` has set that up.
        before: what it is compared with.
        seen: series for drawings, by name: points of (size, value).
    """

    rounds: int = 5
    full: bool = False
    now: Peer = NOW
    extended: Peer = EXTENDED
    before: Peer = BEFORE
    seen: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def alternating(
        self, takes: dict[str, Callable[[], float]], *, rounds: int | None = None
    ) -> dict[str, list[float]]:
        """Measure each in turn, so many rounds; return what each took, round by round."""
        took: dict[str, list[float]] = {name: [] for name in takes}
        for number in range(rounds or self.rounds):
            for name in in_turn(list(takes), number):
                took[name].append(takes[name]())
        return took


@contextmanager
def new_lake() -> Iterator[Path]:
    """Give a place for a lake, or for a file, and clear it away afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder / "lake"
    finally:
        shutil.rmtree(folder)


def world(rows: int, days: int, **options: object) -> dict[str, object]:
    """Return the options of a sandbox without limits; its clock stands two weeks after the last row."""
    end = BEGIN + days * DAY
    times = {"start": BEGIN, "end": end, "clock": end + 14 * DAY}
    return {"transactions": rows, **times, **UNLIMITED, **options}


def script_cost(server: Served) -> Cost:
    """Run the script of an afternoon."""
    with new_lake() as place:
        return NOW.run([str(SCRIPT), str(place)], server)


def load_cost(peer: Peer, server: Served, *options: str) -> Cost:
    """Load a new lake."""
    with new_lake() as lake:
        return peer.sync(server, lake, *options)
