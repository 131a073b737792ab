"""One option, as an entry of a table in this package has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Reads = Literal[
    "flag",
    "text",
    "count",
    "positive",
    "percent",
    "rate",
    "seconds",
    "since",
    "until",
    "account",
    "name",
    "sample",
    "code",
    "path",
]
"""How the command line reads a word: `flag` takes none; see `connector.cli.options.arguments`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What there is to know of an option besides its name and type, which a table has.

    Attributes:
        says: what it does, for those who call.
        default: what counts where it is not given.
        help: what the command line's help says; empty for an option that only calls have.
        flag: its word on the command line, where that is not its name with dashes.
        reads: how the command line reads its value.
        metavar: what help calls its value.
        choices: the values there are, on the command line.
        many: whether it may be repeated there, each time with one value.
        in_file: which commands take it from the settings file: those that bring data into a `lake`, or `any` that has
            it; empty where it has no place there.
    """

    says: str
    default: Any = None
    help: str = ""
    flag: str = ""
    reads: Reads = "text"
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    in_file: Literal["", "lake", "any"] = ""


def table_of(options: type) -> dict[str, Option]:
    """Return the options of a table, a `TypedDict`, by name, in the order they are written in."""
    return {name: hint.__metadata__[0] for name, hint in _hints(options).items()}


def types_of(options: type) -> dict[str, str]:
    """Return the types of a table's options as they are written."""
    return {name: hint.__origin__.__forward_arg__ for name, hint in _hints(options).items()}


def flag_of(name: str, option: Option) -> str | None:
    """Return an option's word on the command line, such as `--full-refresh`; None where it has none."""
    return f"--{option.flag or name.replace('_', '-')}" if option.help else None


def _hints(options: type) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", options.__annotations__)
