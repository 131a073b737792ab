"""Operators that take the options of a call, each by name, as the call itself does. Needs no Airflow."""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeVar

from connector.options.option import Option, table_of, types_of

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

NOT_TAKEN = frozenset(
    {
        *("api_key_file", "api_base", "api_version", "context", "max_in_flight"),
        *("canceller", "retries", "storage_options", "metrics"),
    }
)
"""Options that operators do not take: the connection says whom to ask, and `retries` are the task's own. Keys of a
bucket come from the environment or `storage_options_file`: Airflow shows what a task was told. It tells itself how
tasks end."""


def options_of(options: type) -> dict[str, Option]:
    """Return the options of a call's table that an operator takes, by name."""
    return {name: option for name, option in table_of(options).items() if name not in NOT_TAKEN}


def takes_options(options: type) -> Callable[[F], F]:
    """Give an operator's `__init__` that ends with `**given` the names and defaults of a call's options.

    Airflow looks at the signature: `default_args`, `partial` and `expand` know what is named there and nothing else.
    """
    table, types = options_of(options), types_of(options)

    def dressed(init: F) -> F:
        @wraps(init)
        def begun(self: object, **given: Any) -> None:  # noqa: ANN401 - as the operator has them
            init(self, **given)

        written = signature(init)
        own = [parameter for parameter in written.parameters.values() if parameter.kind is not Parameter.VAR_KEYWORD]
        rest = [parameter for parameter in written.parameters.values() if parameter.kind is Parameter.VAR_KEYWORD]
        named = {parameter.name for parameter in own}
        listed = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=option.default, annotation=types[name])
            for name, option in table.items()
            if name not in named
        ]
        vars(begun)["__signature__"] = written.replace(parameters=[*own, *listed, *rest])
        said = "\n".join(f"        {name}: {option.says}." for name, option in table.items() if name not in named)
        begun.__doc__ = f"{(init.__doc__ or '').rstrip()}\n\n    Options:\n{said}\n"
        return begun  # pyright: ignore[reportReturnType] - of the same arguments

    return dressed
