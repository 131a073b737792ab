"""Which tests may notice a mutant, the nearest first: those that run the changed function, by what they cost."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.mutation.mutants import Mutant

ROOT = Path(__file__).parents[2]
BUDGETS = (4.0, 30.0)
"""Seconds, as the survey measured them, that the tests of each round may take: the nearest, then others."""

Round = tuple[list[str], float]


class Nearest:
    """Knows what each test ran."""

    def __init__(self, seen: dict[str, Any]) -> None:
        """Take what a survey found, by the test's id."""
        self._seconds = {name: test["seconds"] for name, test in seen.items()}
        self._of_function: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._of_module: defaultdict[str, set[str]] = defaultdict(set)
        for name, test in seen.items():
            for path, lines in test["calls"].items():
                self._of_module[path].add(name)
                for line in lines:
                    self._of_function[path, line].add(name)
        files = {name.partition("::")[0] for name in seen}
        self._text = {file: (ROOT / file).read_text("utf-8") for file in files}

    def rounds(self, mutant: Mutant) -> list[Round]:
        """Tests to run, round by round until one fails; none at all if no test runs what is changed."""
        names = self._of_function[mutant.path, mutant.begins] if mutant.begins else self._whole(mutant.path)
        waiting = sorted(names, key=lambda name: (-self._nearness(name, mutant.path), self._seconds[name]))
        found: list[Round] = []
        for budget in BUDGETS:
            chosen = self._within(waiting, budget)
            if chosen:
                found.append((chosen, sum(self._seconds[name] for name in chosen)))
            waiting = [name for name in waiting if name not in set(chosen)]
        return found

    def _whole(self, path: str) -> set[str]:
        """Tests that run anything of a module, or whose file names it: its constants may be all they use."""
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        package, _, name = module.rpartition(".")
        naming = {
            file for file, text in self._text.items() if module in text or f"from {package} import {name}" in text
        }
        return self._of_module[path] | {test for test in self._seconds if test.partition("::")[0] in naming}

    def _nearness(self, name: str, path: str) -> int:
        """2 for a test in a file of the module's name, 1 in the mirror of its folder or naming it, 0 for others."""
        file, module = Path(name.partition("::")[0]), Path(path)
        if module.stem in file.stem:
            return 2
        mirrored = module.parent.relative_to("connector").as_posix()
        dotted = path.removesuffix(".py").replace("/", ".")
        return int(file.parent.relative_to("tests").as_posix() == mirrored or dotted in self._text[file.as_posix()])

    def _within(self, names: Iterable[str], budget: float) -> list[str]:
        chosen, spent = [], 0.0
        for name in names:
            if spent + self._seconds[name] > budget and chosen:
                continue
            chosen.append(name)
            spent += self._seconds[name]
            if spent > budget:
                break
        return chosen
