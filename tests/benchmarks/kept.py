"""What was measured last, scenario by scenario: kept beside the page, so that one scenario can be measured again."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Missing
from tests.benchmarks.served import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = "benchmarks.json"

Series = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one scenario brought, and when.

    Attributes:
        found: figures, and what could not be measured.
        state: the commit that was measured; with `+` where it had changes that are in none.
        how: rounds and sizes.
        machine: in general words, with the versions.
        busy: whether others kept the machine busy, so that seconds tell of them.
        series: for drawings, by name: points of (size, value).
    """

    found: Sequence[Figure | Missing]
    state: str
    how: str
    machine: str
    busy: bool = False
    series: Series = field(default_factory=dict[str, "list[tuple[float, float]]"])


def keep(folder: Path, scenario: str, measured: Measured) -> None:
    """Put what a scenario brought in the place of what it brought before."""
    kept = _read(folder) | {scenario: asdict(measured)}
    text = json.dumps(dict(sorted(kept.items())), indent=1)
    (folder / FILE).write_text(f"{text}\n", "utf-8")


def kept_in(folder: Path) -> dict[str, Measured]:
    """Return what was measured last, by scenario."""
    return {
        name: Measured(
            [Missing(**one) if "why" in one else Figure(**{**one, "samples": tuple(one["samples"])}) for one in found],
            series={key: [(x, y) for x, y in points] for key, points in series.items()},
            **rest,
        )
        for name, record in _read(folder).items()
        for found, series, rest in [(record.pop("found"), record.pop("series"), record)]
    }


def state_here() -> str:
    """Return the commit of this checkout, short; with `+` where something of the package is in no commit."""
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "connector"], capture_output=True, check=False)
    return f"{commit.stdout.strip() or 'unknown'}{'+' if changed.returncode == 1 else ''}"


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / FILE
    return json.loads(file.read_text("utf-8")) if file.exists() else {}
