"""What a public call or value shows can be imported from `connector`, under its own name."""

from __future__ import annotations

import ast
import inspect
from importlib import resources

import connector
from tests.support.annotations import everything_shown, names_of


def test_whatever_a_public_name_shows_can_be_imported_from_connector():
    shown = everything_shown(connector.__all__, "connector")
    missing = {name: by for name, by in shown.items() if name not in {*connector.__all__, "Callable", "dict", "set"}}
    assert not missing
    assert len(shown) > 60  # it walked


def test_names_for_type_checkers_are_those_loaded_on_use():
    tree = ast.parse(inspect.getsource(connector))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    named = {alias.name: line.module for line in block.body for alias in line.names if line.module != "connector"}
    assert named == connector._HOME_OF
    assert sorted(named) == connector.__all__


def test_the_package_says_that_it_is_typed():
    assert resources.files("connector").joinpath("py.typed").is_file()


def test_the_walk_sees_imports_that_only_type_checkers_make():
    assert names_of("connector.config.moments")["Time"] == connector.Time
