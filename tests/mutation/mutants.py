"""Single-point changes of a module: each is a defect somebody could have written, and a test should notice.

A mutant changes one comparison, operator, number, truth value, condition or return value. What a reader of the program
cannot meet is left alone: annotations, decorators, base classes, messages, assertions, and what is only for type
checkers.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
LEFT_ALONE = {"annotation", "returns", "decorator_list", "bases", "keywords_of_class", "keywords_of_zip", "type_params"}
SHAPE = {"init", "repr", "compare", "hash", "kw_only", "covariant", "contravariant"}
"""What `field(…)` of a dataclass says of its shape, as a decorator does, and `TypeVar(…)` to type checkers."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes:
        path: the module's file, from the project's folder.
        number: position among the mutants of the module, from 0.
        line: where the changed expression begins, from 1.
        scope: qualified name of the function around it, or of the constant or field whose value it is in.
        begins: first line of the function around it, as its code object has it; 0 outside of functions.
        before: the expression as it is written.
        after: the expression as it is changed.
    """

    path: str
    number: int
    line: int
    scope: str
    begins: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.scope or 'at the top'}: {self.before}  →  {self.after}"

    @property
    def share_changed(self) -> float:
        """Of a number that becomes another: by which share of it; infinite for anything else."""
        try:
            before, after = float(self.before), float(self.after)
        except ValueError:
            return inf
        return abs(after - before) / abs(before) if before else inf


@dataclass(frozen=True)
class Site:
    """A place that may be changed, and how.

    Attributes:
        node: what is replaced.
        new: what it is replaced by.
        scope: qualified name of what is around it.
        begins: first line of the function around it, or 0.
    """

    node: ast.AST
    new: ast.AST
    scope: str
    begins: int


def mutants_of(source: str, path: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its text."""
    return [
        Mutant(path, number, _line(site.node), site.scope, site.begins, _text(site.node), _text(site.new))
        for number, site in enumerate(_sites(ast.parse(source), "", 0))
    ]


def mutated(source: str, number: int) -> ast.Module:
    """A module's tree with the change of that number carried out."""
    tree = ast.parse(source)
    site = list(_sites(tree, "", 0))[number]
    return ast.fix_missing_locations(_Replacing(site).visit(tree))


class _Replacing(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def visit(self, node: ast.AST) -> Any:
        if node is self._site.node:
            return ast.copy_location(self._site.new, node)
        return super().visit(node)


def _sites(node: ast.AST, scope: str, begins: int) -> Iterator[Site]:
    """Walk a tree in the order of its text, but for what is left alone."""
    for new in _changes(node):
        yield Site(node, new, scope, begins)
    inner, first = _scope_of(node, scope, begins)
    for field, child in _children(node):
        if field not in LEFT_ALONE and not _is_left_alone(child, within=scope):
            yield from _sites(child, inner, first)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for field, value in ast.iter_fields(node):
        name = f"keywords_of_{_kind_of(node)}" if field == "keywords" else field
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield name, child


def _kind_of(node: ast.AST) -> str:
    """Say what has keywords: a `class`, `zip`, whose `strict` is an assertion, or any other `call`."""
    if isinstance(node, ast.ClassDef):
        return "class"
    return "zip" if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip" else "call"


def _scope_of(node: ast.AST, scope: str, begins: int) -> tuple[str, int]:
    if isinstance(node, ast.Assign | ast.AnnAssign) and not begins:
        return f"{scope}.{_assigned(node)}".lstrip("."), begins
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return scope, begins
    inner = f"{scope}.{node.name}".lstrip(".")
    if isinstance(node, ast.ClassDef):
        return inner, begins
    return inner, min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _assigned(node: ast.Assign | ast.AnnAssign) -> str:
    """Return what is assigned to: one name, or several with commas."""
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target).strip("()").replace(" ", "")


def _is_left_alone(node: ast.AST, *, within: str) -> bool:
    """Say whether nothing in a node is worth a change: messages, shapes, and what only type checkers read."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
        return True
    if isinstance(node, ast.keyword):
        return node.arg in SHAPE and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr)
    return alias and not within


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield ast.BinOp(node.left, OPERATORS[type(op)](), node.right)
        case ast.AugAssign(op=op) if type(op) in OPERATORS:
            yield ast.AugAssign(node.target, OPERATORS[type(op)](), node.value)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=bool() | int() | float() as value):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield ast.Return(ast.Constant(None))
        case ast.If() | ast.IfExp() | ast.While() if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield _negated(node)


def _is_nothing(value: ast.expr) -> bool:
    """Say whether None in its place would tell nobody anything new; that False becomes True is a change of its own."""
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for place, op in enumerate(node.ops):
        changed = [*node.ops[:place], COMPARISONS[type(op)](), *node.ops[place + 1 :]]
        yield ast.Compare(node.left, changed, node.comparators)


def _negated(node: ast.If | ast.IfExp | ast.While) -> ast.AST:
    return type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _text(node: ast.AST) -> str:
    """The first line of an expression; of a block, what it begins with."""
    return ast.unparse(ast.fix_missing_locations(ast.copy_location(node, node))).splitlines()[0]
