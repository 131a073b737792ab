"""`completion`: what a shell completes the command line with, made from its parser."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from connector.cli.options.commands import COMMANDS
from connector.cli.options.parser import parser_for
from connector.core.extras import how_to_install
from connector.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from connector.cli.display.console import Console
    from connector.cli.options.arguments import Parser

FOLDER, FILE = "DEST", "FILE"
"""What help calls a lake, and a file: a shell offers the folders and the files there are."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the script for a shell, and return the exit status."""
    try:
        shtab = import_module("shtab")
    except ModuleNotFoundError as error:
        raise ConfigError(f"completion is made by shtab: {how_to_install('completion')}") from error
    parser = parser_for(COMMANDS.keys())
    for name, action in _with_paths(parser):
        vars(action)["complete"] = shtab.FILE if name == FILE else shtab.DIRECTORY
    script = shtab.complete(parser, shell=args.shell)
    if console.json:
        console.document({"shell": args.shell, "script": script})
    else:
        console.data(f"{script.rstrip()}\n".encode())
    return 0


def _with_paths(parser: Parser) -> Iterator[tuple[str, argparse.Action]]:
    """Yield what takes a path, with what help calls it."""
    for command in parser.commands.values():
        for action in command.takes():
            if isinstance(action.metavar, str) and action.metavar in {FOLDER, FILE}:
                yield action.metavar, action
