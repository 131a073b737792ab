"""The command line: `stripe-balance COMMAND …`.

What a command does is a module of `connector.cli.commands`, loaded when the command is carried out, so that help costs
next to nothing. Data goes to stdout, everything meant for people to stderr.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from connector.cli.display.console import PIPE_CLOSED, Console, forget_the_broken
from connector.cli.options.arguments import refuse_keys
from connector.cli.options.parser import parser_for
from connector.cli.process.process_setup import leave, own_the_process
from connector.cli.settings.kept import DESTINATION, SETTINGS
from connector.errors import StoppedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after the program's name; those of the process by default.

    Returns:
        The exit status; see `connector.cli.options.parser`.
    """
    if argv is None:
        own_the_process()
    words = sys.argv[1:] if argv is None else list(argv)
    console = Console.for_words(words)
    try:
        try:
            status = _run(words, console)
            console.flush()
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost frame: one line and a status
            status = console.fail(error)
            if argv is None and isinstance(error, StoppedError) and error.let_go:
                leave(status)
    except BrokenPipeError:
        forget_the_broken()
        return PIPE_CLOSED
    return status


def _run(words: list[str], console: Console) -> int:
    refuse_keys(words)
    words = _as_options(words)
    parser = parser_for([next((word for word in words if not word.startswith("-")), None)])
    defaults = parser.chosen.without_defaults({DESTINATION, *SETTINGS})
    try:
        args = parser.parse_args(words)
    except SystemExit as done:  # how argparse ends after --help and --version
        return done.code if isinstance(done.code, int) else 0
    if args.command is None:
        parser.print_help(sys.stderr)
        raise UsageError("no command given; begin with `stripe-balance demo`")
    console.configure(args)
    from connector.cli.settings.take import take_settings  # noqa: PLC0415 - help needs it not

    take_settings(args, defaults, parser.chosen, console)
    from connector.cli.process.dispatch import carried_out  # noqa: PLC0415 - as above

    return carried_out(args, console)


def _as_options(words: list[str]) -> list[str]:
    """Return `help`, `help sync` and `version` as the options that people mean by them."""
    if words[:1] == ["help"]:
        return [*words[1:], "--help"]
    return ["--version"] if words == ["version"] else words
