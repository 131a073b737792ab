"""Annotations of public things, evaluated, imports for type checkers included."""

from __future__ import annotations

import ast
import inspect
import sys
import typing
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from types import UnionType

CALLED = ("__aiter__", "__anext__", "__iter__", "__aenter__", "__call__")
"""Methods that their users call without naming them."""


@cache
def names_of(module_name: str) -> dict[str, object]:
    """What a module's annotations may name: what it holds, and what it imports for type checkers alone."""
    module = import_module(module_name)
    names = dict(vars(module))
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for line in node.body:
                if isinstance(line, ast.ImportFrom) and not str(line.module).startswith("_typeshed"):
                    home = import_module(str(line.module))
                    for alias in line.names:
                        value = getattr(home, alias.name, None) or names_of(str(line.module)).get(alias.name)
                        names.setdefault(alias.asname or alias.name, value)
                elif isinstance(line, ast.Import):
                    for alias in line.names:
                        names.setdefault(alias.asname or alias.name.partition(".")[0], import_module(alias.name))
                elif isinstance(line, ast.Assign):
                    exec(compile(ast.Module([line], []), module_name, "exec"), names)  # noqa: S102 - our own source
    return names


def hints_of(thing: object) -> dict[str, object]:
    """The annotations of a function, or of a class's own body, evaluated."""
    names, own = names_of(thing.__module__), inspect.get_annotations(thing)
    return {name: eval(value, names) if isinstance(value, str) else value for name, value in own.items()}  # noqa: S307 - our own source


def types_in(annotation: object) -> set[object]:
    """Every class and `NewType` that an evaluated annotation is made of."""
    if isinstance(annotation, type | typing.NewType) and not typing.get_args(annotation):
        return {annotation}
    origin = typing.get_origin(annotation)
    found: set[object] = {origin} if isinstance(origin, type) and origin is not UnionType else set()
    for argument in typing.get_args(annotation):
        for one in argument if isinstance(argument, list) else [argument]:
            found |= types_in(one)
    return found


def shown_by(thing: object) -> set[object]:
    """The types that a public function, or the public attributes and methods of a class, show to whoever uses it."""
    if isinstance(thing, typing.NewType) or not callable(thing) or typing.get_args(thing):
        return types_in(thing) - {thing}
    if not isinstance(thing, type):
        return set().union(*(types_in(hint) for hint in hints_of(thing).values()))
    found: set[object] = {base for base in thing.__mro__[1:-1] if base.__module__.startswith("connector")}
    for name, hint in hints_of(thing).items():
        if not name.startswith("_"):
            found |= types_in(hint)
    for name, value in vars(thing).items():
        made = isinstance(value, classmethod | staticmethod)
        function = value.fget if isinstance(value, property) else value.__func__ if made else value
        public = not name.startswith("_") or name in CALLED or (name == "__init__" and not is_dataclass(thing))
        if public and inspect.isfunction(inspect.unwrap(function)) and function.__module__ == thing.__module__:
            found |= set().union(*(types_in(hint) for hint in hints_of(inspect.unwrap(function)).values()))
    return found


def everything_shown(names: list[str], package: str) -> dict[str, str]:
    """Every type of a package that its public names show, directly or through others, and by what it is shown."""
    front: list[tuple[object, str]] = [(getattr(sys.modules[package], name), name) for name in names]
    seen: dict[object, str] = dict(front)
    while front:
        thing, by = front.pop()
        for one in shown_by(thing) - seen.keys():
            if one.__module__.partition(".")[0] == package:
                seen[one] = by
                front.append((one, f"{by} → {one.__name__}"))
    return {one.__name__: by for one, by in seen.items() if hasattr(one, "__name__")}
