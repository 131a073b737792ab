"""From the tables of options to the command line, and from the command line to a call's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.cli.options import words
from connector.options.option import Option, flag_of, table_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from connector.options.option import Reads

READERS: dict[Reads, Callable[[str], object]] = {
    "text": str,
    "count": words.count,
    "positive": words.positive,
    "percent": words.percent,
    "rate": words.rate,
    "since": words.since,
    "until": words.until,
    "account": words.account,
    "name": words.account_name,
    "sample": words.sample,
    "code": words.code,
    "path": str,
}
"""What reads a value's text, by the table's word for it."""


def add(parser: argparse._ActionsContainer, options: type, *names: str) -> None:  # pyright: ignore[reportPrivateUsage] - parsers and groups have no other name in common
    """Add options of a table to a parser or a group of it: those named, all that the command line has by default."""
    table = table_of(options)
    for name in names or table:
        if (flag := flag_of(name, table[name])) is not None:
            parser.add_argument(flag, dest=name, help=table[name].help, **_form(table[name]))


def _form(option: Option) -> dict[str, Any]:
    if option.reads == "flag":
        return {"action": "store_true"}
    form: dict[str, Any] = {"type": READERS[option.reads], "default": option.default}
    if option.choices:
        form["choices"] = option.choices
    else:
        form["metavar"] = option.metavar
    if option.many:
        form |= {"action": "append", "default": list(option.default or ())}
    return form


def given(args: argparse.Namespace, options: type) -> dict[str, Any]:
    """Return what the command line says of a table's options, as arguments of the call that takes them."""
    return {name: getattr(args, name) for name in table_of(options) if hasattr(args, name)}
