"""Calls that take the options of a table: their keywords are named one by one, and others are refused."""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, Signature, iscoroutinefunction, signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from connector.config.destination import placed
from connector.core.suggestions import refuse_unknown
from connector.errors import UsageError
from connector.options.connection import Connection
from connector.options.option import Option, table_of, types_of
from connector.options.storage import Storage
from connector.options.value_types import refuse_other_types

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

F = TypeVar("F", bound="Callable[..., Any]")


def takes(options: type) -> Callable[[F], F]:
    """Give a call that ends with `**options` the names, defaults and meanings of a table's options.

    Whoever looks at its signature sees each of them, `help` and task runners included: those pass on only what a
    callable names. A keyword that is none of them, or a value of another type, is a `UsageError` that names it. Storage
    options go with the argument `destination` from here on: the call gets them as one value.
    """
    table = table_of(options)
    types = types_of(options)
    settings = table.keys() & table_of(Storage)

    def dressed(call: F) -> F:
        named = _signature(call, options, table)
        known = frozenset(named.parameters)
        place = list(named.parameters).index("destination") if settings else 0

        @wraps(call)
        def plain(*args: object, **given: object) -> object:
            _refuse(given, known)
            refuse_other_types(given, types)
            args, given = _placed(args, given, settings, place)
            return call(*args, **given)

        @wraps(call)
        async def awaited(*args: object, **given: object) -> object:
            _refuse(given, known)
            refuse_other_types(given, types)
            args, given = _placed(args, given, settings, place)
            return await call(*args, **given)

        dressed_call = awaited if iscoroutinefunction(call) else plain
        vars(dressed_call)["__signature__"] = named  # what `inspect` looks at
        dressed_call.__doc__ = _documented(call.__doc__ or "", table)
        return cast("F", dressed_call)

    return dressed


def _refuse(given: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse keywords that a call does not have; of those that belong in its `config`, it says so.

    Raises:
        UsageError: names all of them.
    """
    in_config = {*table_of(Connection), "rate_per_account"} - set(
        known
    )  # what the twins for ordinary code take besides
    moved = sorted(in_config & given.keys())
    if "config" in known and moved:
        words = ", ".join(f"{'retry' if name == 'retries' else name}=…" for name in moved)
        raise UsageError(f"{' and '.join(moved)}: say it in `config`, as connector.Config.from_env({words})")
    refuse_unknown(given, known)


def _placed(
    args: tuple[Any, ...], given: dict[str, Any], settings: Collection[str], place: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments whose destination, in its place among them, has the storage options."""
    if not settings:
        return args, given
    chosen = {name: value for name, value in given.items() if name in settings}
    others = {name: value for name, value in given.items() if name not in settings}
    if len(args) > place:
        return (*args[:place], placed(args[place], **chosen), *args[place + 1 :]), others
    if "destination" in others:
        others["destination"] = placed(others["destination"], **chosen)
    return args, others


def _signature(call: Callable[..., Any], options: type, table: Mapping[str, Option]) -> Signature:
    written = signature(call)
    own = [parameter for parameter in written.parameters.values() if parameter.kind is not Parameter.VAR_KEYWORD]
    types = types_of(options)
    listed = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=option.default, annotation=types[name])
        for name, option in table.items()
    ]
    return written.replace(parameters=[*own, *listed])


def _documented(text: str, table: Mapping[str, Option]) -> str:
    lines = "\n".join(f"        {name}: {option.says}." for name, option in table.items())
    return f"{text.rstrip()}\n\n    Options:\n{lines}\n"
