"""What was shown, on which component, in how many seconds: the table that runs over real components end with.

Each of them (`make stores`, `make airflow`, `make spark`) prints its own, and in full (`FULL=1`) puts it into one
page, as a part of its own: the parts of the others stay as they are.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = "STRIPE_BALANCE_INTEGRATIONS_PAGE"
"""What a run has set that is to put its part into a page: where that is."""

STORES = {
    "seaweedfs": "SeaweedFS",
    "moto": "moto",
    "azurite": "Azurite",
    "gcs": "GCS stand-in",
    "": "obstore",
}
"""What tests call a component, and its name; a test without a service is about the client."""

HEADINGS = ("", "## Airflow 3", "## Airflow 2", "## Spark")
"""Headings of the parts of the page, in order; stores and tables are what it begins with."""

_TEST = re.compile(r"test_(?P<what>\w+)(?:\[(?P<given>.*)\])?$")


@dataclass
class Shown:
    """What came of the tests.

    Attributes:
        folder: of the tests that count.
        command: what carries them out.
        libraries: packages whose versions the page says.
        components: as tests call them, and their names.
        heading: of the part of the page.
        seconds: by component and by what was shown.
        outcomes: how many passed, failed and were skipped, by the same.
    """

    folder: str
    command: str
    libraries: tuple[str, ...]
    components: Mapping[str, str]
    heading: str = ""
    seconds: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    outcomes: dict[tuple[str, str], Counter[str]] = field(default_factory=dict[tuple[str, str], Counter[str]])
    _began: float = field(default_factory=time.monotonic)

    def add(self, report: Any) -> None:
        """Take note of what pytest reports; a test that was skipped has no call.

        What a test has recorded as `shown` is said with its name.
        """
        if self.folder not in report.nodeid or (report.when != "call" and report.outcome == "passed"):
            return
        component, what = self._key(report.nodeid)
        key = component, ": ".join([what, *(str(value) for name, value in report.user_properties if name == "shown")])
        self.seconds[key] += report.duration
        self.outcomes.setdefault(key, Counter())[report.outcome] += 1

    def _key(self, nodeid: str) -> tuple[str, str]:
        path, _, test = nodeid.rpartition("::")
        found = _TEST.match(test)
        given = (found["given"] or "").split("-") if found else []
        component = next((one for one in given if one in self.components), "")
        if path.partition("::")[2]:  # the contract has many tests, each of some milliseconds
            return component, "is a store: the contract that holds a folder"
        return component, found["what"].replace("_", " ") if found else test

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return what was shown: component, its version, seconds, and what; with outcomes where not all passed."""
        found: list[tuple[str, str, str, str]] = []
        for component, what in sorted(self.outcomes, key=lambda key: (list(self.components).index(key[0]), key[1])):
            outcomes = self.outcomes[component, what]
            said = what if not set(outcomes) - {"passed"} else f"{what} ({_counted(outcomes)})"
            took = f"{self.seconds[component, what]:.1f}"
            name = self.components[component]
            found.append((name, version_of(component or name), took, said))
        return found

    def part(self) -> str:
        """Return the part of the page that a run of all of them leaves."""
        outcomes = sum(self.outcomes.values(), Counter[str]())
        libraries = ", ".join(f"{name} {version_of(name)}" for name in self.libraries)
        begins = [
            "# What was shown on real stores, tables and engines",
            "",
            "<!-- made by `make integrations FULL=1`, a part each by stores, spark and airflow; do not edit -->",
            "",
            "Each component was started on loopback from its package; none of it ran against a cloud.",
        ]
        lines = [
            *([self.heading] if self.heading else begins),
            "",
            f"`{self.command}` on {time.strftime('%Y-%m-%d')}: {_counted(outcomes)}, {self._took():.0f} s in all. With",
            f"{libraries}, Python {sys.version.partition(' ')[0]}.",
            "",
            "| component | version | seconds | what was shown |",
            "|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in self.rows()),
        ]
        return "\n".join(lines) + "\n"

    def lines(self) -> list[str]:
        """Return the table, a line for each thing that was shown, and how long all of it took."""
        rows = [("component", "version", "seconds", "what was shown"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        shown = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}" for row in rows]
        return [*shown, f"{self.command.partition(' FULL')[0]}: {self._took():.0f} s in all"]

    def tell(self, terminalreporter: Any, *, variable: str) -> None:
        """Print the table where the components are to be there, and put it into the page that is named, if one is.

        Args:
            terminalreporter: of pytest.
            variable: of the environment, that says that they are to be there.
        """
        if not (os.environ.get(variable) and self.outcomes):
            return
        terminalreporter.section("shown")
        for line in self.lines():
            terminalreporter.write_line(line)
        if page := os.environ.get(PAGE):
            put_into(Path(page), self.heading, self.part())

    def _took(self) -> float:
        return time.monotonic() - self._began


def put_into(page: Path, heading: str, part: str) -> None:
    """Put a part into a page, for the one that stands there under its heading; others may do so at once."""
    with page.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        made = with_part(file.read(), heading, part)
        file.truncate(0)
        file.write(made)


def with_part(page: str, heading: str, part: str) -> str:
    """Return a page with another part under a heading, parts in the order of `HEADINGS`.

    Args:
        page: as it is; empty for none.
        heading: one of `HEADINGS`.
        part: it begins with its heading, and ends with a line's end.
    """
    found = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    parts = {one.partition("\n")[0] if one.startswith("## ") else "": one.rstrip("\n") + "\n" for one in found if one}
    parts[heading] = part
    return "\n".join(parts[one] for one in HEADINGS if one in parts)


def _counted(outcomes: Counter[str]) -> str:
    return ", ".join(f"{many} {outcome}" for outcome, many in sorted(outcomes.items()))


def version_of(component: str) -> str:
    """Return a component's or a package's version, as far as it says one."""
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
    with suppress(PackageNotFoundError):
        return version({"Airflow": "apache-airflow", "Spark": "pyspark"}.get(component, component))
    return "?"
