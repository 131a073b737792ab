"""What type checkers are told: no module of the package goes unchecked, and what is declared of pyarrow is there."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
OF_TABLES = ("delta.py", "iceberg.py", "iceberg_catalog.py", "iceberg_commit.py", "iceberg_files.py")
EXTRAS = {ROOT / "connector" / "lake" / "catalogs" / name for name in OF_TABLES}
"""Modules that know a package that need not be there when types are checked."""

WITH_OR_WITHOUT = "reportUnnecessaryTypeIgnoreComment=false"
"""Of a module in which a package that may be there or not decides what is known of another's types."""

STUBS = sorted((ROOT / "tests" / "typings" / "pyarrow").glob("*.pyi"))


def test_every_module_of_the_package_is_held_to_every_rule_and_a_line_that_is_not_says_why_or_which():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pyright"]
    off = [name for name, value in settings.items() if name.startswith("report") and value is not True]
    assert off == ["reportMissingTypeStubs", "reportMissingModuleSource"]  # what comes of such a package is seen
    for file in set((ROOT / "connector").rglob("*.py")) - EXTRAS:
        comments = re.findall(r"# (?:pyright|type): ?(.*)", file.read_text("utf-8"))
        assert all(re.match(rf"ignore\[\w+|{WITH_OR_WITHOUT}$", comment) for comment in comments), file


def declared() -> dict[str, list[tuple[str, ast.AST]]]:
    """Each name that the stubs declare, by module: its path there, with the statement."""
    found: dict[str, list[tuple[str, ast.AST]]] = {}
    for stub in STUBS:
        module = ".".join(stub.relative_to(ROOT / "tests" / "typings").with_suffix("").parts).removesuffix(".__init__")
        body = [one for one in ast.parse(stub.read_text("utf-8")).body if not getattr(one, "name", "").startswith("_")]
        classes = [one for one in body if isinstance(one, ast.ClassDef)]
        found[module] = [
            *(
                (one.target.id, one)
                for one in body
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            ),
            *((one.name, one) for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef)),
            *((f"{one.name}.{m.name}", m) for one in classes for m in one.body if isinstance(m, ast.FunctionDef)),
        ]
    return found


@pytest.mark.parametrize("module", declared())
def test_what_is_declared_of_pyarrow_is_there_and_takes_the_arguments_that_are_named(module):
    for path, one in declared()[module]:
        if path.endswith(".__buffer__"):
            continue  # Python shows it since 3.12
        there = import_module(module)
        for name in path.split("."):
            there = member(there, name)
        if isinstance(one, ast.FunctionDef) and not one.name.endswith("__") and callable(there):
            known = parameters(there)
            named = {arg.arg for arg in [*one.args.args, *one.args.kwonlyargs]} - {"self"}
            assert known is None or named <= known, f"{module}.{path}"


def member(owner: object, name: str) -> object:
    """A member of a module or a class, or of a class below it: those of lists and structs stand with their base."""
    kinds = owner.__subclasses__() if isinstance(owner, type) else []
    return next(getattr(one, name) for one in [owner, *kinds] if hasattr(one, name))


def parameters(call: Callable[..., object]) -> set[str] | None:
    """The parameters of a call, None where it does not say them all."""
    try:
        found = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return None
    return None if any(one.kind is one.VAR_KEYWORD for one in found.values()) else set(found)
