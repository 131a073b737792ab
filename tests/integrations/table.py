"""What was shown, on which component, in how many seconds: the table that `make integrations` ends with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

COMPONENTS = {
    "seaweedfs": "SeaweedFS",
    "moto": "moto",
    "azurite": "Azurite",
    "gcs": "GCS stand-in",
    "": "obstore",
}
"""What tests call a component, and its name; a test without a service is about the client."""

_TEST = re.compile(r"test_(?P<what>\w+)(?:\[(?P<given>.*)\])?$")


@dataclass
class Shown:
    """What came of the tests.

    Attributes:
        seconds: by component and by what was shown.
        outcomes: how many passed, failed and were skipped, by the same.
    """

    seconds: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, nodeid: str, seconds: float, outcome: str) -> None:
        """Take note of a test that has ended."""
        key = self._key(nodeid)
        self.seconds[key] += seconds
        self.outcomes.setdefault(key, Counter())[outcome] += 1

    def _key(self, nodeid: str) -> tuple[str, str]:
        path, _, test = nodeid.rpartition("::")
        found = _TEST.match(test)
        given = (found["given"] or "").split("-") if found else []
        component = next((one for one in given if one in COMPONENTS), "")
        if path.partition("::")[2]:  # the contract has many tests, each of some milliseconds
            return component, "is a store: the contract that holds a folder"
        return component, found["what"].replace("_", " ") if found else test

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return what was shown: component, its version, seconds, and what; with outcomes where not all passed."""
        found: list[tuple[str, str, str, str]] = []
        for component, what in sorted(self.outcomes, key=lambda key: (list(COMPONENTS).index(key[0]), key[1])):
            outcomes = self.outcomes[component, what]
            said = what if not set(outcomes) - {"passed"} else f"{what} ({_counted(outcomes)})"
            took = f"{self.seconds[component, what]:.1f}"
            found.append((COMPONENTS[component], version_of(component), took, said))
        return found

    def page(self) -> str:
        """Return the page that a run of all of them leaves."""
        outcomes = sum(self.outcomes.values(), Counter[str]())
        libraries = ", ".join(f"{name} {_installed(name)}" for name in ("deltalake", "pyiceberg", "obstore", "pyarrow"))
        lines = [
            "# What was shown on real stores and tables",
            "",
            "<!-- made by `make integrations FULL=1`; do not edit -->",
            "",
            f"`make integrations FULL=1` on {time.strftime('%Y-%m-%d')}: {_counted(outcomes)}.",
            "Each component was started on loopback from its package; none of it ran against a cloud. With",
            f"{libraries}, Python {sys.version.partition(' ')[0]}.",
            "",
            "| component | version | seconds | what was shown |",
            "|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in self.rows()),
        ]
        return "\n".join(lines) + "\n"

    def lines(self) -> list[str]:
        """Return the table, a line for each thing that was shown."""
        rows = [("component", "version", "seconds", "what was shown"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}" for row in rows]


def _counted(outcomes: Counter[str]) -> str:
    return ", ".join(f"{many} {outcome}" for outcome, many in sorted(outcomes.items()))


def version_of(component: str) -> str:
    """Return a component's version, as far as it says one."""
    if component == "seaweedfs":
        said = subprocess.run(
            [Path(sys.executable).with_name("weed"), "version"], capture_output=True, text=True, check=False
        )
        found = re.search(r"\d+\.\d+", said.stdout)
        return found[0] if found else "?"
    if component == "azurite":
        package = Path(sys.prefix) / "node_modules" / "azurite" / "package.json"
        with suppress(OSError, ValueError, LookupError):
            return json.loads(package.read_text("utf-8"))["version"]
        return "?"
    if component == "gcs":
        return "ours"
    return _installed("moto" if component == "moto" else "obstore")


def _installed(package: str) -> str:
    with suppress(PackageNotFoundError):
        return version(package)
    return "?"
