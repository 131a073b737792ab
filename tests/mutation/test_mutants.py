"""The tool that asks what tests notice: its changes are changes, it notices what is noticed, and names what is not."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest

from connector.core.planning import shares
from tests.mutation import measure
from tests.mutation.mutants import Mutant, mutants_of, mutated
from tests.mutation.nearest import Nearest
from tests.mutation.warm import put_in_place
from tests.support.fakes import ENDLESS_SECONDS

SOURCE = '''
"""A module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 3
Text = str | None


@dataclass(frozen=True)
class Box:
    """A box."""

    size: int = 2
    spare: int = field(init=False, default=7)

    @property
    def area(self) -> int:
        """Twice."""
        return self.size * 2


def fits(box: Box, room: int | None) -> bool:
    if room is None or not box.size:
        raise ValueError(f"no room for {box.size + 1}")
    room -= 1
    while room:
        return 0 < box.area <= room
    return None
'''


def changes(source: str) -> list[str]:
    return [f"{one.before} → {one.after}" for one in mutants_of(source, "box.py")]


def test_every_kind_of_change_is_made_once_for_each_place():
    assert changes(SOURCE) == [
        "3 → 4",
        "2 → 3",
        "7 → 8",
        "return self.size * 2 → return None",
        "self.size * 2 → self.size // 2",
        "2 → 3",
        "room is None or not box.size → room is None and (not box.size)",
        "room is None → room is not None",
        "not box.size → box.size",
        "room -= 1 → room += 1",
        "1 → 2",
        "while room: → while not room:",
        "return 0 < box.area <= room → return None",
        "0 < box.area <= room → 0 <= box.area <= room",
        "0 < box.area <= room → 0 < box.area < room",
        "0 → 1",
    ]


def test_that_lists_are_as_long_as_each_other_is_an_assertion():
    assert changes("for _ in zip(a, b, strict=True):\n    f(strict=True)\n") == ["True → False"]


def test_each_change_makes_another_program_of_the_same_lines():
    for one in mutants_of(SOURCE, "box.py"):
        tree = mutated(SOURCE, one.number)
        assert ast.dump(tree) != ast.dump(ast.parse(SOURCE)), one
        compile(tree, "box.py", "exec")


def test_a_change_knows_where_it_is():
    found = {(one.scope, one.begins > 0) for one in mutants_of(SOURCE, "box.py")}
    assert found == {("LIMIT", False), ("Box.size", False), ("Box.spare", False), ("Box.area", True), ("fits", True)}
    first = next(one for one in mutants_of(SOURCE, "box.py") if one.scope == "Box.area")
    assert SOURCE.splitlines()[first.begins - 1].strip() == "@property"  # as its code object has it


@pytest.mark.slow
def test_what_a_test_notices_is_told_from_what_it_does_not_and_from_what_no_test_runs(tmp_path):
    test = "tests/test_webhooks.py::test_a_signed_event_is_typed_and_kept_whole"
    (begins,) = {one.begins for one in measure.mutants_in("connector/webhooks.py") if one.scope == "parse"}
    survey = tmp_path / "survey.json"
    survey.write_text(json.dumps({test: seen(0.1, begins, path="connector/webhooks.py")}))
    command = [sys.executable, "tests/mutation/measure.py", "connector/webhooks.py", "--sample", "0", "--seed", "1"]
    done = subprocess.run(
        [*command, "--survey", survey, "--least", "99"],
        cwd=measure.ROOT,
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
    )
    lines = done.stdout.splitlines()
    unnoticed = [line for line in lines if line.startswith("not noticed") and " parse: " in line]
    assert any("tolerance" in line for line in unnoticed), done.stdout + done.stderr
    assert not any("return _to_event(payload)" in line for line in lines)
    assert [line for line in lines if line.startswith("no test runs")]
    assert done.returncode == 1


def test_of_figures_chosen_by_judgement_only_small_changes_are_not_counted():
    figures = {("box.py", "LIMIT"), ("box.py", "RATE"), ("box.py", "A,B")}
    source = "LIMIT = 4\nRATE = 0.5\nA, B = 2, 1\nOTHER = 9\nREST = LIMIT + 4\ndef f():\n    LIMIT = 9\n"
    left = [one for one in mutants_of(source, "box.py") if measure.is_judged(one, figures)]
    assert [f"{one.scope}: {one.before} → {one.after}" for one in left] == ["LIMIT: 4 → 5", "A,B: 2 → 3"]


NEEDING = """
import one.part
from two import three
try:
    from four.five import six
except ImportError as error:
    raise RuntimeError("install it") from error
try:
    import seven
except ImportError:
    seven = None
if TYPE_CHECKING:
    import eight
"""


def test_what_a_module_cannot_do_without_is_what_it_imports_or_raises_for():
    assert measure.packages_of(NEEDING) == {"one", "two", "four"}
    assert not measure.lacks_package("connector/core/planning/shares.py")


def test_figures_chosen_by_judgement_are_there_and_each_says_why():
    there = {(one.path, one.scope) for area in measure.AREAS for one in measure.mutants_in(area) if not one.begins}
    assert sorted(measure.judged() - there) == [], "moved or renamed: say in unchanged.toml where it is now"
    assert all(len(one["reason"]) > 15 for one in tomllib.loads(measure.UNCHANGED.read_text("utf-8"))["figures"])


def test_a_function_that_is_there_runs_as_the_mutant_of_it_does_from_then_on():
    path = "connector/core/planning/shares.py"
    given = [
        value for value in vars(shares).values() if inspect.isfunction(value) and value.__module__ == shares.__name__
    ]
    assert given
    last = "return [group for group in groups if group]"
    (mutant,) = [one for one in measure.mutants_in(path) if one.before == last]
    before = [one.__code__ for one in given]
    try:
        put_in_place(mutant, given)
        assert shares.groups_of(["a"], 2) is None
    finally:
        for one, code in zip(given, before, strict=True):
            one.__code__ = code
    assert shares.groups_of(["a"], 2) == [["a"]]


ENDS = """
import sys
from tests.mutation.measure import ended
from tests.mutation.trial import fork

for name in sys.argv[2:]:
    print(*ended([fork(lambda: None, [f"{name}::test_it", f"--rootdir={sys.argv[1]}"], 300.0)]))
"""


@pytest.mark.slow
def test_a_test_whose_file_cannot_be_imported_any_more_notices(tmp_path):
    broken, other = tmp_path / "test_broken.py", tmp_path / "test_other.py"
    broken.write_text("import one_that_is_not_there\n\ndef test_it(): pass\n")
    other.write_text("def test_another(): pass\n")
    command = [sys.executable, "-c", ENDS, tmp_path, broken, other]
    done = subprocess.run(
        command, cwd=measure.ROOT, capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    assert done.stdout.split() == ["killed", "none"]


def seen(seconds: float, *calls: int, path: str = "connector/core/api/pace.py") -> dict[str, object]:
    return {"seconds": seconds, "passed": True, "calls": {path: list(calls)}}


def test_the_nearest_tests_are_those_that_run_the_function_by_what_they_cost():
    here, beside = "tests/core/api/test_pace.py", "tests/stripe/test_gate.py"
    nearest = Nearest(
        {
            f"{beside}::test_far": seen(0.1, 40),
            f"{here}::test_dear": seen(2.0, 40),
            f"{here}::test_cheap": seen(0.5, 40),
            f"{here}::test_other": seen(0.1, 70),
        }
    )
    mutant = Mutant("connector/core/api/pace.py", 0, 41, "Pace.turn", 40, "1", "2")
    ((names, seconds),) = nearest.rounds(mutant)
    assert names == [f"{here}::test_cheap", f"{here}::test_dear", f"{beside}::test_far"]
    assert seconds == pytest.approx(2.6)
    assert nearest.rounds(Mutant("connector/core/api/retry.py", 0, 9, "wait_before", 8, "1", "2")) == []
    ((of_module, _),) = nearest.rounds(Mutant("connector/core/api/pace.py", 0, 3, "", 0, "1", "2"))
    assert len(of_module) == 4


def test_whatever_passes_with_nothing_changed_may_notice_even_if_it_only_looks_at_a_constant(tmp_path):
    here = "tests/core/api/test_pace.py"
    failing = seen(0.1, 40) | {"passed": False}
    kept = {f"{here}::test_calls": seen(0.1, 40), f"{here}::test_looks": seen(0.1), f"{here}::test_fails": failing}
    survey = tmp_path / "survey.json"
    survey.write_text(json.dumps(kept))
    found = measure.surveyed(SimpleNamespace(survey=survey))
    assert list(found) == [f"{here}::test_calls", f"{here}::test_looks"]
    ((names, _),) = Nearest(found).rounds(Mutant("connector/core/api/pace.py", 0, 41, "GUARD", 0, "1", "2"))
    assert len(names) == 2


def test_what_is_dear_comes_in_a_later_round():
    here = "tests/core/api/test_pace.py"
    nearest = Nearest({f"{here}::test_{n}": seen(3.0, 40) for n in range(3)})
    rounds = nearest.rounds(Mutant("connector/core/api/pace.py", 0, 41, "Pace.turn", 40, "1", "2"))
    assert [len(names) for names, _ in rounds] == [1, 2]


def test_what_is_said_to_change_nothing_is_there_and_says_why():
    there = {measure.key_of(one) for area in measure.AREAS for one in measure.mutants_in(area)}
    listed = [(one["path"], one["scope"], one["change"]) for one in measure.unchanged()]
    assert [key for key in listed if key not in there] == []
    assert len(set(listed)) == len(listed)
    assert all(len(one["reason"]) > 20 for one in measure.unchanged())
