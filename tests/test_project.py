"""What holds for the project as a whole: its locks, its layers' list, and what it must not carry."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import connector
from tests.support.examples import LONGEST, PART, part_of

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = tuple(
    f"requirements{use}.lock" for use in ("", "-run", "-readers", "-integrations", "-airflow", "-airflow2", "-docs")
)
TOP_LEVEL = (
    ".ci", ".github", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "connector", "docs", "pyproject.toml", *LOCKS,
    "schemas", "tests",
)  # fmt: skip


def locked(lock):
    """Return the version of every distribution that a lock names."""
    pins = re.findall(r"^([a-zA-Z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


PICTURES = {".png"}


def texts():
    """Yield every text file of the project with its lines."""
    for name in TOP_LEVEL:
        start = ROOT / name
        for file in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if "node_modules" in file.parts:  # axe-core, which is installed there and is none of ours
                continue
            if file.is_file() and "__pycache__" not in file.parts and file.suffix not in PICTURES:
                yield file.relative_to(ROOT), file.read_text("utf-8").splitlines()


def lines_with(pattern):
    return [f"{file}:{number}" for file, lines in texts() for number, line in enumerate(lines, 1) if pattern(line)]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements-run.lock", PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]),
        ("requirements.lock", PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]),
        ("requirements.lock", PYPROJECT["project"]["optional-dependencies"]["dev"]),
        ("requirements-readers.lock", PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]),
        ("requirements-readers.lock", PYPROJECT["project"]["optional-dependencies"]["readers"]),
        ("requirements-airflow.lock", PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]),
        ("requirements-airflow.lock", PYPROJECT["project"]["optional-dependencies"]["live"]),
        ("requirements-airflow2.lock", PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]),
        ("requirements-airflow2.lock", PYPROJECT["project"]["optional-dependencies"]["live"]),
        ("requirements-integrations.lock", PYPROJECT["project"]["optional-dependencies"]["integrations"]),
        ("requirements-docs.lock", PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]),
        ("requirements-docs.lock", PYPROJECT["project"]["optional-dependencies"]["docs"]),
    ],
)
def test_a_lock_satisfies_what_pyproject_asks_for(lock, wanted):
    pins = locked(lock)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_what_runs_is_locked_as_what_is_tested():
    assert locked("requirements-run.lock").items() <= locked("requirements.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_every_pin_and_no_address(lock):
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_the_changelog_knows_this_version():
    assert f"\n## [{connector.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_sandbox_is_kept_from_every_other_module():
    contract = next(
        one
        for one in PYPROJECT["tool"]["importlinter"]["contracts"]
        if one["name"] == "the sandbox uses nothing of the client"
    )
    package = ROOT / "connector"
    modules = {file.stem for file in package.glob("*.py")} | {
        file.parent.name for file in package.glob("*/__init__.py")
    }
    assert set(contract["forbidden_modules"]) == {f"connector.{name}" for name in modules - {"__init__", "sandbox"}}


def test_make_says_what_it_can_do():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607 - from PATH
    assert {"make demo", "make test", "make test-all", "make mutants", "make check", "make readers", "make bench"} <= {
        line.split("\t")[0].strip() for line in said.splitlines()
    }


def test_the_files_that_tests_begin_with_are_there():
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []


def test_of_each_test_some_cases_are_tried_on_another_python_and_each_case_on_one_of_three():
    cases = ["a.py::one", "a.py::two[x]", "a.py::two[y]", *(f"b.py::C::many[{number}[]" for number in range(8))]
    parts = [part_of(cases, python) for python in range(12, 12 + PART)]
    assert set.union(*parts) == set(cases)
    for part in parts:
        assert set(cases[:3]) <= part
        assert 2 <= len(part) - 3 <= 3


def test_nothing_names_the_machine_it_was_made_on():
    places = [f"{place}/" for place in (ROOT, Path.home()) if len(place.parts) > 1]
    assert not lines_with(lambda line: any(place in line for place in places))


def test_nothing_names_a_registry():
    assert not lines_with(re.compile(r"://[^ /]*(?:pypi|pythonhosted|npmjs|debian)").search)


def test_nothing_looks_like_a_live_key():
    assert not lines_with(re.compile(r"[rs]k_live_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}").search)


def test_every_silenced_check_says_why():
    silenced = re.compile(
        r"# noqa(?!: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)*\b.* - \S)|# type: ignore(?!\[)|# pyright: ignore(?!\[)"
    )
    assert not [place for place in lines_with(silenced.search) if not place.startswith("tests/test_project.py")]


def replaced_names_of_ours():
    """Each place of the tests that replaces something of the package, by name or in what is imported from it."""
    for file in sorted((ROOT / "tests").rglob("*.py")):
        text = file.read_text("utf-8")
        if "setattr" not in text and "mock" not in text:  # most of them: not worth being parsed
            continue
        tree = ast.parse(text)
        imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
        ours = {
            name.asname or name.name
            for one in imports
            if (one.module or "").startswith("connector")
            for name in one.names
        }
        assert "unittest.mock" not in {one.module for one in imports}, file
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "setattr":
                owner = call.args[0]
                named = isinstance(owner, ast.Constant) and str(owner.value).startswith("connector.")
                if named or (isinstance(owner, ast.Name) and owner.id in ours):
                    yield f"{file.relative_to(ROOT)}:{call.lineno}"


def test_tests_hand_in_what_they_replace_but_for_six_places_that_have_no_seam():
    found = list(replaced_names_of_ours())
    assert len(found) <= 6, found
